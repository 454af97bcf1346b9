using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Subscriptions;

/// <summary>
/// Waits for an application's subscriptions. What a subscription appends comes later in the log than the event that it reacts to, so a reader
/// with that event's position waits in two steps: until the subscription has dealt with it, then until the read model has reached what
/// the subscription has appended by then. It runs nothing, and works wherever the subscription runs.
/// </summary>
internal sealed class SubscriptionCatalog(IStore store, EventSerializer serializer, IEnumerable<Subscription> subscriptions, TimeProvider time)
{
    private readonly ImmutableArray<(Subscription Subscription, EventQuery Query)> _subscriptions =
        [.. subscriptions.Select(subscription => (subscription, SubscriptionRunner.QueryOf(subscription, serializer.Types)))];

    /// <summary>Waits until a subscription has dealt with all up to a position; gives the freshness of reads that shall show what it did.</summary>
    /// <exception cref="ReadModelBehindException">It hasn't, before the deadline.</exception>
    /// <exception cref="InvalidOperationException">There is no such subscription.</exception>
    public async ValueTask<ReadFreshness> FollowAsync(
        Type type, TenantId tenant, ReadFreshness freshness, CancellationToken cancellationToken)
    {
        var (subscription, query) = _subscriptions.FirstOrDefault(one => one.Subscription.GetType() == type);
        if (subscription is null)
            throw new InvalidOperationException($"{type} isn't a registered subscription. Register it by AddSubscription.");
        if (freshness.Position == LogPosition.Start)
            return freshness;

        var started = time.GetTimestamp();
        using var deadline = new CancellationTokenSource(freshness.Deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            await store.WaitForPositionAsync(tenant, freshness.Position, either.Token);
            await ReachAsync(subscription.Name, query, tenant, freshness.Position, either.Token);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            var reached = await ReadCheckpointAsync(subscription.Name, tenant, cancellationToken);
            throw new ReadModelBehindException(
                subscription.Name, freshness.Position, reached, "It is a subscription, from whose events the read model is made.");
        }

        var head = await store.ReadHeadAsync(tenant, cancellationToken);
        var remaining = freshness.Deadline - time.GetElapsedTime(started);
        return ReadFreshness.AtLeast(head.Position, remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero);
    }

    /// <summary>No checkpoint is saved for events that don't concern it, so the next one that does is looked for, and waited for.</summary>
    private async ValueTask ReachAsync(
        string name, EventQuery query, TenantId tenant, LogPosition wanted, CancellationToken cancellationToken)
    {
        var examined = LogPosition.Start;
        while (true)
        {
            var reached = await ReadCheckpointAsync(name, tenant, cancellationToken);
            examined = examined < reached ? reached : examined;
            if (examined >= wanted)
                return;
            var page = await store.ReadLogAsync(tenant, new LogRead(examined, 1, query), cancellationToken);
            if (page.Events is [var next, ..])
            {
                if (next.Position > wanted)
                    return;
                await store.WaitForCheckpointAsync(tenant, name, next.Position, cancellationToken);
            }
            else
            {
                examined = page.Through;
            }
        }
    }

    private async ValueTask<LogPosition> ReadCheckpointAsync(string name, TenantId tenant, CancellationToken cancellationToken) =>
        await store.ReadCheckpointAsync(tenant, name, cancellationToken) ?? LogPosition.Start;
}
