using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Tests.Audit;

/// <summary>A store after someone with write access to the database was there: its log and head are whatever they left.</summary>
internal sealed class TamperedStore(IStore inner, ImmutableArray<RecordedEvent> log, LogHead head) : IStore
{
    public StoreLimits Limits => inner.Limits;

    public bool IsShared => inner.IsShared;

    public ValueTask<LogHead> ReadHeadAsync(TenantId tenant, CancellationToken cancellationToken) => new(head);

    /// <summary>Rows are found by their place, as a table is read by its key.</summary>
    public ValueTask<EventPage> ReadLogAsync(TenantId tenant, LogRead read, CancellationToken cancellationToken)
    {
        // Small pages, so that tampering falls on their edges too.
        var page = log.Where(e => e.Position > read.After).Take(Math.Min(read.Count, 3)).ToImmutableArray();
        return new(new EventPage(page, page.IsEmpty ? read.After : page[^1].Position));
    }

    /// <summary>The index of streams wasn't thought of.</summary>
    public ValueTask<StreamVersion> ReadStreamVersionAsync(TenantId tenant, StreamId stream, CancellationToken cancellationToken) =>
        inner.ReadStreamVersionAsync(tenant, stream, cancellationToken);

    public ValueTask<ImmutableArray<RecordedEvent>> ReadStreamAsync(TenantId tenant, StreamRead read, CancellationToken cancellationToken) =>
        new([.. log.Where(e => e.Stream == read.Stream && e.Version >= read.From).Take(read.Count)]);

    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<RememberedCommit?> FindCommitAsync(TenantId tenant, string idempotencyKey, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<DocumentLookup> FindDocumentsAsync(
        TenantId tenant, string collection, int? generation, ImmutableArray<string> keys, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<DocumentPage> QueryDocumentsAsync(TenantId tenant, DocumentQuery query, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<LogPosition?> ReadCheckpointAsync(TenantId tenant, string name, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<ImmutableArray<LeaseState>> ReadLeasesAsync(TenantId tenant, LeaseRead read, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask WaitForPositionAsync(TenantId tenant, LogPosition position, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask WaitForCheckpointAsync(TenantId tenant, string name, LogPosition position, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<TenantStorage> ReadTenantAsync(TenantId tenant, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<ImmutableArray<StoredCollection>> ReadCollectionsAsync(TenantId tenant, CollectionId? after, int count, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<ImmutableArray<StoredCheckpoint>> ReadCheckpointsAsync(TenantId tenant, string? after, int count, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<ImmutableArray<RememberedCommit>> ReadRememberedAsync(TenantId tenant, string? after, int count, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<ImmutableArray<JournalEntry>> ReadJournalAsync(TenantId tenant, long after, int count, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
