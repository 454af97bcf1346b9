using System.Collections.Immutable;
using Tallystick.Sqlite.Interop;
using Tallystick.Storage;

namespace Tallystick.Sqlite.Reading;

/// <summary>Lists what there is of a tenant, a page at a time.</summary>
internal sealed class TenantLifeReader(SqliteDatabase database, StoreLimits limits)
{
    private readonly CommitRecords _commits = new(database);

    /// <summary>The number of the last entry of a tenant's journal in the file, where it may be seen a moment before it is in memory.</summary>
    public long JournalHead(int tenant)
    {
        using var rows = database.Statement("SELECT journal_head FROM tenants WHERE number=?1").Bind(1, tenant).Rows();
        return rows.Step() ? rows.Int64(0) : 0;
    }

    public ImmutableArray<StoredCollection> Collections(int tenant, CollectionId? after, int count)
    {
        var page = ImmutableArray.CreateBuilder<StoredCollection>();
        using var rows = database.Statement("""
            SELECT name, generation, active FROM collections c
            WHERE tenant=?1 AND (name, generation)>(?2, ?3) AND (active=1 OR EXISTS(SELECT 1 FROM documents d WHERE d.collection=c.id))
            ORDER BY name, generation LIMIT ?4
            """).Bind(1, tenant).Bind(2, after?.Name ?? "").Bind(3, after?.Generation ?? 0).Bind(4, count).Rows();
        while (rows.Step())
            page.Add(new StoredCollection(new CollectionId(rows.Text(0), rows.Int32(1)), rows.Int32(2) != 0));
        return page.ToImmutable();
    }

    public ImmutableArray<StoredCheckpoint> Checkpoints(int tenant, string? after, int count)
    {
        var page = ImmutableArray.CreateBuilder<StoredCheckpoint>();
        using var rows = database.Statement("SELECT name, position FROM checkpoints WHERE tenant=?1 AND name>?2 ORDER BY name LIMIT ?3")
            .Bind(1, tenant).Bind(2, after ?? "").Bind(3, count).Rows();
        while (rows.Step())
            page.Add(new StoredCheckpoint(rows.Text(0), _commits.ReadCheckpoint(rows.Text(0), rows.Int64(1))));
        return page.ToImmutable();
    }

    public ImmutableArray<RememberedCommit> Remembered(int tenant, string? after, int count)
    {
        var page = ImmutableArray.CreateBuilder<RememberedCommit>();
        using var rows = database.Statement("SELECT fingerprint, first, last, streams, key FROM commits WHERE tenant=?1 AND key>?2 ORDER BY key LIMIT ?3")
            .Bind(1, tenant).Bind(2, after ?? "").Bind(3, count).Rows();
        while (rows.Step())
            page.Add(_commits.ReadRemembered(rows.Text(4), rows));
        return page.ToImmutable();
    }

    public ImmutableArray<JournalEntry> Journal(int tenant, long after, int count)
    {
        var page = ImmutableArray.CreateBuilder<JournalEntry>();
        var bytes = 0L;
        using var rows = database.Statement("SELECT number, entry FROM journal WHERE tenant=?1 AND number>?2 ORDER BY number LIMIT ?3")
            .Bind(1, tenant).Bind(2, after).Bind(3, count).Rows();
        while (rows.Step())
        {
            var entry = rows.Bytes(1);
            bytes += entry.Length;
            if (page.Count > 0 && bytes > limits.PageBytesMax)
                break;
            page.Add(JournalEntry.FromBytes(rows.Int64(0), entry.ToArray()));
        }

        return page.ToImmutable();
    }
}
