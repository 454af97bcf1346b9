using System.Collections.Immutable;
using Tallystick.Storage.InMemory;
using Tallystick.Tenancy;

namespace Tallystick.Storage;

// What the life of a tenant needs.
public sealed partial class InMemoryStore
{
    /// <inheritdoc/>
    public ValueTask<TenantStorage> ReadTenantAsync(TenantId tenant, CancellationToken cancellationToken) => Complete(
        () =>
        {
            ReadChecks.Tenant(tenant);
            cancellationToken.ThrowIfCancellationRequested();
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                return Find(tenant).Storage;
            }
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<StoredCollection>> ReadCollectionsAsync(
        TenantId tenant, CollectionId? after, int count, CancellationToken cancellationToken) =>
        ReadPage(tenant, count, state => state.Documents.After(after, count), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<StoredCheckpoint>> ReadCheckpointsAsync(
        TenantId tenant, string? after, int count, CancellationToken cancellationToken) =>
        ReadPage(tenant, count, state => state.CheckpointsAfter(after, count), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<RememberedCommit>> ReadRememberedAsync(
        TenantId tenant, string? after, int count, CancellationToken cancellationToken) =>
        ReadPage(tenant, count, state => state.RememberedAfter(after, count), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<JournalEntry>> ReadJournalAsync(TenantId tenant, long after, int count, CancellationToken cancellationToken) =>
        ReadPage(tenant, count, state => state.JournalAfter(after, count, Limits.PageBytesMax), cancellationToken);

    private ValueTask<ImmutableArray<T>> ReadPage<T>(
        TenantId tenant, int count, Func<InMemoryTenant, ImmutableArray<T>> read, CancellationToken cancellationToken) => Read(
        tenant,
        state =>
        {
            Limits.CheckPage(count);
            return read(state);
        },
        cancellationToken);

    /// <summary>Keeps what a commit has changed; a tenant that is erased is forgotten, as is one that never was.</summary>
    private void Keep(Commit commit, InMemoryTenant state, CommitResult result)
    {
        if (commit.Life is not TenantChange.Erase)
        {
            state.IsUnknown = false;
            _tenants[commit.Tenant] = state;
        }
        else if (result is CommitResult.Committed { HasMore: false })
            _tenants.Remove(commit.Tenant);
    }
}
