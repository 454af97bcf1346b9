using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Probes;

namespace Tallystick.Testing.Stores;

/// <summary>
/// A store around another that counts and keeps its calls, lets a test act before and after each, and goes wrong where it is told to.
/// Without faults it behaves as the store within. Nothing in it is left to chance: the same calls meet the same faults.
/// </summary>
/// <remarks>
/// A call is numbered, then <see cref="Before"/> runs, then the faults that strike it act in the order in which they were injected, then the
/// store within is called, and last <see cref="After"/> runs.
/// </remarks>
/// <param name="inner">The store within; it is closed with this one.</param>
public sealed class FaultyStore(IStore inner) : IStore
{
    private readonly Lock _lock = new();
    private ImmutableArray<InjectedFault> _faults = [];
    private InjectedFault? _death;
    private int _count;

    /// <summary>Runs before each call takes effect; what it throws, the caller gets, and nothing was done.</summary>
    public Func<StoreCall, ValueTask>? Before { get; set; }

    /// <summary>Runs when a call has taken effect; what it throws, the caller gets instead of the answer.</summary>
    public Func<StoreCall, ValueTask>? After { get; set; }

    /// <summary>Every call, in the order of their beginning; to look at and to wait for. Empty if <see cref="KeepsCalls"/> is false.</summary>
    public Probe<StoreCall> Calls { get; } = new("calls of the store");

    /// <summary>Whether <see cref="Calls"/> are kept, commits and all. Default true; false for long runs.</summary>
    public bool KeepsCalls { get; init; } = true;

    /// <summary>How many calls there were.</summary>
    public int CallCount => Volatile.Read(ref _count);

    /// <summary>The commits that were asked for, also those that failed or were refused.</summary>
    public ImmutableArray<Commit> Commits => [.. Calls.Seen.Select(call => call.Commit).OfType<Commit>()];

    /// <summary>Whether a fault let it die.</summary>
    public bool IsDead => Volatile.Read(ref _death) is { IsRemoved: false };

    /// <inheritdoc/>
    public StoreLimits Limits => inner.Limits;

    /// <summary>Whether the store is taken to be used by other processes as well. Default: what the store within says.</summary>
    public bool IsShared { get; init; } = inner.IsShared;

    /// <summary>Makes the store go wrong from now on, where the fault says.</summary>
    /// <returns>The fault within this store, to wait for and to remove.</returns>
    public InjectedFault Inject(StoreFault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        var injected = new InjectedFault(fault);
        lock (_lock)
            _faults = [.. _faults.Where(present => !present.IsRemoved), injected];
        return injected;
    }

    /// <summary>The calls of one operation that were made so far.</summary>
    public ImmutableArray<StoreCall> CallsOf(StoreOperation operation) => [.. Calls.Seen.Where(call => call.Operation == operation)];

