using Tallystick.Sqlite.Index;
using Tallystick.Sqlite.Interop;
using Tallystick.Sqlite.Reading;
using Tallystick.Storage;

namespace Tallystick.Sqlite.Writing;

/// <summary>
/// Removes what there is of a tenant, a bounded number of rows with each commit. Only the writer's thread uses it.
/// </summary>
/// <remarks>
/// The events of many tenants are interleaved, so they are found by the tenant's own log in the stored index, and the pieces of the index go
/// after the events that they lead to. That needs all of them to be in the stored index: the writer adds the tail to it before
/// (<see cref="LogWriter"/>). The tenant's row goes last, so that a process that dies in between goes on where it was.
/// </remarks>
internal sealed class TenantEraser(SqliteDatabase database, StoreLimits limits)
{
    /// <summary>What belongs to a tenant besides events, collections and documents, each with how its rows are chosen.</summary>
    private static readonly string[] Rows =
    [
        "DELETE FROM checkpoints WHERE (tenant, name) IN (SELECT tenant, name FROM checkpoints WHERE tenant=?1 LIMIT ?2)",
        "DELETE FROM commits WHERE (tenant, key) IN (SELECT tenant, key FROM commits WHERE tenant=?1 LIMIT ?2)",
        "DELETE FROM journal WHERE (tenant, number) IN (SELECT tenant, number FROM journal WHERE tenant=?1 LIMIT ?2)",
        "DELETE FROM leases WHERE (tenant, name) IN (SELECT tenant, name FROM leases WHERE tenant=?1 LIMIT ?2)",
        "DELETE FROM chunks WHERE (tenant, term, last) IN (SELECT tenant, term, last FROM chunks WHERE tenant=?1 LIMIT ?2)",
    ];

    private static readonly string[] CollectionRows =
    [
        "DELETE FROM document_index WHERE (collection, name, value, key) IN (SELECT collection, name, value, key FROM document_index WHERE collection=?1 LIMIT ?2)",
        "DELETE FROM documents WHERE (collection, key) IN (SELECT collection, key FROM documents WHERE collection=?1 LIMIT ?2)",
    ];

    private readonly List<long> _seqs = [];

    /// <summary>Removes some rows; whether any are left. When none are, the tenant's row is gone too.</summary>
    public bool Step(int tenant)
    {
        var budget = limits.ErasedRowsPerCommitMax;
        budget -= Events(tenant, budget);
        budget -= Collections(tenant, budget);
        foreach (var sql in Rows)
        {
            if (budget > 0)
                budget -= database.Delete(sql, tenant, budget);
        }

        if (budget <= 0)
            return true;
        database.Statement("DELETE FROM tenants WHERE number=?1").Bind(1, tenant).Run();
        return false;
    }

    /// <summary>Removes events, and with the last of each piece of the log the piece itself.</summary>
    private int Events(int tenant, int max)
    {
        var removed = 0;
        while (removed < max && FirstPiece(tenant) is { } last)
        {
            for (var i = 0; i < _seqs.Count && removed < max;)
            {
                var end = i;
                while (end + 1 < _seqs.Count && _seqs[end + 1] == _seqs[end] + 1 && end + 1 - i < max - removed)
                    end++;
                // Rows that an earlier commit has removed cost a look and count for nothing.
                database.Statement("DELETE FROM events WHERE seq BETWEEN ?1 AND ?2").Bind(1, _seqs[i]).Bind(2, _seqs[end]).Run();
                removed += database.Changes;
                i = end + 1;
            }

            if (removed >= max)
                return removed;
            database.Statement("DELETE FROM chunks WHERE tenant=?1 AND term='' AND last=?2").Bind(1, tenant).Bind(2, last).Run();
            removed += database.Changes;
        }

        return removed;
    }

    private long? FirstPiece(int tenant)
    {
        _seqs.Clear();
        using var rows = database.Statement("SELECT first, last, seqs FROM chunks WHERE tenant=?1 AND term='' ORDER BY last LIMIT 1").Bind(1, tenant).Rows();
        if (!rows.Step())
            return null;
        SeqRuns.Decode(rows.Bytes(2), rows.Int64(1) - rows.Int64(0) + 1, _seqs);
        return rows.Int64(1);
    }

    private int Collections(int tenant, int max)
    {
        var removed = 0;
        while (removed < max && FirstCollection(tenant) is { } collection)
        {
            foreach (var sql in CollectionRows)
            {
                if (removed < max)
                    removed += database.Delete(sql, collection, max - removed);
            }

            if (removed >= max)
                return removed;
            database.Statement("DELETE FROM collections WHERE id=?1").Bind(1, collection).Run();
            removed++;
        }

        return removed;
    }

    private long? FirstCollection(int tenant)
    {
        using var rows = database.Statement("SELECT id FROM collections WHERE tenant=?1 LIMIT 1").Bind(1, tenant).Rows();
        return rows.Step() ? rows.Int64(0) : null;
    }
}
