using Tallystick.Storage;

namespace Tallystick.Sqlite.Writing;

/// <summary>
/// The commits that wait for the writer: bounded, many callers in, one thread out. A caller that finds it full waits asynchronously for a
/// place, with a deadline.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification =
    "Callers may still be leaving the semaphore when the queue is closed; without a wait handle it holds nothing that needs to be freed.")]
internal sealed class CommitQueue(SqliteStoreOptions options)
{
    private readonly SemaphoreSlim _places = new(options.Limits.CommitQueueLength);
    private readonly object _lock = new();
    private readonly Queue<PendingCommit> _waiting = new();
    private bool _closed;

    /// <summary>Whether nothing waits. Only a hint: the next moment it may differ.</summary>
    public bool IsEmpty => _waiting.Count == 0;

    /// <summary>Puts a commit in line and gives its result.</summary>
    /// <exception cref="TallystickException">No place became free before the deadline.</exception>
    public ValueTask<CommitResult> EnqueueAsync(PreparedCommit prepared, CancellationToken cancellationToken) =>
        _places.Wait(0, CancellationToken.None) ? Add(prepared, cancellationToken) : WaitAndAddAsync(prepared, cancellationToken);

    /// <summary>
    /// Blocks until there is work, then takes up to <paramref name="max"/> commits. False once the queue is closed and empty.
    /// </summary>
    public bool Take(List<PendingCommit> into, int max)
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
            while (taken < max && _waiting.TryDequeue(out var commit))
            {
                taken++;
                if (commit.TryTake())
                    into.Add(commit);
            }

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

    private ValueTask<CommitResult> Add(PreparedCommit prepared, CancellationToken cancellationToken)
    {
        var commit = new PendingCommit(prepared);
        commit.CancelBy(cancellationToken);
        lock (_lock)
        {
            if (_closed)
            {
                commit.Abandon();
                _places.Release();
                throw new ObjectDisposedException(nameof(SqliteStore));
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
