using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Writing;

/// <summary>
/// The commits that wait for the writer: bounded, many callers in, one thread out, the tenants in turn. A caller that finds no place waits
/// asynchronously for one, with a deadline.
/// </summary>
internal sealed class CommitQueue
{
    /// <summary>What a commit costs of its tenant's turn at most, however many events and documents it has.</summary>
    private const int CostMax = 256;

    private readonly PostgresStoreOptions _options;
    private readonly TenantQueue<PendingCommit> _waiting;
    private readonly object _signal = new();
    private readonly HashSet<TenantId> _tenants = [];
    private readonly List<PendingCommit> _taken = new(1);
    private bool _closed;

    // What was taken and found no place in the transaction: the next one begins with it.
    private PendingCommit? _next;

    public CommitQueue(PostgresStoreOptions options)
    {
        _options = options;
        _waiting = new TenantQueue<PendingCommit>(options.Limits.CommitQueueLength, options.Shares, Wake);
    }

    /// <summary>Puts a commit in line and gives its result.</summary>
    /// <exception cref="TallystickException">No place became free before the deadline.</exception>
    public ValueTask<CommitResult> EnqueueAsync(PreparedCommit prepared, CancellationToken cancellationToken)
    {
        var commit = new PendingCommit(prepared, _options.Time.GetTimestamp());
        commit.CancelBy(cancellationToken);
        try
        {
            return _waiting.TryEnqueue(prepared.Commit.Tenant, commit, CostOf(prepared.Commit, prepared.EventCount))
                ? commit.Task
                : WaitAndAddAsync(commit, cancellationToken);
        }
        catch (ObjectDisposedException)
        {
            commit.Abandon();
            throw new ObjectDisposedException(nameof(PostgresStore));
        }
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
        }

        long bytes = 0;
        while (into.Count < _options.GroupCommitMax && TakeNext() is { } commit)
        {
            bytes += commit.Bytes;
            if (into.Count > 0 && (commit.RemovesRows || into[0].RemovesRows || bytes > _options.GroupBytesMax || !HasPlaceFor(commit)))
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

    private static int CostOf(Commit commit, int events) => Math.Min(CostMax, 1 + events + commit.Adopted.Length + commit.Documents.Length);

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

    private void Wake()
    {
        lock (_signal)
            Monitor.Pulse(_signal);
    }

    private async ValueTask<CommitResult> WaitAndAddAsync(PendingCommit commit, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(_options.CommitQueueTimeout, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var prepared = commit.Prepared;
        try
        {
            await _waiting.EnqueueAsync(prepared.Commit.Tenant, commit, CostOf(prepared.Commit, prepared.EventCount), either.Token);
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
            throw new ObjectDisposedException(nameof(PostgresStore));
        }

        return await commit.Task;
    }
}
