using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy.Databases;

namespace Tallystick.Tenancy;

/// <summary>What a tenant's handle works with; the same for all tenants.</summary>
internal sealed record TenantServices(
    IStore Store, EventSerializer Serializer, IdGenerator Ids, CommandProcessor Commands, ReadModelCatalog ReadModels,
    SubscriptionCatalog Subscriptions, StorageLimit Storage);
