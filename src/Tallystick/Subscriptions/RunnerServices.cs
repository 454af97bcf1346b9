using Microsoft.Extensions.Logging;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Subscriptions;

/// <summary>What all runners of a host share.</summary>
internal sealed record RunnerServices(
    IStore Store, EventSerializer Serializer, SubscriptionOptions Options, BatchGate Gate, IdGenerator Ids, ILogger Logger);
