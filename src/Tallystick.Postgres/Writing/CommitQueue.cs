using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Writing;

/// <summary>
/// The commits that wait for the writer (<see cref="CommitLine"/>), how its thread waits for them, and which of them share a transaction.
/// </summary>
/// <remarks>
/// Callers who commit again as soon as they are answered would split into two groups that take turns, each of which waits for the other's
/// transaction: twice the syncs for the same commits. So after a transaction the writer waits for as many commits as could come, at most
/// a millisecond; where that was in vain it isn't tried again for a growing number of transactions.
/// </remarks>
internal sealed class CommitQueue
{
    private const int GatherPauseMax = 64;

    /// <summary>About how many bytes a row adds to a transaction beside its payload or body.</summary>
    private const int RowBytes = 256;

    private readonly PostgresStoreOptions _options;
    private readonly CommitLine _waiting;
    private readonly object _signal = new();
    private readonly HashSet<TenantId> _tenants = [];
    private readonly List<PendingCommit> _taken = new(1);
    private volatile int _expected;
    private int _gatherPause;
    private int _gathersSkipped;
    private bool _closed;

    // What was taken and found no place in the transaction: the next one begins with it.
    private PendingCommit? _next;

    public CommitQueue(PostgresStoreOptions options)
    {
        _options = options;
        _waiting = new CommitLine(options, nameof(PostgresStore), Wake);
    }

    /// <summary>Puts a commit in line and gives its result.</summary>
    /// <exception cref="TallystickException">No place became free before the deadline.</exception>
    public ValueTask<CommitResult> EnqueueAsync(PreparedCommit prepared, CancellationToken cancellationToken)
    {
        var result = _waiting.EnqueueAsync(prepared, cancellationToken);
        if (_waiting.Count == _expected)
            Wake();
        return result;
    }

    /// <summary>
    /// Blocks until there is work, then takes the commits for one transaction, in their order: up to the bounds of the options, and one that
    /// removes rows on its own. There are none if their callers have cancelled them. False once the queue is closed and empty.
    /// </summary>
    public bool Take(List<PendingCommit> into)
    {
        lock (_signal)
        {
            while (_next is null && _waiting.Count == 0)
            {
                if (_closed)
                    return false;
                Monitor.Wait(_signal);
            }

            Gather();
        }

        long bytes = 0;
        while (into.Count < _options.GroupCommitMax && TakeNext() is { } commit)
        {
            bytes += BytesOf(commit.Prepared);
            if (into.Count > 0 && (RemovesRows(commit) || RemovesRows(into[0]) || bytes > _options.GroupBytesMax || !HasPlaceFor(commit)))
            {
                _next = commit;
                break;
            }

            _tenants.Add(commit.Prepared.Commit.Tenant);
            if (commit.TryTake())
                into.Add(commit);
        }

        _tenants.Clear();
        return true;
    }

    /// <summary>Lets nothing more in. What is already in line is still written.</summary>
    public void Close()
    {
        _waiting.Close();
        lock (_signal)
        {
            _closed = true;
            Monitor.PulseAll(_signal);
        }
    }

    /// <summary>The writer is about to answer so many callers, who may come back at once.</summary>
    public void Expect(int callers) => _expected = Math.Min(callers + _waiting.Count, _options.GroupCommitMax);

    /// <summary>Waits for those who are expected, as long as that has paid lately.</summary>
    private void Gather()
    {
        if (_waiting.Count >= _expected || _closed)
            return;
        if (_gathersSkipped++ < _gatherPause)
            return;
        _gathersSkipped = 0;
        Monitor.Wait(_signal, millisecondsTimeout: 1);
        _gatherPause = _waiting.Count >= _expected ? 0 : Math.Clamp(_gatherPause * 2, 1, GatherPauseMax);
        _expected = 0;
    }

    private PendingCommit? TakeNext()
    {
        if (_next is { } kept)
        {
            _next = null;
            return kept;
        }

        _taken.Clear();
        return _waiting.Take(_taken, 1) == 1 ? _taken[0] : null;
    }

    private bool HasPlaceFor(PendingCommit commit) =>
        _tenants.Count < _options.GroupTenantsMax || _tenants.Contains(commit.Prepared.Commit.Tenant);

    /// <summary>Whether it removes as many rows as the limits allow: such a commit is a transaction of its own.</summary>
    private static bool RemovesRows(PendingCommit commit) => commit.Prepared.Commit.Life is TenantChange.Erase or TenantChange.Journal;

    private static long BytesOf(PreparedCommit prepared)
    {
        var commit = prepared.Commit;
        return prepared.Bytes + (RowBytes * ((long)prepared.EventCount + commit.Adopted.Length + commit.Remembered.Length + commit.Documents.Length));
    }

    private void Wake()
    {
        lock (_signal)
            Monitor.Pulse(_signal);
    }
}
