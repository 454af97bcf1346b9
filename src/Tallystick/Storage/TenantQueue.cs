using Tallystick.Tenancy;

namespace Tallystick.Storage;

/// <summary>
/// A bounded queue from many callers to one consumer that is fair between tenants: each tenant has a line of its own, first in first out,
/// and the lines are served in turn, as often as their <see cref="TenantShares"/> say. For stores, whose writer has such a queue in front of it.
/// </summary>
/// <remarks>
/// <para>
/// A tenant alone may fill the whole queue. Once it is full, a tenant gets in that has less in it than its share; one that has more waits until
/// the consumer has taken something. So one that floods makes only its own callers wait. All tenants together never have more in it than twice
/// the capacity, and one each.
/// </para>
/// <para>Safe for concurrent use. It has no thread and no clock; who waits is woken by the consumer's taking.</para>
/// </remarks>
/// <typeparam name="T">What is queued.</typeparam>
public sealed class TenantQueue<T>
{
    private readonly Lock _lock = new();
    private readonly int _capacity;
    private readonly TenantLanes<T> _line;
    private readonly TenantLanes<Waiter> _waiting;
    private readonly Action? _onFirst;
    private readonly Func<TenantId, bool> _mayEnter;
    private volatile int _count;
    private int _abandoned;
    private bool _closed;

    /// <summary>Makes a queue.</summary>
    /// <param name="capacity">How many a tenant may have in it that is alone.</param>
    /// <param name="shares">The tenants' weights.</param>
    /// <param name="onFirst">
    /// Called, outside of any lock, after something came into the empty queue: to wake the consumer. Null: nobody needs to be woken.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is less than 1.</exception>
    public TenantQueue(int capacity, TenantShares shares, Action? onFirst = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentNullException.ThrowIfNull(shares);
        (_capacity, _onFirst, _mayEnter) = (capacity, onFirst, MayEnter);
        (_line, _waiting) = (new TenantLanes<T>(shares), new TenantLanes<Waiter>(shares));
    }

    /// <summary>How many are in it, without those whose callers wait for a place. The next moment it may differ.</summary>
    public int Count => _count;

    /// <summary>Puts something in line if there is a place for it at once.</summary>
    /// <param name="tenant">Whose it is.</param>
    /// <param name="item">What.</param>
    /// <param name="cost">How much of its tenant's turn it takes; at least 1.</param>
    /// <exception cref="ObjectDisposedException">The queue is closed.</exception>
    public bool TryEnqueue(TenantId tenant, T item, int cost = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(cost, 1);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (!MayEnter(tenant) || (_waiting.Count > 0 && _waiting.CountOf(tenant) > 0))
                return false;
            Add(tenant, item, cost);
            if (_line.Count > 1)
                return true;
        }

        _onFirst?.Invoke();
        return true;
    }

    /// <summary>Puts something in line, as soon as there is a place for it.</summary>
    /// <param name="tenant">Whose it is.</param>
    /// <param name="item">What.</param>
    /// <param name="cost">How much of its tenant's turn it takes; at least 1.</param>
    /// <param name="cancellationToken">Cancels the waiting; then it never comes into the line. Pass a deadline by it.</param>
    /// <exception cref="ObjectDisposedException">The queue was closed before there was a place.</exception>
    public async ValueTask EnqueueAsync(TenantId tenant, T item, int cost, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (TryEnqueue(tenant, item, cost))
            return;
        var waiter = new Waiter(item, cost);
        bool isFirst;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            isFirst = _line.Count == 0;
            _waiting.Add(tenant, waiter);
            Admit(); // A place may have become free since.
            isFirst &= _line.Count > 0;
        }

        if (isFirst)
            _onFirst?.Invoke();
        await using var registration = cancellationToken.UnsafeRegister(
            static (state, token) =>
            {
                var (queue, waiter) = ((TenantQueue<T>, Waiter))state!;
                queue.GiveUp(waiter, token);
            },
            (this, waiter));
        await waiter.Task;
    }

    /// <summary>Takes what is next in turn, and lets in who waits for a place.</summary>
    /// <param name="into">Where to put it.</param>
    /// <param name="max">The most to take.</param>
    /// <returns>How many were taken; 0 if the queue is empty.</returns>
    public int Take(ICollection<T> into, int max)
    {
        ArgumentNullException.ThrowIfNull(into);
        lock (_lock)
        {
            var taken = 0;
            while (taken < max && _line.TryTake(out _, out var item))
            {
                into.Add(item);
                taken++;
            }

            _count = _line.Count;
            Admit();
            return taken;
        }
    }

    /// <summary>Lets nothing more in; who waits for a place fails. What is in line can still be taken.</summary>
    public void Close()
    {
        List<Waiter> failed = [];
        lock (_lock)
        {
            _closed = true;
            while (_waiting.TryTake(out _, out var waiter))
                failed.Add(waiter);
        }

        foreach (var waiter in failed)
            waiter.TrySetException(new ObjectDisposedException(GetType().Name, "The queue was closed while a place in it was waited for."));
    }

    private bool MayEnter(TenantId tenant)
    {
        if (_line.Count < _capacity)
            return true;
        var own = _line.CountOf(tenant);
        if (own == 0)
            return true;
        // Its own share is in the sum: it has something in line.
        return _line.Count < 2L * _capacity && own < (long)_capacity * _line.ShareOf(tenant) / _line.ShareSum;
    }

    private void Add(TenantId tenant, T item, int cost)
    {
        _line.Add(tenant, item, cost);
        _count = _line.Count;
    }

    /// <summary>Lets in who waits, in turn, as far as there are places.</summary>
    private void Admit()
    {
        while (_waiting.Count > 0 && _waiting.TryTakeOf(_mayEnter, out var tenant, out var waiter))
        {
            // One that was cancelled has told its caller so, and never comes into the line.
            if (waiter.TrySetResult())
                Add(tenant, waiter.Item, waiter.Cost);
            else
                _abandoned--;
        }
    }

    /// <summary>Once half of those who wait have given up, the others are gathered anew, so that giving up never leaks.</summary>
    private void GiveUp(Waiter waiter, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!waiter.TrySetCanceled(cancellationToken) || _closed || ++_abandoned * 2 < _waiting.Count)
                return;
            _waiting.RemoveWhere(static one => one.Task.IsCompleted);
            _abandoned = 0;
        }
    }

    private sealed class Waiter(T item, int cost) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public T Item => item;

        public int Cost => cost;
    }
}
