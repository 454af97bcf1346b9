using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Writing;

/// <summary>
/// The commits that wait for the writer: bounded, many callers in, one thread out. A caller that finds it full waits asynchronously for a
/// place, with a deadline.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification =
    "Callers may still be leaving the semaphore when the queue is closed; without a wait handle it holds nothing that needs to be freed.")]
internal sealed class CommitQueue(PostgresStoreOptions options)
{
    private readonly SemaphoreSlim _places = new(options.Limits.CommitQueueLength);
    private readonly object _lock = new();
    private readonly Queue<PendingCommit> _waiting = new();
    private readonly HashSet<TenantId> _tenants = [];
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
            if (_waiting.Count == 1)
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