    /// <inheritdoc/>
    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(commit);
        return CallAsync(StoreOperation.Commit, commit.Tenant, commit, () => inner.CommitAsync(commit, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<RememberedCommit?> FindCommitAsync(TenantId tenant, string idempotencyKey, CancellationToken cancellationToken) =>
        CallAsync(
            StoreOperation.FindCommit, tenant, idempotencyKey, () => inner.FindCommitAsync(tenant, idempotencyKey, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<LogHead> ReadHeadAsync(TenantId tenant, CancellationToken cancellationToken) =>
        CallAsync(StoreOperation.ReadHead, tenant, null, () => inner.ReadHeadAsync(tenant, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StreamVersion> ReadStreamVersionAsync(TenantId tenant, StreamId stream, CancellationToken cancellationToken) =>
        CallAsync(
            StoreOperation.ReadStreamVersion, tenant, stream, () => inner.ReadStreamVersionAsync(tenant, stream, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<RecordedEvent>> ReadStreamAsync(TenantId tenant, StreamRead read, CancellationToken cancellationToken) =>
        CallAsync(StoreOperation.ReadStream, tenant, read, () => inner.ReadStreamAsync(tenant, read, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<EventPage> ReadLogAsync(TenantId tenant, LogRead read, CancellationToken cancellationToken) =>
        CallAsync(StoreOperation.ReadLog, tenant, read, () => inner.ReadLogAsync(tenant, read, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DocumentLookup> FindDocumentsAsync(
        TenantId tenant, string collection, int? generation, ImmutableArray<string> keys, CancellationToken cancellationToken) =>
        CallAsync(
            StoreOperation.FindDocuments, tenant, collection,
            () => inner.FindDocumentsAsync(tenant, collection, generation, keys, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DocumentPage> QueryDocumentsAsync(TenantId tenant, DocumentQuery query, CancellationToken cancellationToken) =>
        CallAsync(StoreOperation.QueryDocuments, tenant, query, () => inner.QueryDocumentsAsync(tenant, query, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<LogPosition?> ReadCheckpointAsync(TenantId tenant, string name, CancellationToken cancellationToken) =>
        CallAsync(StoreOperation.ReadCheckpoint, tenant, name, () => inner.ReadCheckpointAsync(tenant, name, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<LeaseState>> ReadLeasesAsync(TenantId tenant, LeaseRead read, CancellationToken cancellationToken) =>
        CallAsync(StoreOperation.ReadLeases, tenant, read, () => inner.ReadLeasesAsync(tenant, read, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask WaitForPositionAsync(TenantId tenant, LogPosition position, CancellationToken cancellationToken) =>
        await CallAsync(
            StoreOperation.WaitForPosition, tenant, position,
            () => ReachedAsync(inner.WaitForPositionAsync(tenant, position, cancellationToken)), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask WaitForCheckpointAsync(TenantId tenant, string name, LogPosition position, CancellationToken cancellationToken) =>
        await CallAsync(
            StoreOperation.WaitForCheckpoint, tenant, position,
            () => ReachedAsync(inner.WaitForCheckpointAsync(tenant, name, position, cancellationToken)), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<TenantStorage> ReadTenantAsync(TenantId tenant, CancellationToken cancellationToken) =>
        CallAsync(StoreOperation.ReadTenant, tenant, null, () => inner.ReadTenantAsync(tenant, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<StoredCollection>> ReadCollectionsAsync(TenantId tenant, CollectionId? after, int count, CancellationToken cancellationToken) =>
        CallAsync(StoreOperation.ReadCollections, tenant, after, () => inner.ReadCollectionsAsync(tenant, after, count, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<StoredCheckpoint>> ReadCheckpointsAsync(TenantId tenant, string? after, int count, CancellationToken cancellationToken) =>
        CallAsync(StoreOperation.ReadCheckpoints, tenant, after, () => inner.ReadCheckpointsAsync(tenant, after, count, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<RememberedCommit>> ReadRememberedAsync(TenantId tenant, string? after, int count, CancellationToken cancellationToken) =>
        CallAsync(StoreOperation.ReadRemembered, tenant, after, () => inner.ReadRememberedAsync(tenant, after, count, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<JournalEntry>> ReadJournalAsync(TenantId tenant, long after, int count, CancellationToken cancellationToken) =>
        CallAsync(StoreOperation.ReadJournal, tenant, after, () => inner.ReadJournalAsync(tenant, after, count, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private static async ValueTask<bool> ReachedAsync(ValueTask wait)
    {
        await wait;
        return true;
    }

    private async ValueTask<T> CallAsync<T>(
        StoreOperation operation, TenantId tenant, object? argument, Func<ValueTask<T>> act, CancellationToken cancellationToken)
    {
        var call = new StoreCall(Interlocked.Increment(ref _count), operation, tenant, argument);
        if (KeepsCalls)
            Calls.Add(call);
        if (Before is { } before)
            await before(call);
        ThrowIfDead();
        var striking = Striking(call);
        foreach (var injected in striking)
            await BeginAsync(injected, call, cancellationToken);
        // It may have died while this call was held.
        ThrowIfDead();
        // Only a wait is ever skipped, and nobody looks at a wait's answer.
        var answer = striking.Any(injected => injected.Fault.Kind == FaultKind.Skip) ? default! : await act();
        foreach (var injected in striking)
            await EndAsync(injected, call);
        ThrowIfDead();
        if (After is { } after)
            await after(call);
        return answer;
    }

    private ImmutableArray<InjectedFault> Striking(StoreCall call)
    {
        lock (_lock)
            return _faults.IsEmpty ? [] : [.. _faults.Where(injected => injected.IsStruck(call))];
    }

    private async ValueTask BeginAsync(InjectedFault injected, StoreCall call, CancellationToken cancellationToken)
    {
        switch (injected.Fault.Kind)
        {
            case FaultKind.FailBefore:
                throw injected.Fault.Error!();
            case FaultKind.DieBefore:
                Volatile.Write(ref _death, injected);
                throw injected.Fault.Error!();
            case FaultKind.Hold:
                await injected.Removed.WaitAsync(cancellationToken);
                break;
            case FaultKind.ActBefore:
                await injected.Fault.Act!(call);
                break;
            default:
                break;
        }
    }

    private async ValueTask EndAsync(InjectedFault injected, StoreCall call)
    {
        if (injected.Fault.Kind == FaultKind.DieAfter)
            Volatile.Write(ref _death, injected);
        if (injected.Fault.Kind == FaultKind.ActAfter)
            await injected.Fault.Act!(call);
        if (injected.Fault.Kind is FaultKind.DieAfter or FaultKind.FailAfter)
            throw injected.Fault.Error!();
    }

    private void ThrowIfDead()
    {
        if (Volatile.Read(ref _death) is { IsRemoved: false } death)
            throw death.Fault.Error!();
    }
}
