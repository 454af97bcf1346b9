using Tallystick.Subscriptions;
using Tallystick.Tenancy.Moving;

namespace Tallystick.Tenancy;

/// <summary>The moves that this node may work at, and when. Each is given to one worker at a time, the one that is due for longest first.</summary>
internal sealed class MoveQueue(TimeProvider time)
{
    /// <summary>The longest single wait; longer ones are parted, since no timer takes them.</summary>
    private static readonly TimeSpan WaitMax = TimeSpan.FromDays(1);

    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Takes note of what is to be done for a tenant; null: nothing. Whoever works at another step is told to end.</summary>
    public void Note(TenantId tenant, MoveStep? step, DateTimeOffset? due)
    {
        MoveTurn? overtaken = null;
        lock (_lock)
        {
            if (!_entries.TryGetValue(tenant.Value, out var entry))
            {
                if (step is null)
                    return;
                _entries.Add(tenant.Value, entry = new Entry());
            }

            if (entry.Step != step)
            {
                (entry.Step, entry.Failures, entry.Failure) = (step, 0, null);
                // A worker takes the steps that follow from its own by itself; what an operator asks for meanwhile doesn't follow.
                if (step is MoveStep.Abandoning)
                    overtaken = entry.Turn;
            }

            entry.Notes++;
            entry.Due = due ?? DateTimeOffset.MinValue;
            if (step is null && entry.Turn is null)
                _entries.Remove(tenant.Value);
            Tell();
        }

        overtaken?.Overtake();
    }

    /// <summary>What is being done for a tenant, or has failed; null if nothing.</summary>
    public MoveWork? WorkFor(TenantId tenant)
    {
        lock (_lock)
        {
            return _entries.TryGetValue(tenant.Value, out var entry) && (entry.Turn is not null || entry.Failure is not null)
                ? new MoveWork(entry.Progress, entry.Failure, entry.Failures, entry.Turn is null ? entry.Due : null) : null;
        }
    }

    /// <summary>Waits until a move is due, and takes it until the turn is disposed.</summary>
    public async ValueTask<MoveTurn> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            var wait = Timeout.InfiniteTimeSpan;
            lock (_lock)
            {
                changed = _changed.Task;
                var waiting = _entries.Where(pair => pair.Value is { Turn: null, Step: not null }).ToArray();
                if (waiting.Length > 0)
                {
                    var (name, first) = waiting.MinBy(pair => pair.Value.Due);
                    wait = first.Due - time.GetUtcNow();
                    if (wait <= TimeSpan.Zero)
                        return first.Turn = new MoveTurn(this, first, TenantId.Parse(name));
                }
            }

            try
            {
                await changed.ObserveAsync().WaitAsync(wait < WaitMax ? wait : WaitMax, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                // One is due.
            }
        }
    }

    internal void Change(Entry entry, Action<Entry> change)
    {
        lock (_lock)
        {
            change(entry);
            Tell();
        }
    }

    internal void Leave(TenantId tenant, Entry entry)
    {
        lock (_lock)
        {
            entry.Turn = null;
            if (entry.Step is null && _entries.GetValueOrDefault(tenant.Value) == entry)
                _entries.Remove(tenant.Value);
            Tell();
        }
    }

    internal DateTimeOffset In(TimeSpan delay) => time.GetUtcNow() + delay;

    private void Tell()
    {
        var changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.SetResult();
    }

    /// <summary>A tenant's move. Guarded by the queue's lock.</summary>
    internal sealed class Entry
    {
        public MoveStep? Step { get; set; }

        public DateTimeOffset Due { get; set; }

        /// <summary>How often anything was noted.</summary>
        public long Notes { get; set; }

        public MoveTurn? Turn { get; set; }

        public TenantMoveProgress? Progress { get; set; }

        public string? Failure { get; set; }

        public int Failures { get; set; }
    }
}

/// <summary>A worker's right to work at a move, until it is disposed.</summary>
internal sealed class MoveTurn(MoveQueue queue, MoveQueue.Entry entry, TenantId tenant) : IProgress<TenantMoveProgress>, IDisposable
{
    private readonly CancellationTokenSource _overtaken = new();
    private long _notes;

    public TenantId Tenant => tenant;

    /// <summary>How often in a row it has failed.</summary>
    public int Failures => entry.Failures;

    /// <summary>Cancelled when something else is to be done for the tenant.</summary>
    public CancellationToken Overtaken => _overtaken.Token;

    public void Report(TenantMoveProgress value) => queue.Change(entry, one => one.Progress = value);

    /// <summary>The catalog is about to be read: what is noted from now on may be newer.</summary>
    public void Look() => queue.Change(entry, one => _notes = one.Notes);

    /// <summary>Nothing was left to be done when the catalog was looked at.</summary>
    public void Done() => queue.Change(entry, one =>
    {
        (one.Failure, one.Failures, one.Progress) = (null, 0, null);
        if (one.Notes == _notes)
            one.Step = null;
    });

    /// <summary>It failed, and is due again after a while.</summary>
    public void Fail(string why, TimeSpan delay) => queue.Change(entry, one => (one.Failure, one.Failures, one.Due) = (why, one.Failures + 1, queue.In(delay)));

    /// <summary>Somebody else works at it, at least for a while.</summary>
    public void TryAgainIn(TimeSpan delay) => queue.Change(entry, one => one.Due = queue.In(delay));

    public void Overtake() => _overtaken.Cancel();

    public void Dispose() => queue.Leave(tenant, entry);
}
