using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;

namespace Tallystick.Projections;

/// <summary>
/// Holds a read back until its read model is fresh enough. All waiting is by the store's signals, under one deadline, so it also works
/// when the projection runs in another process.
/// </summary>
/// <remarks>
/// A projection saves no checkpoint for events that don't concern it. So a checkpoint below the wanted position says nothing yet: the
/// gate looks for the next event between them that does concern it, and waits for the checkpoint to pass that one, if there is one.
/// </remarks>
internal sealed class ReadModelGate(IStore store, TenantId tenant, BoundProjection projection, FittingGenerations fitting, TimeProvider time)
{
    private readonly RunnerStateStore _states = new(store, tenant, RunnerStateStore.Projections, projection.Name);

    /// <summary>Waits until the wanted position is reached, runs a read, and repeats it if it hit a generation that can't answer it.</summary>
    /// <param name="freshness">What is wanted.</param>
    /// <param name="indexes">The indexes that the read uses; a generation that older code has built may lack them.</param>
    /// <param name="read">Reads, and tells the generation that was read.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<(T Result, LogPosition Reached)> ReadAsync<T>(
        ReadFreshness freshness, IReadOnlyCollection<string> indexes, Func<CancellationToken, ValueTask<(T Result, int Generation)>> read,
        CancellationToken cancellationToken)
    {
        var reached = await ReadCheckpointAsync(cancellationToken);
        if (reached >= freshness.Position)
        {
            // The usual way through: two reads and no timer.
            var (result, generation) = await read(cancellationToken);
            if (generation != 0 && (indexes.Count == 0 || fitting.Contains(tenant, projection.Name, generation)))
                return (result, reached);
        }

        using var deadline = new CancellationTokenSource(freshness.Deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            reached = await ReachAsync(freshness.Position, either.Token);
            return await ReadFittingAsync(reached, indexes, read, either.Token);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw await BehindAsync(freshness.Position, cancellationToken);
        }
    }

    /// <summary>Why a stored document doesn't fit its type.</summary>
    public async ValueTask<TallystickException> UnreadableAsync(string key, Type type, Exception error, CancellationToken cancellationToken)
    {
        var (state, _) = await _states.ReadAsync(cancellationToken);
        var frozen = !projection.Fits(state.Active);
        return new TallystickException(
            $"Document '{key}' of read model '{projection.Name}' doesn't fit {type.Name}: {error.Message} " + (frozen
                ? $"It was written by version {state.Active?.Version}; version {projection.Projection.Version} is still being built. Try again later."
                : "If the type has changed, raise the projection's version."),
            error, isTransient: frozen);
    }

    private async ValueTask<LogPosition> ReadCheckpointAsync(CancellationToken cancellationToken) =>
        await store.ReadCheckpointAsync(tenant, projection.Name, cancellationToken) ?? LogPosition.Start;

    /// <summary>Repeats a read until it hits a generation that has all the indexes that it uses.</summary>
    private async ValueTask<(T Result, LogPosition Reached)> ReadFittingAsync<T>(
        LogPosition reached, IReadOnlyCollection<string> indexes, Func<CancellationToken, ValueTask<(T Result, int Generation)>> read,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            var (state, revision) = await _states.ReadAsync(cancellationToken);
            if (state.Active is null || !indexes.All(state.Active.Indexes.Contains))
            {
                await _states.WaitForChangeAsync(revision, cancellationToken);
                continue;
            }

            // Before the documents, so that these are at least as new.
            var saved = await ReadCheckpointAsync(cancellationToken);
            var (result, generation) = await read(cancellationToken);
            if (generation != state.Active.Generation)
                continue;
            if (projection.Fits(state.Active))
                fitting.Add(tenant, projection.Name, generation);
            return (result, saved > reached ? saved : reached);
        }
    }

    /// <summary>Waits until everything up to a position that concerns the read model is in what readers see.</summary>
    private async ValueTask<LogPosition> ReachAsync(LogPosition wanted, CancellationToken cancellationToken)
    {
        await store.WaitForPositionAsync(tenant, wanted, cancellationToken);
        var examined = LogPosition.Start;
        while (true)
        {
            var (state, revision) = await _states.ReadAsync(cancellationToken);
            var reached = await ReadCheckpointAsync(cancellationToken);
            if (reached >= wanted)
                return reached;
            if (!projection.Fits(state.Active))
            {
                // Nothing is visible yet, or it is frozen where older code left it: only the swap brings it on.
                await _states.WaitForChangeAsync(revision, cancellationToken);
                continue;
            }

            examined = examined < reached ? reached : examined;
            var page = await store.ReadLogAsync(tenant, new LogRead(examined, 1, projection.Query), cancellationToken);
            if (!page.Events.IsEmpty && page.Events[0].Position <= wanted)
                await store.WaitForCheckpointAsync(tenant, projection.Name, page.Events[0].Position, cancellationToken);
            else if (!page.Events.IsEmpty || page.Through >= wanted)
                return wanted;
            else
                examined = page.Through;
        }
    }

    private async ValueTask<ReadModelBehindException> BehindAsync(LogPosition wanted, CancellationToken cancellationToken)
    {
        var (state, _) = await _states.ReadAsync(cancellationToken);
        var head = await store.ReadHeadAsync(tenant, cancellationToken);
        var detail = state switch
        {
            { Stopped: { } stopped } => $"The projection stopped at {stopped.EventType}, position {stopped.Position}: {stopped.Error}",
            _ when wanted > head.Position => $"The log itself ends at {head.Position}: the position isn't one of this tenant's.",
            { Building: { } building } => $"Version {building.Version} is being built and is visible once it is complete.",
            { Active: null } => "It has never been built; does a host run the projection for this tenant?",
            _ => "",
        };
        return new ReadModelBehindException(projection.Name, wanted, await ReadCheckpointAsync(cancellationToken), detail);
    }
}

/// <summary>
/// Which generations are known to have been built by today's code, so that queries needn't look it up each time. A bounded memory; it
/// may forget anything, and what it says never becomes wrong, since a generation is built by one version for ever.
/// </summary>
internal sealed class FittingGenerations
{
    private const int CountMax = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(TenantId Tenant, string Projection), int> _known = [];

    public bool Contains(TenantId tenant, string projection, int generation)
    {
        lock (_lock)
            return _known.TryGetValue((tenant, projection), out var known) && known == generation;
    }

    public void Add(TenantId tenant, string projection, int generation)
    {
        lock (_lock)
        {
            if (_known.Count >= CountMax)
                _known.Clear();
            _known[(tenant, projection)] = generation;
        }
    }
}
