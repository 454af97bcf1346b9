using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Commands;

/// <summary>Folds streams into states: from the cache, from a snapshot, or from the beginning.</summary>
internal sealed class StateLoader(IStore store, EventSerializer serializer, StateCache cache, Snapshots snapshots, int pageLength)
{
    private readonly int _pageLength = Math.Min(pageLength, store.Limits.PageLengthMax);

    /// <summary>
    /// The state at the version that the stream has now. That version is read first, so a cached state or a snapshot that is ahead of
    /// the stream (its log was restored) is recognised, and the fold knows where it ends.
    /// </summary>
    public async ValueTask<StreamState<object>> LoadAsync(
        TenantId tenant, StreamId stream, Decider decider, CancellationToken cancellationToken)
    {
        var version = await store.ReadStreamVersionAsync(tenant, stream, cancellationToken);
        var isCached = cache.TryGet(tenant, stream, out var start, out _);
        if (isCached && start.Version > version)
        {
            // Someone has appended since the version was read; or else the log is another one than the state was folded from.
            version = await store.ReadStreamVersionAsync(tenant, stream, cancellationToken);
            if (start.Version > version)
            {
                cache.Remove(tenant, stream);
                isCached = false;
            }
        }

        if (!isCached)
        {
            start = await snapshots.FindAsync(tenant, stream, decider, version, cancellationToken)
                ?? new StreamState<object>(decider.InitialStateObject, StreamVersion.None);
        }

        var state = await FoldAsync(tenant, stream, decider, start, version, DateTimeOffset.MaxValue, cancellationToken);
        if (version > StreamVersion.None)
            cache.Put(tenant, stream, state);
        return state;
    }

    /// <summary>The state at a version or a time, whichever is earlier, folded from the log alone.</summary>
    public ValueTask<StreamState<object>> FoldAsync(
        TenantId tenant, StreamId stream, Decider decider, StreamVersion through, DateTimeOffset until,
        CancellationToken cancellationToken)
    {
        var start = new StreamState<object>(decider.InitialStateObject, StreamVersion.None);
        return FoldAsync(tenant, stream, decider, start, through, until, cancellationToken);
    }

    /// <summary>One page of events, checked to follow a version without a gap.</summary>
    public async ValueTask<ImmutableArray<RecordedEvent>> ReadPageAsync(
        TenantId tenant, StreamId stream, StreamVersion after, StreamVersion through, CancellationToken cancellationToken)
    {
        var count = (int)Math.Min(_pageLength, through.Value - after.Value);
        var page = await store.ReadStreamAsync(tenant, new StreamRead(stream, after.Next(), count), cancellationToken);
        if (page.IsEmpty)
            throw Gap(stream, after, "nothing");
        var expected = after;
        foreach (var recorded in page)
        {
            expected = expected.Next();
            if (recorded.Version != expected)
                throw Gap(stream, StreamVersion.Of(expected.Value - 1), $"version {recorded.Version}");
        }

        return page;
    }

    /// <summary>Folds one event, which also gives the event as an object.</summary>
    public object Evolve(Decider decider, object state, RecordedEvent recorded, out object @event)
    {
        @event = serializer.Deserialize(recorded);
        return decider.EvolveObject(state, @event, recorded);
    }

    private async ValueTask<StreamState<object>> FoldAsync(
        TenantId tenant, StreamId stream, Decider decider, StreamState<object> start, StreamVersion through, DateTimeOffset until,
        CancellationToken cancellationToken)
    {
        var (state, version) = start;
        while (version < through)
        {
            foreach (var recorded in await ReadPageAsync(tenant, stream, version, through, cancellationToken))
            {
                if (recorded.Time > until)
                    return new StreamState<object>(state, version);
                state = Evolve(decider, state, recorded, out _);
                version = recorded.Version;
            }
        }

        return new StreamState<object>(state, version);
    }

    private static TallystickException Gap(StreamId stream, StreamVersion after, string found) =>
        new($"The store gave {found} after version {after} of stream {stream}, although the stream goes on. Verify the log.");
}
