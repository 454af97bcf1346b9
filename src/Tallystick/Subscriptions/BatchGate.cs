using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Subscriptions;

/// <summary>
/// Lets a bounded number of batches run at once. Further ones wait: the tenants take turns, and each one's batches go in the order in which
/// they came, so that a tenant that is far behind doesn't hold up the others. (A SemaphoreSlim would resume waiters by way of the thread
/// pool, which a single-threaded simulation doesn't have.)
/// </summary>
internal sealed class BatchGate(int places, TenantShares shares)
{
    private readonly Lock _lock = new();
    private readonly TenantLanes<TaskCompletionSource> _waiting = new(shares);
    private int _free = places;

    public async ValueTask EnterAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TaskCompletionSource turn;
        lock (_lock)
        {
            if (_free > 0)
            {
                _free--;
                return;
            }

            turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add(tenant, turn);
        }

        await using var registration = cancellationToken.Register(() => GiveUp(turn, cancellationToken));
        await turn.Task;
    }

    public void Leave()
    {
        lock (_lock)
        {
            while (_waiting.TryTake(out _, out var next))
            {
                if (next.TrySetResult())
                    return;
            }

            _free++;
        }
    }

    private void GiveUp(TaskCompletionSource turn, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            // If it has just been given a place, it will leave that again.
            if (turn.TrySetCanceled(cancellationToken))
                _waiting.RemoveWhere(static one => one.Task.IsCompleted);
        }
    }
}
