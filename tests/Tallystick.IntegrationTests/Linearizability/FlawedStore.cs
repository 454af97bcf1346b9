using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.IntegrationTests.Linearizability;

/// <summary>What is wrong with a store.</summary>
public enum Flaw
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Every second commit is stored whatever the stream's version is.</summary>
    IgnoresVersions,

    /// <summary>Conditions that span streams are dropped.</summary>
    IgnoresConditions,

    /// <summary>Idempotency keys are forgotten.</summary>
    ForgetsKeys,

    /// <summary>Every third read of a version gives the one before.</summary>
    ReadsStaleVersions,

    /// <summary>Every tenth commit is acknowledged, but not stored.</summary>
    LosesCommits,

    /// <summary>Says that the projection has reached the end of the log, whether it has or not.</summary>
    ReportsTokensEarly,
}

/// <summary>A store with a deliberate flaw.</summary>
public sealed class FlawedStore(IStore inner, Flaw flaw) : IStore
{
    private int _calls;

    public StoreLimits Limits => inner.Limits;

    public bool IsShared => inner.IsShared;

    public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        if (flaw == Flaw.LosesCommits && commit.Key is null && Every(10))
        {
            var head = (await inner.ReadHeadAsync(commit.Tenant, cancellationToken)).Position;
            // A position that there is, or who reads by this token would wait in vain.
            return new CommitResult.Committed(head, head, [new StreamHead(commit.Appends[0].Stream, StreamVersion.Of(1))]);
        }

        return await inner.CommitAsync(Changed(commit), cancellationToken);
    }

    public async ValueTask<StreamVersion> ReadStreamVersionAsync(TenantId tenant, StreamId stream, CancellationToken cancellationToken)
    {
        var version = await inner.ReadStreamVersionAsync(tenant, stream, cancellationToken);
        return flaw == Flaw.ReadsStaleVersions && version.Value > 0 && Every(3) ? StreamVersion.Of(version.Value - 1) : version;
    }

    public async ValueTask<LogPosition?> ReadCheckpointAsync(TenantId tenant, string name, CancellationToken cancellationToken) =>
        flaw == Flaw.ReportsTokensEarly
            ? (await inner.ReadHeadAsync(tenant, cancellationToken)).Position
            : await inner.ReadCheckpointAsync(tenant, name, cancellationToken);

    public ValueTask<RememberedCommit?> FindCommitAsync(TenantId tenant, string idempotencyKey, CancellationToken cancellationToken) =>
        inner.FindCommitAsync(tenant, idempotencyKey, cancellationToken);

    public ValueTask<LogHead> ReadHeadAsync(TenantId tenant, CancellationToken cancellationToken) => inner.ReadHeadAsync(tenant, cancellationToken);

    public ValueTask<ImmutableArray<RecordedEvent>> ReadStreamAsync(TenantId tenant, StreamRead read, CancellationToken cancellationToken) =>
        inner.ReadStreamAsync(tenant, read, cancellationToken);

    public ValueTask<EventPage> ReadLogAsync(TenantId tenant, LogRead read, CancellationToken cancellationToken) =>
        inner.ReadLogAsync(tenant, read, cancellationToken);

    public ValueTask<DocumentLookup> FindDocumentsAsync(
        TenantId tenant, string collection, int? generation, ImmutableArray<string> keys, CancellationToken cancellationToken) =>
        inner.FindDocumentsAsync(tenant, collection, generation, keys, cancellationToken);

    public ValueTask<DocumentPage> QueryDocumentsAsync(TenantId tenant, DocumentQuery query, CancellationToken cancellationToken) =>
        inner.QueryDocumentsAsync(tenant, query, cancellationToken);

    public ValueTask<ImmutableArray<LeaseState>> ReadLeasesAsync(TenantId tenant, LeaseRead read, CancellationToken cancellationToken) =>
        inner.ReadLeasesAsync(tenant, read, cancellationToken);

    public ValueTask WaitForPositionAsync(TenantId tenant, LogPosition position, CancellationToken cancellationToken) =>
        inner.WaitForPositionAsync(tenant, position, cancellationToken);

    public ValueTask WaitForCheckpointAsync(TenantId tenant, string name, LogPosition position, CancellationToken cancellationToken) =>
        inner.WaitForCheckpointAsync(tenant, name, position, cancellationToken);

    public ValueTask<TenantStorage> ReadTenantAsync(TenantId tenant, CancellationToken cancellationToken) =>
        inner.ReadTenantAsync(tenant, cancellationToken);

    public ValueTask<ImmutableArray<StoredCollection>> ReadCollectionsAsync(TenantId tenant, CollectionId? after, int count, CancellationToken cancellationToken) =>
        inner.ReadCollectionsAsync(tenant, after, count, cancellationToken);

    public ValueTask<ImmutableArray<StoredCheckpoint>> ReadCheckpointsAsync(TenantId tenant, string? after, int count, CancellationToken cancellationToken) =>
        inner.ReadCheckpointsAsync(tenant, after, count, cancellationToken);

    public ValueTask<ImmutableArray<RememberedCommit>> ReadRememberedAsync(TenantId tenant, string? after, int count, CancellationToken cancellationToken) =>
        inner.ReadRememberedAsync(tenant, after, count, cancellationToken);

    public ValueTask<ImmutableArray<JournalEntry>> ReadJournalAsync(TenantId tenant, long after, int count, CancellationToken cancellationToken) =>
        inner.ReadJournalAsync(tenant, after, count, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private Commit Changed(Commit commit)
    {
        var drop = flaw switch
        {
            Flaw.IgnoresVersions => commit.Appends.Any(append => append.Expected.Version is not null) && Every(2),
            Flaw.IgnoresConditions => !commit.Conditions.IsEmpty,
            Flaw.ForgetsKeys => commit.Key is not null,
            _ => false,
        };
        if (!drop)
            return commit;
        var changed = Commit.For(commit.Tenant);
        foreach (var append in commit.Appends)
            changed = changed.Append(append.Stream, flaw == Flaw.IgnoresVersions ? ExpectedVersion.Any : append.Expected, append.Events);
        return commit.Key is { } key && flaw != Flaw.ForgetsKeys ? changed.Once(key) : changed;
    }

    private bool Every(int times) => Interlocked.Increment(ref _calls) % times == 0;
}
