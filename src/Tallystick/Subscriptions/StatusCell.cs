namespace Tallystick.Subscriptions;

/// <summary>The status of a projection or subscription, with those who wait for it to become something.</summary>
internal sealed class StatusCell(SubscriptionStatus initial)
{
    private readonly Lock _lock = new();
    private readonly List<(Func<SubscriptionStatus, bool> Wanted, TaskCompletionSource<SubscriptionStatus> Source)> _waiting = [];
    private SubscriptionStatus _status = initial;

    public SubscriptionStatus Value
    {
        get
        {
            lock (_lock)
                return _status;
        }
    }

    public void Set(SubscriptionStatus status)
    {
        lock (_lock)
        {
            _status = status;
            for (var i = _waiting.Count - 1; i >= 0; i--)
            {
                var (wanted, source) = _waiting[i];
                if (IsWanted(wanted, status, source))
                    source.TrySetResult(status);
                else if (status.NotHere() is { } moved)
                    source.TrySetException(moved);
                else
                    continue;
                _waiting.RemoveAt(i);
            }
        }
    }

    public async Task<SubscriptionStatus> WaitAsync(Func<SubscriptionStatus, bool> wanted, CancellationToken cancellationToken)
    {
        var source = new TaskCompletionSource<SubscriptionStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (wanted(_status))
                return _status;
            if (_status.NotHere() is { } moved)
                throw moved;
            _waiting.Add((wanted, source));
        }

        await using var registration = cancellationToken.Register(() =>
        {
            lock (_lock)
                _waiting.RemoveAll(waiter => waiter.Source == source);
            source.TrySetCanceled(cancellationToken);
        });
        return await source.Task;
    }

    /// <summary>A caller's predicate that throws fails the caller's wait, not the runner.</summary>
    private static bool IsWanted(Func<SubscriptionStatus, bool> wanted, SubscriptionStatus status, TaskCompletionSource<SubscriptionStatus> source)
    {
        try
        {
            return wanted(status);
        }
        catch (Exception error)
        {
            source.TrySetException(error);
            return true;
        }
    }
}
