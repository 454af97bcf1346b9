using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Commands;

/// <summary>
/// Reads the states of streams, now and in the past. The decider is found by the stream's category; ask for <see cref="object"/> where
/// the state's type isn't known.
/// </summary>
public sealed class StateReader
{
    private readonly IStore _store;
    private readonly Deciders _deciders;
    private readonly StateLoader _loader;

    internal StateReader(IStore store, Deciders deciders, StateLoader loader) => (_store, _deciders, _loader) = (store, deciders, loader);

    /// <summary>
    /// The state at the version that the stream has now, and that version. It comes from the cache or a snapshot, and the events since.
    /// </summary>
    /// <exception cref="InvalidOperationException">No decider has the stream's category, or its state is of another type.</exception>
    public async ValueTask<StreamState<TState>> LoadAsync<TState>(TenantId tenant, StreamId stream, CancellationToken cancellationToken)
        where TState : notnull =>
        Typed<TState>(await _loader.LoadAsync(tenant, stream, DeciderOf<TState>(stream), cancellationToken));

    /// <summary>The state at a version, folded from the log alone. Version 0 gives the initial state.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The stream doesn't have that version yet.</exception>
    /// <exception cref="InvalidOperationException">No decider has the stream's category, or its state is of another type.</exception>
    public async ValueTask<StreamState<TState>> AtAsync<TState>(
        TenantId tenant, StreamId stream, StreamVersion version, CancellationToken cancellationToken)
        where TState : notnull
    {
        var decider = DeciderOf<TState>(stream);
        var last = await _store.ReadStreamVersionAsync(tenant, stream, cancellationToken);
        if (version > last)
            throw new ArgumentOutOfRangeException(nameof(version), version, $"Stream {stream} ends at version {last}.");
        return Typed<TState>(await _loader.FoldAsync(tenant, stream, decider, version, DateTimeOffset.MaxValue, cancellationToken));
    }

    /// <summary>
    /// The state at a time: the events stored at it or before, folded from the log alone. (Within a tenant the stored time never goes
    /// back, so these are always the stream's first events.)
    /// </summary>
    /// <exception cref="InvalidOperationException">No decider has the stream's category, or its state is of another type.</exception>
    public async ValueTask<StreamState<TState>> AtAsync<TState>(
        TenantId tenant, StreamId stream, DateTimeOffset at, CancellationToken cancellationToken)
        where TState : notnull
    {
        var decider = DeciderOf<TState>(stream);
        var last = await _store.ReadStreamVersionAsync(tenant, stream, cancellationToken);
        return Typed<TState>(await _loader.FoldAsync(tenant, stream, decider, last, at, cancellationToken));
    }

    /// <summary>
    /// Some of a stream's events, each with the state before and after it. The events before the first one are read and folded too, so
    /// a late page of a long stream costs as much as all pages up to it.
    /// </summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="from">The first version to give; 0 and 1 both begin at the first event.</param>
    /// <param name="count">
    /// The most events to give; at least 1, at most <see cref="StoreLimits.PageLengthMax"/>. Once they have
    /// <see cref="StoreLimits.PageBytesMax"/> of payload, the page ends with the read that reached it.
    /// </param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is out of range.</exception>
    /// <exception cref="InvalidOperationException">No decider has the stream's category.</exception>
    public async ValueTask<HistoryPage> HistoryAsync(
        TenantId tenant, StreamId stream, StreamVersion from, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _store.Limits.PageLengthMax);
        var decider = _deciders.ForCategory(stream.Category);
        var last = await _store.ReadStreamVersionAsync(tenant, stream, cancellationToken);
        var before = StreamVersion.Of(Math.Max(from.Value, 1) - 1);
        if (before >= last)
            return new HistoryPage([], null);

        var through = last.Value - before.Value > count ? StreamVersion.Of(before.Value + count) : last;
        var (state, version) = await _loader.FoldAsync(tenant, stream, decider, before, DateTimeOffset.MaxValue, cancellationToken);
        var entries = ImmutableArray.CreateBuilder<HistoryEntry>();
        long bytes = 0;
        while (version < through && bytes < _store.Limits.PageBytesMax)
        {
            foreach (var recorded in await _loader.ReadPageAsync(tenant, stream, version, through, cancellationToken))
            {
                var after = _loader.Evolve(decider, state, recorded, out var @event);
                entries.Add(new HistoryEntry(recorded, @event, state, after));
                (state, version) = (after, recorded.Version);
                bytes += recorded.Payload.Length;
            }
        }

        return new HistoryPage(entries.DrainToImmutable(), version < last ? version.Next() : null);
    }

    private Decider DeciderOf<TState>(StreamId stream)
    {
        var decider = _deciders.ForCategory(stream.Category);
        return typeof(TState).IsAssignableFrom(decider.StateType) ? decider : throw new InvalidOperationException(
            $"The state of stream {stream} is a {decider.StateType}, not a {typeof(TState)}.");
    }

    private static StreamState<TState> Typed<TState>(StreamState<object> state)
        where TState : notnull => new((TState)state.State, state.Version);
}
