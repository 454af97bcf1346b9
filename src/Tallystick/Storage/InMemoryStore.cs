using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage.InMemory;
using Tallystick.Tenancy;

namespace Tallystick.Storage;

/// <summary>
/// A store that keeps everything in memory, for tests and simulations: the whole meaning of <see cref="IStore"/> and nothing durable.
/// </summary>
/// <remarks>
/// It has no thread, no timer and no queue: an operation is done, under one lock, when its method returns; only the waits complete
/// later, by a signal. Given the same calls, clock and <see cref="Entropy"/>, it gives the same bytes again.
/// </remarks>
/// <param name="options">Limits, clock and entropy; null: the defaults.</param>
public sealed partial class InMemoryStore(StoreOptions? options = null) : IStore
{
    private readonly StoreOptions _options = options ?? new StoreOptions();
    private readonly Lock _lock = new();
    private readonly Dictionary<TenantId, InMemoryTenant> _tenants = [];
    private readonly PositionSignals _signals = new();
    private bool _disposed;

    /// <inheritdoc/>
    public StoreLimits Limits => _options.Limits;

    /// <inheritdoc/>
    public bool IsShared => false;

    /// <inheritdoc/>
    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) =>
        Complete(() => Write(commit, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<RememberedCommit?> FindCommitAsync(TenantId tenant, string idempotencyKey, CancellationToken cancellationToken) =>
        Read(
            tenant,
            state =>
            {
                ReadChecks.Name(idempotencyKey, "idempotency key");
                return state.FindCommit(idempotencyKey);
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<LogHead> ReadHeadAsync(TenantId tenant, CancellationToken cancellationToken) =>
        Read(tenant, static state => state.Log.Head(), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StreamVersion> ReadStreamVersionAsync(TenantId tenant, StreamId stream, CancellationToken cancellationToken) =>
        Read(
            tenant,
            state =>
            {
                ReadChecks.Stream(stream);
                return state.Log.VersionOf(stream);
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<RecordedEvent>> ReadStreamAsync(TenantId tenant, StreamRead read, CancellationToken cancellationToken) =>
        Read(
            tenant,
            state =>
            {
                ReadChecks.Stream(read.Stream);
                Limits.CheckPage(read.Count);
                return state.Log.Read(read, Limits);
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<EventPage> ReadLogAsync(TenantId tenant, LogRead read, CancellationToken cancellationToken) =>
        Read(
            tenant,
            state =>
            {
                Limits.CheckPage(read.Count);
                return state.Log.Read(read, Limits);
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DocumentLookup> FindDocumentsAsync(
        TenantId tenant, string collection, int? generation, ImmutableArray<string> keys, CancellationToken cancellationToken) =>
        Read(
            tenant,
            state =>
            {
                ReadChecks.Lookup(collection, generation, keys, Limits);
                return state.Documents.Find(collection, generation, keys);
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DocumentPage> QueryDocumentsAsync(TenantId tenant, DocumentQuery query, CancellationToken cancellationToken) =>
        Read(
            tenant,
            state =>
            {
                ReadChecks.Query(query, Limits);
                return state.Documents.Query(query);
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<LogPosition?> ReadCheckpointAsync(TenantId tenant, string name, CancellationToken cancellationToken) =>
        Read(
            tenant,
            state =>
            {
                ReadChecks.Name(name, "checkpoint");
                return state.FindCheckpoint(name);
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<LeaseState>> ReadLeasesAsync(TenantId tenant, LeaseRead read, CancellationToken cancellationToken) =>
        Read(
            tenant,
            state =>
            {
                ReadChecks.Leases(read, Limits);
                return state.Leases.Read(read, _options.Time.GetUtcNow().ToUniversalTime());
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask WaitForPositionAsync(TenantId tenant, LogPosition position, CancellationToken cancellationToken) => _signals.WaitAsync(
        tenant, null, position, () => Read(tenant, static state => state.Log.Position, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask WaitForCheckpointAsync(TenantId tenant, string name, LogPosition position, CancellationToken cancellationToken)
    {
        ReadChecks.Name(name, "checkpoint");
        await _signals.WaitAsync(
            tenant, name, position, () => Read(tenant, state => state.FindCheckpoint(name) ?? LogPosition.Start, cancellationToken), cancellationToken);
    }

    /// <summary>Forgets everything and fails those who wait. Afterwards every method throws <see cref="ObjectDisposedException"/>.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _disposed = true;
            _tenants.Clear();
        }

        _signals.Dispose();
        return ValueTask.CompletedTask;
    }

    private CommitResult Write(Commit commit, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var prepared = PreparedCommit.Prepare(commit, Limits, _options.Entropy);
        var now = _options.Time.GetUtcNow().ToUniversalTime();
        CommitResult result;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var state = Find(commit.Tenant);
            result = state.Commit(prepared, Find(TenantId.Platform).Leases, now, Limits);
            if (result is CommitResult.Committed)
                Keep(commit, state, result);
        }

        if (result is CommitResult.Committed { IsReplay: false } committed)
            Signal(commit, committed);
        return result;
    }

    private void Signal(Commit commit, CommitResult.Committed committed)
    {
        _signals.Advance(commit.Tenant, committed.Position);
        foreach (var change in commit.Checkpoints)
        {
            if (change.Position is { } position)
                _signals.Advance(commit.Tenant, change.Name, position);
        }
    }

    private ValueTask<T> Read<T>(TenantId tenant, Func<InMemoryTenant, T> read, CancellationToken cancellationToken) => Complete(
        () =>
        {
            ReadChecks.Tenant(tenant);
            cancellationToken.ThrowIfCancellationRequested();
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                return read(Find(tenant) is { IsErasing: false } state ? state : new InMemoryTenant());
            }
        },
        cancellationToken);

    /// <summary>A tenant that isn't known is read as an empty one and not remembered, so that guessed names cost no memory.</summary>
    private InMemoryTenant Find(TenantId tenant) => _tenants.TryGetValue(tenant, out var state) ? state : new InMemoryTenant();

    /// <summary>Hands a failure over with the task, as stores do that really are asynchronous, so that callers meet no second way.</summary>
    private static ValueTask<T> Complete<T>(Func<T> operation, CancellationToken cancellationToken)
    {
        try
        {
            return ValueTask.FromResult(operation());
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellationToken);
        }
        catch (Exception e)
        {
            return ValueTask.FromException<T>(e);
        }
    }
}
