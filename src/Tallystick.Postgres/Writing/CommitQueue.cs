using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Writing;

/// <summary>
/// The commits that wait for the writer: bounded, many callers in, one thread out. A caller that finds it full waits asynchronously for a
/// place, with a deadline.
/// </summary>
/// <remarks>
/// Callers who commit again as soon as they are answered would split into two groups that take turns, each of which waits for the other's
/// transaction: twice the syncs for the same commits. So after a transaction the writer waits for as many commits as could come, at most
/// a millisecond; where that was in vain it isn't tried again for a growing number of transactions.
/// </remarks>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification =
    "Callers may still be leaving the semaphore when the queue is closed; without a wait handle it holds nothing that needs to be freed.")]
internal sealed class CommitQueue(PostgresStoreOptions options)
{
    private const int GatherPauseMax = 64;

    private readonly SemaphoreSlim _places = new(options.Limits.CommitQueueLength);
    private readonly object _lock = new();
    private readonly Queue<PendingCommit> _waiting = new();
    private readonly HashSet<TenantId> _tenants = [];
    private int _expected;
    private int _gatherPause;
    private int _gathersSkipped;
    private bool _closed;

    /// <summary>Puts a commit in line and gives its result.</summary>
    /// <exception cref="TallystickException">No place became free before the deadline.</exception>
    public ValueTask<CommitResult> EnqueueAsync(PreparedCommit prepared, CancellationToken cancellationToken) =>
        _places.Wait(0, CancellationToken.None) ? Add(prepared, cancellationToken) : WaitAndAddAsync(prepared, cancellationToken);

    /// <summary>
    /// Blocks until there is work, then takes the commits for one transaction, in their order: at least one, and up to the bounds of the
    /// options. False once the queue is closed and empty.
    /// </summary>
    public bool Take(List<PendingCommit> into)
    {
        lock (_lock)
        {
            while (_waiting.Count == 0)
            {
                if (_closed)
                    return false;
                Monitor.Wait(_lock);
            }

            Gather();
            var taken = 0;
            long bytes = 0;
            while (taken < options.GroupCommitMax && _waiting.TryPeek(out var commit))
            {
                bytes += commit.Bytes;
                if (!HasPlaceFor(commit) || (into.Count > 0 && bytes > options.GroupBytesMax))
                    break;
                _waiting.Dequeue();
                taken++;
                if (commit.TryTake())
                    into.Add(commit);
            }

            _tenants.Clear();
            _places.Release(taken);
        }

        return true;
    }

    /// <summary>Lets nothing more in. What is already in line is still written.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>The writer is about to answer so many callers, who may come back at once.</summary>
    public void Expect(int callers)
    {
        lock (_lock)
            _expected = Math.Min(callers + _waiting.Count, options.GroupCommitMax);
    }

    /// <summary>Waits for those who are expected, as long as that has paid lately.</summary>
    private void Gather()
    {
        if (_waiting.Count >= _expected || _closed)
            return;
        if (_gathersSkipped++ < _gatherPause)
            return;
        _gathersSkipped = 0;
        Monitor.Wait(_lock, millisecondsTimeout: 1);
        _gatherPause = _waiting.Count >= _expected ? 0 : Math.Clamp(_gatherPause * 2, 1, GatherPauseMax);
        _expected = 0;
    }

    private bool HasPlaceFor(PendingCommit commit)
    {
        var tenant = commit.Prepared.Commit.Tenant;
        return _tenants.Contains(tenant) || (_tenants.Count < options.GroupTenantsMax && _tenants.Add(tenant));
    }

    private ValueTask<CommitResult> Add(PreparedCommit prepared, CancellationToken cancellationToken)
    {
        var commit = new PendingCommit(prepared, options.Time.GetTimestamp());
        commit.CancelBy(cancellationToken);
        lock (_lock)
        {
            if (_closed)
            {
                commit.Abandon();
                _places.Release();
                throw new ObjectDisposedException(nameof(PostgresStore));
            }

            _waiting.Enqueue(commit);
            if (_waiting.Count == 1 || _waiting.Count == _expected)
                Monitor.Pulse(_lock);
        }

        return commit.Task;
    }

    private async ValueTask<CommitResult> WaitAndAddAsync(PreparedCommit prepared, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(options.CommitQueueTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            await _places.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TallystickException(
                $"The commit found no place in the queue of {options.Limits.CommitQueueLength} (CommitQueueLength) within {options.CommitQueueTimeout} (CommitQueueTimeout). Nothing was written; try again later.",
                isTransient: true);
        }

        return await Add(prepared, cancellationToken);
    }
}
