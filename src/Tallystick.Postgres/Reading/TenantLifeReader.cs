using System.Collections.Immutable;
using System.Globalization;
using Npgsql;
using Tallystick.Events;
using Tallystick.Postgres.Connections;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Reading;

/// <summary>Lists what there is of a tenant, a page at a time.</summary>
internal static class TenantLifeReader
{
    private const string Storage = "SELECT position, bytes, fence, journal_start, journal_head, erasing FROM heads WHERE tenant = $1";

    // No row says which generations have documents, so the key of the documents is walked from each generation to the first of the next.
    private const string Collections = $"""
        WITH RECURSIVE filled(name, generation) AS (
          (SELECT collection, generation FROM documents
           WHERE tenant = {LivingTenant.First} AND (collection, generation) > ($2, $3) ORDER BY collection, generation LIMIT 1)
          UNION ALL
          SELECT n.collection, n.generation FROM filled f CROSS JOIN LATERAL (
            SELECT d.collection, d.generation FROM documents d
            WHERE d.tenant = {LivingTenant.First} AND (d.collection, d.generation) > (f.name, f.generation)
            ORDER BY d.collection, d.generation LIMIT 1) n),
        active AS (
          SELECT name, generation FROM collections
          WHERE tenant = {LivingTenant.First} AND (name, generation) > ($2, $3) ORDER BY name, generation LIMIT $4)
        SELECT name, generation, bool_or(is_active) FROM (
          (SELECT name, generation, false AS is_active FROM filled LIMIT $4) UNION ALL (SELECT name, generation, true FROM active)) c
        GROUP BY name, generation ORDER BY name, generation LIMIT $4
        """;

    private const string Checkpoints = $"""
        SELECT name, position FROM checkpoints WHERE tenant = {LivingTenant.First} AND name > $2 ORDER BY name LIMIT $3
        """;

    private const string Remembered = $"""
        SELECT fingerprint, first, last, streams, key FROM commits WHERE tenant = {LivingTenant.First} AND key > $2 ORDER BY key LIMIT $3
        """;

    private const string Journal = $"""
        SELECT number, entry FROM (
          SELECT number, entry, row_number() OVER w AS n, sum(octet_length(entry)) OVER w AS bytes FROM (
            SELECT number, entry FROM journal WHERE tenant = {LivingTenant.First} AND number > $2 ORDER BY number LIMIT $3) r
          WINDOW w AS (ORDER BY number ROWS UNBOUNDED PRECEDING)) p
        WHERE n = 1 OR bytes <= $4 ORDER BY number
        """;

    public static void AskStorage(NpgsqlBatch statements, TenantId tenant) => statements.Add(Storage).Bind(tenant.Value);

    public static async ValueTask<TenantStorage> ReadStorageAsync(NpgsqlDataReader reader, TenantId tenant, CancellationToken cancellationToken)
    {
        if (!await reader.ReadAsync(cancellationToken))
            return TenantStorage.None;
        if (reader.GetBoolean(5))
            return TenantStorage.None with { IsErasing = true };
        return new TenantStorage(LogPosition.Of(reader.GetInt64(0)), reader.GetInt64(1))
        {
            Fence = reader.IsDBNull(2) ? null : reader.GetString(2),
            JournalStart = reader.IsDBNull(3) ? null : reader.GetInt64(3),
            JournalHead = reader.GetInt64(4),
        };
    }

    public static void AskCollections(NpgsqlBatch statements, TenantId tenant, CollectionId? after, int count) =>
        statements.Add(Collections).Bind(tenant.Value).Bind(after?.Name ?? "").Bind(after?.Generation ?? 0).Bind((long)count);

    public static async ValueTask<ImmutableArray<StoredCollection>> ReadCollectionsAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var page = ImmutableArray.CreateBuilder<StoredCollection>();
        while (await reader.ReadAsync(cancellationToken))
            page.Add(new StoredCollection(new CollectionId(reader.GetString(0), reader.GetInt32(1)), reader.GetBoolean(2)));
        return page.DrainToImmutable();
    }

    public static void AskCheckpoints(NpgsqlBatch statements, TenantId tenant, string? after, int count) =>
        statements.Add(Checkpoints).Bind(tenant.Value).Bind(after ?? "").Bind((long)count);

    public static async ValueTask<ImmutableArray<StoredCheckpoint>> ReadCheckpointsAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var page = ImmutableArray.CreateBuilder<StoredCheckpoint>();
        while (await reader.ReadAsync(cancellationToken))
            page.Add(new StoredCheckpoint(reader.GetString(0), CommitRecords.PositionOf(reader.GetInt64(1), reader.GetString(0))));
        return page.DrainToImmutable();
    }

    public static void AskRemembered(NpgsqlBatch statements, TenantId tenant, string? after, int count) =>
        statements.Add(Remembered).Bind(tenant.Value).Bind(after ?? "").Bind((long)count);

    public static async ValueTask<ImmutableArray<RememberedCommit>> ReadRememberedAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var page = ImmutableArray.CreateBuilder<RememberedCommit>();
        while (await reader.ReadAsync(cancellationToken))
            page.Add(CommitRecords.Read(reader, reader.GetString(4), 0));
        return page.DrainToImmutable();
    }

    /// <summary>Asks for a page of the journal, which the server cuts by the bytes of its entries; one always fits.</summary>
    public static void AskJournal(NpgsqlBatch statements, TenantId tenant, long after, int count, int bytesMax) =>
        statements.Add(Journal).Bind(tenant.Value).Bind(after).Bind((long)count).Bind((long)bytesMax);

    public static async ValueTask<ImmutableArray<JournalEntry>> ReadJournalAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var page = ImmutableArray.CreateBuilder<JournalEntry>();
        while (await reader.ReadAsync(cancellationToken))
            page.Add(JournalEntry.FromBytes(reader.GetInt64(0), reader.GetFieldValue<byte[]>(1)));
        return page.DrainToImmutable();
    }
}
