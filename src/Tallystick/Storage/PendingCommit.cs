using System.Threading.Tasks.Sources;

namespace Tallystick.Storage;

/// <summary>
/// A commit on its way through a store's writer. Exactly one of two things happens first: the writer takes it, and then its result is
/// awaited; or its caller cancels it, and then it is never written. For stores that have a <see cref="CommitLine"/>.
/// </summary>
/// <param name="prepared">The commit.</param>
/// <param name="since">The timestamp at which it came, by the store's clock.</param>
public sealed class PendingCommit(PreparedCommit prepared, long since) : IValueTaskSource<CommitResult>
{
    private const int Waiting = 0, Taken = 1, Cancelled = 2;

    // Continuations leave the writer's thread, which has nothing but writing to do.
    private ManualResetValueTaskSourceCore<CommitResult> _result = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _cancellation;
    private int _state;

    /// <summary>The commit.</summary>
    public PreparedCommit Prepared { get; } = prepared;

    /// <summary>The timestamp at which it came, by the store's clock (<see cref="TimeProvider.GetTimestamp"/>).</summary>
    public long Since { get; } = since;

    /// <summary>What the writer decided; it is told to the caller only once it is durable.</summary>
    public CommitResult? Outcome { get; set; }

    /// <summary>Why the writer failed on it, or why it can't be taken.</summary>
    public Exception? Failure { get; set; }

    /// <summary>What the caller awaits, once.</summary>
    public ValueTask<CommitResult> Task => new(this, _result.Version);

    /// <summary>Takes it for writing; false if its caller has cancelled it.</summary>
    public bool TryTake() => Interlocked.CompareExchange(ref _state, Taken, Waiting) == Waiting;

    /// <summary>Tells the caller: the failure if there is one, else the outcome.</summary>
    /// <exception cref="InvalidOperationException">There is neither.</exception>
    public void Complete()
    {
        _cancellation.Unregister();
        if (Failure is { } failure)
            _result.SetException(failure);
        else
            _result.SetResult(Outcome ?? throw new InvalidOperationException("A commit was completed without an outcome."));
    }

    CommitResult IValueTaskSource<CommitResult>.GetResult(short token) => _result.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<CommitResult>.GetStatus(short token) => _result.GetStatus(token);

    void IValueTaskSource<CommitResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _result.OnCompleted(continuation, state, token, flags);

    internal void CancelBy(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            _cancellation = cancellationToken.UnsafeRegister(
                static (state, token) => ((PendingCommit)state!).Cancel(token), this);
        }
    }

    /// <summary>Lets go of the caller's token: the commit never came into the line.</summary>
    internal void Abandon() => _cancellation.Unregister();

    private void Cancel(CancellationToken token)
    {
        if (Interlocked.CompareExchange(ref _state, Cancelled, Waiting) == Waiting)
            _result.SetException(new OperationCanceledException("The commit was cancelled while it waited for the writer; nothing was written.", token));
    }
}
