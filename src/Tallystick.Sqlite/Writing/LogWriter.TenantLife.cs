using Tallystick.Sqlite.Index;
using Tallystick.Sqlite.Reading;
using Tallystick.Storage;

namespace Tallystick.Sqlite.Writing;

/// <summary>What erasing a tenant asks of the writer.</summary>
internal sealed partial class LogWriter
{
    private readonly TenantRecords _tenants;
    private bool _hasErased;

    /// <summary>
    /// Adds the tail to the stored index if it has events of a tenant that is being erased, since they are found by that index alone. What it
    /// gives is why that can't be.
    /// </summary>
    private Exception? IndexWhatIsErased(List<PendingCommit> commits)
    {
        if (_failure is not null)
            return null;
        try
        {
            return commits.Exists(IsInTail) ? TryFlush() : null;
        }
        catch (SqliteStoreException error)
        {
            return error;
        }
    }

    private bool IsInTail(PendingCommit commit) => commit.Prepared.Commit is { Life: TenantChange.Erase, Tenant: var tenant }
        && _heads.Find(tenant, _tenants) is { IsErasing: true } head && _tail.Last(TermKey.Log(head.Number)) is not null;

    /// <summary>
    /// Once a tenant is erased, empties the write-ahead log, which has pages as they were before. A reader may stand in the way for a moment;
    /// then the next commit tries again.
    /// </summary>
    private void EraseLog(List<PendingCommit> commits)
    {
        foreach (var commit in commits)
        {
            _hasErased |= commit.Prepared.Commit.Life is TenantChange.Erase
                && commit.Outcome is CommitResult.Committed { HasMore: false };
        }

        if (!_hasErased)
            return;
        try
        {
            _hasErased = !_database.TruncateWal();
        }
        catch (SqliteStoreException error)
        {
            if (error.IsFatal)
                StopFor(error);
        }
    }
}
