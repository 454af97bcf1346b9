using System.Collections.Immutable;
using Tallystick.Postgres.Reading;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres;

// What the life of a tenant needs.
public sealed partial class PostgresStore
{
    /// <inheritdoc/>
    public ValueTask<TenantStorage> ReadTenantAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        ReadChecks.Tenant(tenant);
        return _reads.ReadAsync(
            tenant.Value, tenant, TenantLifeReader.AskStorage, TenantLifeReader.ReadStorageAsync, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<StoredCollection>> ReadCollectionsAsync(
        TenantId tenant, CollectionId? after, int count, CancellationToken cancellationToken)
    {
        CheckPage(tenant, count);
        return _reads.ReadAsync(
            tenant.Value, (tenant, after, count),
            static (statements, ask) => TenantLifeReader.AskCollections(statements, ask.tenant, ask.after, ask.count),
            static (reader, _, cancellation) => TenantLifeReader.ReadCollectionsAsync(reader, cancellation), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<StoredCheckpoint>> ReadCheckpointsAsync(
        TenantId tenant, string? after, int count, CancellationToken cancellationToken)
    {
        CheckPage(tenant, count);
        return _reads.ReadAsync(
            tenant.Value, (tenant, after, count),
            static (statements, ask) => TenantLifeReader.AskCheckpoints(statements, ask.tenant, ask.after, ask.count),
            static (reader, _, cancellation) => TenantLifeReader.ReadCheckpointsAsync(reader, cancellation), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<RememberedCommit>> ReadRememberedAsync(
        TenantId tenant, string? after, int count, CancellationToken cancellationToken)
    {
        CheckPage(tenant, count);
        return _reads.ReadAsync(
            tenant.Value, (tenant, after, count),
            static (statements, ask) => TenantLifeReader.AskRemembered(statements, ask.tenant, ask.after, ask.count),
            static (reader, _, cancellation) => TenantLifeReader.ReadRememberedAsync(reader, cancellation), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<JournalEntry>> ReadJournalAsync(TenantId tenant, long after, int count, CancellationToken cancellationToken)
    {
        CheckPage(tenant, count);
        return _reads.ReadAsync(
            tenant.Value, (tenant, after, count, Limits.PageBytesMax),
            static (statements, ask) => TenantLifeReader.AskJournal(statements, ask.tenant, ask.after, ask.count, ask.PageBytesMax),
            static (reader, _, cancellation) => TenantLifeReader.ReadJournalAsync(reader, cancellation), cancellationToken);
    }

    private void CheckPage(TenantId tenant, int count)
    {
        ReadChecks.Tenant(tenant);
        Limits.CheckPage(count);
    }
}
