using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Sqlite.Writing;

/// <summary>
/// How many commits the next batch may take. For a tenant alone, large batches cost nobody anything. But when several tenants write, a commit
/// that comes while a batch is written waits for all of it, however fair the queue is. So then a batch writes about as long as its sync
/// takes: whoever comes waits for at most about two batches of two syncs each, and at least half of the largest throughput is left.
/// </summary>
internal sealed class BatchBound(SqliteStoreOptions options)
{
    /// <summary>However fast the disk, smaller batches gain nothing.</summary>
    private const int CommitsMin = 16;

    /// <summary>How far one measurement moves what is remembered.</summary>
    private const double Step = 0.05;

    /// <summary>How long tenants are held to write at the same time after one of them has been seen.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time = options.Time;
    private TenantId _last;
    private long _lastOther = long.MinValue;
    private double _perCommit;
    private double _perSync;

    /// <summary>The most commits of the next batch.</summary>
    public int Next
    {
        get
        {
            var isShared = _lastOther != long.MinValue && _time.GetElapsedTime(_lastOther) <= Memory;
            return !isShared || _perCommit <= 0 || _perSync <= 0
                ? options.GroupCommitMax
                : (int)Math.Clamp(_perSync / _perCommit, Math.Min(CommitsMin, options.GroupCommitMax), options.GroupCommitMax);
        }
    }

    /// <summary>Sees who writes.</summary>
    public void See(List<PendingCommit> commits)
    {
        foreach (var commit in commits)
        {
            var tenant = commit.Prepared.Commit.Tenant;
            if (tenant == _last)
                continue;
            if (!_last.IsDefault)
                _lastOther = _time.GetTimestamp();
            _last = tenant;
        }
    }

    /// <summary>Learns from a batch how long commits and syncs take.</summary>
    /// <param name="commits">How many commits it had.</param>
    /// <param name="begun">When it was begun.</param>
    /// <param name="written">When all of them were in the transaction.</param>
    public void Learn(int commits, long begun, long written)
    {
        _perCommit = Track(_perCommit, _time.GetElapsedTime(begun, written).TotalSeconds / commits);
        _perSync = Track(_perSync, _time.GetElapsedTime(written).TotalSeconds);
    }

    /// <summary>Moves towards the median, which a few measurements that were interrupted don't shift, unlike the mean.</summary>
    private static double Track(double remembered, double measured) =>
        remembered == 0 ? measured : measured > remembered ? remembered * (1 + Step) : remembered * (1 - Step);
}
