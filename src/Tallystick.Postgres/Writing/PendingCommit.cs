using System.Threading.Tasks.Sources;
using Tallystick.Storage;

namespace Tallystick.Postgres.Writing;

/// <summary>
/// A commit on its way through the writer. Exactly one of two things happens first: the writer takes it, and then its result is awaited; or
/// its caller cancels it, and then it is never written.
/// </summary>
internal sealed class PendingCommit(PreparedCommit prepared, long since) : IValueTaskSource<CommitResult>
{
    private const int Waiting = 0, Taken = 1, Cancelled = 2;

    // Continuations leave the writer's thread, which has nothing but writing to do.
    private ManualResetValueTaskSourceCore<CommitResult> _result = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _cancellation;
    private int _state;

    public PreparedCommit Prepared { get; } = prepared;

    /// <summary>The timestamp at which it came in line.</summary>
    public long Since { get; } = since;

    /// <summary>About how many bytes it adds to a transaction.</summary>
    public long Bytes { get; } = BytesOf(prepared.Commit);

    /// <summary>Whether it removes as many rows as the limits allow: such a commit is a transaction of its own.</summary>
    public bool RemovesRows => Prepared.Commit.Life is TenantChange.Erase or TenantChange.Journal;

    /// <summary>What the writer decided; it is told to the caller only once it is durable.</summary>
    public CommitResult? Outcome { get; set; }

    /// <summary>Why the writer failed on it, or why it can't be taken.</summary>
    public Exception? Failure { get; set; }

    public ValueTask<CommitResult> Task => new(this, _result.Version);

    public void CancelBy(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            _cancellation = cancellationToken.UnsafeRegister(
                static (state, token) => ((PendingCommit)state!).Cancel(token), this);
        }
    }

    /// <summary>Takes it for writing; false if its caller has cancelled it.</summary>
    public bool TryTake() => Interlocked.CompareExchange(ref _state, Taken, Waiting) == Waiting;

    /// <summary>Lets go of the caller's token: the commit never came into the queue.</summary>
    public void Abandon() => _cancellation.Unregister();

    /// <summary>Tells the caller.</summary>
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

    private static long BytesOf(Commit commit)
    {
        const int RowBytes = 256;
        long bytes = 0;
        foreach (var append in commit.Appends)
        {
            foreach (var e in append.Events)
                bytes += RowBytes + e.Payload.Length;
        }

        foreach (var e in commit.Adopted)
            bytes += RowBytes + e.Payload.Length;
        bytes += RowBytes * (long)commit.Remembered.Length;
        foreach (var change in commit.Documents)
            bytes += RowBytes + (change is DocumentChange.Put { Document.Body: var body } ? body.Length : 0);
        return bytes;
    }

    private void Cancel(CancellationToken token)
    {
        if (Interlocked.CompareExchange(ref _state, Cancelled, Waiting) == Waiting)
            _result.SetException(new OperationCanceledException("The commit was cancelled while it waited for the writer; nothing was written.", token));
    }
}
