namespace Tallystick.Subscriptions;

/// <summary>
/// Lets a bounded number of batches run at once; further ones wait in the order in which they came. (A SemaphoreSlim would resume waiters
/// by way of the thread pool, which a single-threaded simulation doesn't have.)
/// </summary>
internal sealed class BatchGate(int places)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<TaskCompletionSource> _waiting = new();
    private int _free = places;

    public async ValueTask EnterAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        LinkedListNode<TaskCompletionSource> node;
        lock (_lock)
        {
            if (_free > 0)
            {
                _free--;
                return;
            }

            node = _waiting.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        await using var registration = cancellationToken.Register(() => GiveUp(node, cancellationToken));
        await node.Value.Task;
    }

    public void Leave()
    {
        lock (_lock)
        {
            if (_waiting.First is not { } next)
            {
                _free++;
                return;
            }

            _waiting.RemoveFirst();
            next.Value.TrySetResult();
        }
    }

    private void GiveUp(LinkedListNode<TaskCompletionSource> node, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            // Not in the list any more: it has just been given a place, which it will leave again.
            if (node.List is null)
                return;
            _waiting.Remove(node);
            node.Value.TrySetCanceled(cancellationToken);
        }
    }
}
