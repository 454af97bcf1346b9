namespace Tallystick.Storage;

/// <summary>
/// The commits that wait for a store's one writer: bounded, many callers in, one consumer out, the tenants in turn (<see cref="TenantQueue{T}"/>).
/// A caller that finds no place waits asynchronously for one, with a deadline. For stores; how the consumer waits is its own affair.
/// </summary>
/// <remarks>Safe for concurrent use. Entering costs no object but the <see cref="PendingCommit"/>, as long as there is a place.</remarks>
public sealed class CommitLine
{
    /// <summary>What a commit costs of its tenant's turn at most, however many events and documents it has.</summary>
    private const int CostMax = 256;

    private readonly StoreOptions _options;
    private readonly string _store;
    private readonly TenantQueue<PendingCommit> _waiting;

    /// <summary>Makes a line.</summary>
    /// <param name="options">Says its length, the tenants' shares, the deadline and the clock.</param>
    /// <param name="store">The store's name, which a caller is told once the line is closed.</param>
    /// <param name="onFirst">Called, outside of any lock, after a commit came into the empty line: to wake the consumer.</param>
    public CommitLine(StoreOptions options, string store, Action onFirst)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _store) = (options, store);
        _waiting = new TenantQueue<PendingCommit>(options.Limits.CommitQueueLength, options.Shares, onFirst);
    }

    /// <summary>How many are in it, without those whose callers wait for a place. The next moment it may differ.</summary>
    public int Count => _waiting.Count;

    /// <summary>Puts a commit in line and gives its result.</summary>
    /// <param name="prepared">The commit.</param>
    /// <param name="cancellationToken">Takes it out of the line again, unless the consumer has taken it before.</param>
    /// <exception cref="TallystickException">No place became free before the deadline (<see cref="StoreOptions.CommitQueueTimeout"/>).</exception>
    /// <exception cref="ObjectDisposedException">The line is closed.</exception>
    public ValueTask<CommitResult> EnqueueAsync(PreparedCommit prepared, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prepared);
        var commit = new PendingCommit(prepared, _options.Time.GetTimestamp());
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
            throw new ObjectDisposedException(_store);
        }
    }

    /// <summary>Takes what is next in turn, also what was cancelled meanwhile: <see cref="PendingCommit.TryTake"/> tells.</summary>
    /// <param name="into">Where to put it.</param>
    /// <param name="max">The most to take.</param>
    /// <returns>How many were taken; 0 if nobody is in line.</returns>
    public int Take(ICollection<PendingCommit> into, int max) => _waiting.Take(into, max);

    /// <summary>Lets nothing more in; who waits for a place fails. What is in line can still be taken.</summary>
    public void Close() => _waiting.Close();

    private static int CostOf(PreparedCommit prepared) =>
        Math.Min(CostMax, 1 + prepared.EventCount + prepared.Commit.Adopted.Length + prepared.Commit.Documents.Length);

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
            throw new ObjectDisposedException(_store);
        }

        return await commit.Task;
    }
}
