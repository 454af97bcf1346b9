using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;

namespace Tallystick.Projections;

/// <summary>
/// The rows of projections over all tenants, for whoever operates the installation: never hand it to code that serves a tenant's own users. Each
/// row says which tenant it came from.
/// </summary>
public sealed class PlatformReadModels
{
    private readonly IStore _store;
    private readonly ReadModelCatalog _catalog;
    private readonly EventSerializer _serializer;
    private readonly Projection[] _projections;
    private readonly TimeProvider _time;

    internal PlatformReadModels(IStore store, EventSerializer serializer, Projection[] projections, TimeProvider time)
    {
        (_store, _serializer, _projections, _time) = (store, serializer, projections, time);
        _catalog = new ReadModelCatalog(store, serializer, projections, time);
    }

    /// <summary>The rows of a type, of all tenants; <see cref="ReadModelQuery{TDocument}.OfTenant"/> narrows them to one.</summary>
    /// <exception cref="InvalidOperationException">No projection over all tenants has such documents.</exception>
    public ReadModels<TDocument> For<TDocument>()
        where TDocument : class => _catalog.For<TDocument>(TenantId.Platform);

    /// <summary>Waits, by signals, until what a projection shows of a tenant has reached a position of that tenant's log.</summary>
    /// <exception cref="ReadModelBehindException">It hasn't, before the deadline.</exception>
    /// <exception cref="InvalidOperationException">The projection isn't registered as one over all tenants.</exception>
    public async ValueTask WaitAsync<TProjection>(TenantId tenant, ReadFreshness freshness, CancellationToken cancellationToken)
        where TProjection : Projection
    {
        var projection = _projections.FirstOrDefault(one => one is TProjection)
            ?? throw new InvalidOperationException($"{typeof(TProjection)} isn't registered by AddPlatformProjection.");
        using var deadline = new CancellationTokenSource(freshness.Deadline, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var bound = new BoundProjection(projection, _serializer);
        var reached = LogPosition.Start;
        try
        {
            await _store.WaitForPositionAsync(tenant, freshness.Position, either.Token);
            while ((reached = await ReachAsync(bound, tenant, freshness.Position, either.Token)) < freshness.Position)
            {
            }
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ReadModelBehindException(projection.Name, freshness.Position, reached, $"It is over all tenants; the position is one of tenant '{tenant}'.");
        }
    }

    /// <summary>Waits for one step towards a position: a swap, or the next event that concerns the projection. Gives how far it is then.</summary>
    private async ValueTask<LogPosition> ReachAsync(BoundProjection projection, TenantId tenant, LogPosition wanted, CancellationToken cancellationToken)
    {
        var states = new RunnerStateStore(_store, TenantId.Platform, RunnerStateStore.Projections, projection.Name);
        var (shared, revision) = await states.ReadAsync(cancellationToken);
        if (!projection.Fits(shared.Active))
        {
            await states.WaitForChangeAsync(revision, cancellationToken);
            return LogPosition.Start;
        }

        var checkpoint = new PlatformGenerations(_store, projection.Name).CheckpointOf(tenant, shared.Active!.Generation);
        var reached = await _store.ReadCheckpointAsync(TenantId.Platform, checkpoint, cancellationToken) ?? LogPosition.Start;
        while (reached < wanted)
        {
            // It saves no checkpoint for events that don't concern it, so the next one that does is looked for.
            var page = await _store.ReadLogAsync(tenant, new LogRead(reached, 1, projection.Query), cancellationToken);
            if (page.Events is [var next, ..] && next.Position <= wanted)
            {
                await WaitForAsync(states, revision, checkpoint, next.Position, cancellationToken);
                return LogPosition.Start;
            }

            reached = page.Events.IsEmpty ? page.Through : wanted;
        }

        return reached;
    }

    /// <summary>A swap retires the checkpoint that is waited for, so either ends the waiting.</summary>
    private async ValueTask WaitForAsync(
        RunnerStateStore states, LogPosition revision, string checkpoint, LogPosition position, CancellationToken cancellationToken)
    {
        using var other = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var saved = _store.WaitForCheckpointAsync(TenantId.Platform, checkpoint, position, other.Token).AsTask().ObserveAsync();
        var swapped = states.WaitForChangeAsync(revision, other.Token).AsTask().ObserveAsync();
        var first = await Task.WhenAny(saved, swapped);
        other.Cancel();
        await first;
    }
}
