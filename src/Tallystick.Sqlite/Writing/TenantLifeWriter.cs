using Tallystick.Sqlite.Interop;
using Tallystick.Sqlite.Reading;
using Tallystick.Storage;

namespace Tallystick.Sqlite.Writing;

/// <summary>Writes a tenant's fence and journal within an open transaction. Only the writer's thread uses it.</summary>
internal sealed class TenantLifeWriter(SqliteDatabase database, StoreLimits limits)
{
    /// <summary>Does what a commit changes in the tenant's life.</summary>
    /// <returns>The head afterwards, and whether entries of the journal are left that were to be removed.</returns>
    public (TenantHead Head, bool HasMore) Apply(TenantHead head, TenantChange? change)
    {
        switch (change)
        {
            case TenantChange.Fence fence:
                return (head with { Fence = fence.Reason }, false);
            case TenantChange.Unfence:
                return (head with { Fence = null }, false);
            case TenantChange.Journal { On: true }:
                return (head with { JournalStart = head.JournalHead + 1, JournalHead = head.JournalHead + 1 }, RemoveEntries(head.Number));
            case TenantChange.Journal:
                return (head with { JournalStart = null }, RemoveEntries(head.Number));
            default:
                return (head, false);
        }
    }

    /// <summary>Adds a commit's entry to the journal, if one is kept and the commit has changed more than events.</summary>
    public TenantHead Journal(TenantHead head, Commit commit, CommitResult.Committed result)
    {
        if (head.JournalStart is null || JournalEntry.Of(head.JournalHead + 1, commit, result) is not { } entry)
            return head;
        database.Statement("INSERT INTO journal VALUES(?1, ?2, ?3)")
            .Bind(1, head.Number).Bind(2, entry.Number).Bind(3, entry.ToBytes()).Run();
        return head with { JournalHead = entry.Number };
    }

    private bool RemoveEntries(int tenant)
    {
        var removed = database.Delete(
            "DELETE FROM journal WHERE (tenant, number) IN (SELECT tenant, number FROM journal WHERE tenant=?1 ORDER BY number LIMIT ?2)",
            tenant, limits.ErasedRowsPerCommitMax);
        return removed == limits.ErasedRowsPerCommitMax;
    }
}
