using System.Collections.Immutable;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Sqlite;

// What the life of a tenant needs.
public sealed partial class SqliteStore
{
    /// <inheritdoc/>
    public ValueTask<TenantStorage> ReadTenantAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        ReadChecks.Tenant(tenant);
        return _readers.ReadAsync(
            (tenant, _heads, _publication),
            static (reader, call) =>
            {
                if (call._heads.Find(call.tenant, reader.Tenants) is not { } head)
                    return TenantStorage.None;
                // Who has seen a change of documents in the file must find its entry of the journal counted here.
                if (reader.Life.JournalHead(head.Number) > head.JournalHead)
                {
                    call._publication.AwaitEnd();
                    head = call._heads.Find(call.tenant, reader.Tenants) ?? head;
                }

                return head.IsErasing
                    ? TenantStorage.None with { IsErasing = true }
                    : new TenantStorage(head.Position, head.EventBytes + head.DocumentBytes)
                    {
                        Fence = head.Fence,
                        JournalStart = head.JournalStart,
                        JournalHead = head.JournalHead,
                    };
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<StoredCollection>> ReadCollectionsAsync(
        TenantId tenant, CollectionId? after, int count, CancellationToken cancellationToken)
    {
        Limits.CheckPage(count);
        return ReadAsync(
            tenant, (after, count), static (reader, head, page) => reader.Life.Collections(head.Number, page.after, page.count), [], cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<StoredCheckpoint>> ReadCheckpointsAsync(
        TenantId tenant, string? after, int count, CancellationToken cancellationToken)
    {
        Limits.CheckPage(count);
        return ReadAsync(
            tenant, (after, count), static (reader, head, page) => reader.Life.Checkpoints(head.Number, page.after, page.count), [], cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<RememberedCommit>> ReadRememberedAsync(
        TenantId tenant, string? after, int count, CancellationToken cancellationToken)
    {
        Limits.CheckPage(count);
        return ReadAsync(
            tenant, (after, count), static (reader, head, page) => reader.Life.Remembered(head.Number, page.after, page.count), [], cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<JournalEntry>> ReadJournalAsync(TenantId tenant, long after, int count, CancellationToken cancellationToken)
    {
        Limits.CheckPage(count);
        return ReadAsync(
            tenant, (after, count), static (reader, head, page) => reader.Life.Journal(head.Number, page.after, page.count), [], cancellationToken);
    }
}
