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
    /// Once a tenant is erased, writes the file anew, since secure_delete clears what is deleted but not what SQLite leaves between rows when it
    /// divides a page; then empties the write-ahead log, which has pages as they were before. A reader may stand in the way of that for a
    /// moment; then the next commit tries again.
    /// </summary>
    private void EraseTraces(List<PendingCommit> commits)
    {
        try
        {
            if (commits.Exists(commit => commit.Prepared.Commit.Life is TenantChange.Erase && commit.Outcome is CommitResult.Committed { HasMore: false }))
            {
                _hasErased = true;
                if (_database.Scalar("PRAGMA page_count") * _database.Scalar("PRAGMA page_size") <= _options.ErasureVacuumBytesMax)
                    _database.Run("VACUUM");
            }

            if (_hasErased)
                _hasErased = !_database.TruncateWal();
        }
        catch (SqliteStoreException error)
        {
            // Without space for it the tenant is erased nevertheless: no row of it is left.
            if (error.IsFatal)
                StopFor(error);
        }
    }
}
