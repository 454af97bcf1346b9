using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Testing.Machines;

/// <summary>What happens to a commit.</summary>
internal enum CommitFate
{
    /// <summary>It fails and has no effect: what it held is delivered again.</summary>
    FailsBefore,

    /// <summary>It takes effect, but whoever asked is told that it failed.</summary>
    FailsAfter,

    /// <summary>The process dies before it.</summary>
    DiesBefore,

    /// <summary>The process dies after it.</summary>
    DiesAfter,
}

/// <summary>A store on which chosen commits fail, or with one of which the process dies.</summary>
internal sealed class UnreliableStore(IStore inner, ImmutableDictionary<int, CommitFate> fates, Func<int> countCommit) : IStore
{
    private readonly TaskCompletionSource _died = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the process has died.</summary>
    public Task Died => _died.Task;

    public StoreLimits Limits => inner.Limits;

    public bool IsShared => inner.IsShared;

    public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        DemandAlive();
        var fate = fates.TryGetValue(countCommit(), out var found) ? found : (CommitFate?)null;
        if (fate is CommitFate.FailsBefore)
            throw Failure("The store failed before the commit.");
        if (fate is CommitFate.DiesBefore)
            throw Die();
        var result = await inner.CommitAsync(commit, cancellationToken);
        return fate switch
        {
            CommitFate.FailsAfter => throw Failure("The store failed after the commit."),
            CommitFate.DiesAfter => throw Die(),
            _ => result,
        };
    }

    public ValueTask<RememberedCommit?> FindCommitAsync(TenantId tenant, string idempotencyKey, CancellationToken cancellationToken) =>
        Alive().FindCommitAsync(tenant, idempotencyKey, cancellationToken);

    public ValueTask<LogHead> ReadHeadAsync(TenantId tenant, CancellationToken cancellationToken) => Alive().ReadHeadAsync(tenant, cancellationToken);

    public ValueTask<StreamVersion> ReadStreamVersionAsync(TenantId tenant, StreamId stream, CancellationToken cancellationToken) =>
        Alive().ReadStreamVersionAsync(tenant, stream, cancellationToken);

    public ValueTask<ImmutableArray<RecordedEvent>> ReadStreamAsync(TenantId tenant, StreamRead read, CancellationToken cancellationToken) =>
        Alive().ReadStreamAsync(tenant, read, cancellationToken);

    public ValueTask<EventPage> ReadLogAsync(TenantId tenant, LogRead read, CancellationToken cancellationToken) =>
        Alive().ReadLogAsync(tenant, read, cancellationToken);

    public ValueTask<DocumentLookup> FindDocumentsAsync(
        TenantId tenant, string collection, int? generation, ImmutableArray<string> keys, CancellationToken cancellationToken) =>
        Alive().FindDocumentsAsync(tenant, collection, generation, keys, cancellationToken);

    public ValueTask<DocumentPage> QueryDocumentsAsync(TenantId tenant, DocumentQuery query, CancellationToken cancellationToken) =>
        Alive().QueryDocumentsAsync(tenant, query, cancellationToken);

    public ValueTask<LogPosition?> ReadCheckpointAsync(TenantId tenant, string name, CancellationToken cancellationToken) =>
        Alive().ReadCheckpointAsync(tenant, name, cancellationToken);

    public ValueTask<ImmutableArray<LeaseState>> ReadLeasesAsync(TenantId tenant, LeaseRead read, CancellationToken cancellationToken) =>
        Alive().ReadLeasesAsync(tenant, read, cancellationToken);

    public ValueTask WaitForPositionAsync(TenantId tenant, LogPosition position, CancellationToken cancellationToken) =>
        Alive().WaitForPositionAsync(tenant, position, cancellationToken);

    public ValueTask WaitForCheckpointAsync(TenantId tenant, string name, LogPosition position, CancellationToken cancellationToken) =>
        Alive().WaitForCheckpointAsync(tenant, name, position, cancellationToken);

    public ValueTask<TenantStorage> ReadTenantAsync(TenantId tenant, CancellationToken cancellationToken) =>
        Alive().ReadTenantAsync(tenant, cancellationToken);

    public ValueTask<ImmutableArray<StoredCollection>> ReadCollectionsAsync(TenantId tenant, CollectionId? after, int count, CancellationToken cancellationToken) =>
        Alive().ReadCollectionsAsync(tenant, after, count, cancellationToken);

    public ValueTask<ImmutableArray<StoredCheckpoint>> ReadCheckpointsAsync(TenantId tenant, string? after, int count, CancellationToken cancellationToken) =>
        Alive().ReadCheckpointsAsync(tenant, after, count, cancellationToken);

    public ValueTask<ImmutableArray<RememberedCommit>> ReadRememberedAsync(TenantId tenant, string? after, int count, CancellationToken cancellationToken) =>
        Alive().ReadRememberedAsync(tenant, after, count, cancellationToken);

    public ValueTask<ImmutableArray<JournalEntry>> ReadJournalAsync(TenantId tenant, long after, int count, CancellationToken cancellationToken) =>
        Alive().ReadJournalAsync(tenant, after, count, cancellationToken);

    /// <summary>The store itself belongs to who made it.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private IStore Alive()
    {
        DemandAlive();
        return inner;
    }

    private void DemandAlive()
    {
        if (_died.Task.IsCompleted)
            throw Failure("The process has died.");
    }

    private TallystickException Die()
    {
        _died.TrySetResult();
        return Failure("The process has died.");
    }

    private static TallystickException Failure(string message) => new(message, isTransient: true);
}
