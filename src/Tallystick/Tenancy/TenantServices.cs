using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;

namespace Tallystick.Tenancy;

/// <summary>What a tenant's handle works with; the same for all tenants.</summary>
internal sealed record TenantServices(
    IStore Store, EventSerializer Serializer, IdGenerator Ids, CommandProcessor Commands, ReadModelCatalog ReadModels,
    SubscriptionCatalog Subscriptions);
