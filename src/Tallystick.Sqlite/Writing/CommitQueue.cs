using Tallystick.Storage;

namespace Tallystick.Sqlite.Writing;

/// <summary>
/// The commits that wait for the writer: bounded, many callers in, one thread out, the tenants in turn. A caller that finds no place waits
/// asynchronously for one, with a deadline.
/// </summary>
internal sealed class CommitQueue
{
    /// <summary>What a commit costs of its tenant's turn at most, however many events and documents it has.</summary>
    private const int CostMax = 256;

    private readonly SqliteStoreOptions _options;
    private readonly TenantQueue<PendingCommit> _waiting;
    private readonly object _signal = new();
    private bool _closed;

    public CommitQueue(SqliteStoreOptions options)
    {
        _options = options;
        _waiting = new TenantQueue<PendingCommit>(options.Limits.CommitQueueLength, options.Shares, Wake);
    }

    /// <summary>Whether nothing waits. Only a hint: the next moment it may differ.</summary>
    public bool IsEmpty => _waiting.Count == 0;

    /// <summary>Puts a commit in line and gives its result.</summary>
    /// <exception cref="TallystickException">No place became free before the deadline.</exception>
    public ValueTask<CommitResult> EnqueueAsync(PreparedCommit prepared, CancellationToken cancellationToken)
    {
        var commit = new PendingCommit(prepared);
        commit.CancelBy(cancellationToken);
        try
        {
            return _waiting.TryEnqueue(prepared.Commit.Tenant, commit, CostOf(prepared))
                ? commit.Task
                : WaitAndAddAsync(commit, cancellationToken);
        }
        catch (ObjectDisposedException)
        {
            commit.Abandon();
            throw new ObjectDisposedException(nameof(SqliteStore));
        }
    }

    /// <summary>
    /// Blocks until there is work, then takes up to <paramref name="max"/> commits. False once the queue is closed and empty.
    /// </summary>
    public bool Take(List<PendingCommit> into, int max)
    {
        lock (_signal)
        {
            while (_waiting.Count == 0)
            {
                if (_closed)
                    return false;
                Monitor.Wait(_signal);
            }
        }

        _waiting.Take(into, max);
        into.RemoveAll(static commit => !commit.TryTake());
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

    private static int CostOf(PreparedCommit prepared) => Math.Min(CostMax, 1 + prepared.EventCount + prepared.Commit.Documents.Length);

    private void Wake()
    {
        lock (_signal)
            Monitor.Pulse(_signal);
    }

    private async ValueTask<CommitResult> WaitAndAddAsync(PendingCommit commit, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(_options.CommitQueueTimeout, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            await _waiting.EnqueueAsync(commit.Prepared.Commit.Tenant, commit, CostOf(commit.Prepared), either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            commit.Abandon();
            throw new TallystickException(
                $"The commit found no place in the queue of {_options.Limits.CommitQueueLength} (CommitQueueLength) within {_options.CommitQueueTimeout} (CommitQueueTimeout). Nothing was written; try again later.",
                isTransient: true);
        }
        catch (ObjectDisposedException)
        {
            commit.Abandon();
            throw new ObjectDisposedException(nameof(SqliteStore));
        }

        return await commit.Task;
    }
}
