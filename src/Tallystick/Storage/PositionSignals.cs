using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Tenancy;

namespace Tallystick.Storage;

/// <summary>
/// Wakes those who wait for a log or a checkpoint to reach a position. Stores tell it of every advance after it is durable; a waiter is
/// woken once, when its position is reached, and nobody else is. An idle waiter costs an entry in a list and no time.
/// </summary>
/// <remarks>
/// A waiter registers first and reads the stored position afterwards, so an advance in between can't be missed.
/// </remarks>
public sealed class PositionSignals : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Key, WaitingLine> _waiting = [];
    private bool _disposed;

    /// <summary>How many waiters it holds, those who gave up and weren't dropped yet included.</summary>
    internal int WaitingCount
    {
        get
        {
            lock (_lock)
                return _waiting.Values.Sum(line => line.Queue.Count);
        }
    }

    /// <summary>Wakes those who wait for this tenant's log to reach this or an earlier position.</summary>
    public void Advance(TenantId tenant, LogPosition position) => Advance(new Key(tenant, null), position);

    /// <summary>Wakes those who wait for this checkpoint to reach this or an earlier position.</summary>
    public void Advance(TenantId tenant, string checkpoint, LogPosition position) => Advance(new Key(tenant, checkpoint), position);

    /// <summary>Waits until a log or a checkpoint has reached a position.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="checkpoint">The checkpoint; null for the log itself.</param>
    /// <param name="position">The position to reach; 0 is always reached.</param>
    /// <param name="readCurrent">Reads what is stored now.</param>
    /// <param name="cancellationToken">Carries the deadline.</param>
    /// <exception cref="ArgumentException">The tenant is <c>default</c>.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed, or was while someone waited.</exception>
    public async ValueTask WaitAsync(
        TenantId tenant, string? checkpoint, LogPosition position, Func<ValueTask<LogPosition>> readCurrent, CancellationToken cancellationToken)
    {
        ReadChecks.Tenant(tenant);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
            ObjectDisposedException.ThrowIf(_disposed, this);
        if (position == LogPosition.Start)
            return;
        var key = new Key(tenant, checkpoint);
        var waiter = new Waiter();
        Register(key, position, waiter);
        await using var registration = cancellationToken.Register(
            static (state, token) => ((Waiter)state!).TrySetCanceled(token), waiter);
        try
        {
            if (await readCurrent() < position)
                await waiter.Task;
        }
        finally
        {
            if (!waiter.Reached)
                Abandon(key, waiter);
        }
    }

    /// <summary>Whether somebody waits for this log, or checkpoint if one is named, to reach this or an earlier position.</summary>
    public bool IsWaitedFor(TenantId tenant, string? checkpoint, LogPosition position)
    {
        lock (_lock)
            return _waiting.TryGetValue(new Key(tenant, checkpoint), out var line) && line.Queue.TryPeek(out _, out var first) && first <= position.Value;
    }

    /// <summary>
    /// What somebody waits for now, in the order of tenants and checkpoints: for stores that hear of advances elsewhere by messages that may
    /// get lost, and so read from time to time how far these are.
    /// </summary>
    public ImmutableArray<WaitedPosition> Waited()
    {
        lock (_lock)
        {
            return
            [
                .. _waiting.Keys.Order(Comparer<Key>.Create(static (x, y) => string.CompareOrdinal(x.Tenant.Value, y.Tenant.Value) is var order and not 0
                    ? order
                    : string.CompareOrdinal(x.Checkpoint, y.Checkpoint))).Select(key => new WaitedPosition(key.Tenant, key.Checkpoint)),
            ];
        }
    }

    /// <summary>Fails everyone who still waits.</summary>
    public void Dispose()
    {
        List<Waiter> waiters = [];
        lock (_lock)
        {
            _disposed = true;
            foreach (var line in _waiting.Values)
                waiters.AddRange(line.Queue.UnorderedItems.Select(item => item.Element));
            _waiting.Clear();
        }

        foreach (var waiter in waiters)
            waiter.TrySetException(new ObjectDisposedException(nameof(PositionSignals), "The store was closed while someone waited for a position."));
    }

    private void Register(Key key, LogPosition position, Waiter waiter)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_waiting.TryGetValue(key, out var line))
                _waiting.Add(key, line = new WaitingLine());
            line.Queue.Enqueue(waiter, position.Value);
        }
    }

    private void Advance(Key key, LogPosition position)
    {
        List<Waiter>? reached = null;
        lock (_lock)
        {
            if (!_waiting.TryGetValue(key, out var line))
                return;
            while (line.Queue.TryPeek(out var waiter, out var wanted) && wanted <= position.Value)
            {
                line.Queue.Dequeue();
                waiter.Reached = true;
                if (waiter.Abandoned)
                    line.Abandoned--;
                else
                    (reached ??= []).Add(waiter);
            }

            if (line.Queue.Count == 0)
                _waiting.Remove(key);
        }

        foreach (var waiter in reached ?? [])
            waiter.TrySetResult();
    }

    /// <summary>Counts a waiter that gave up; once half of a line gave up, the line is made anew, so that giving up never leaks.</summary>
    private void Abandon(Key key, Waiter waiter)
    {
        lock (_lock)
        {
            if (waiter.Reached || !_waiting.TryGetValue(key, out var line))
                return;
            waiter.Abandoned = true;
            if (++line.Abandoned * 2 < line.Queue.Count)
                return;
            var live = line.Queue.UnorderedItems.Where(item => !item.Element.Abandoned).ToArray();
            if (live.Length == 0)
                _waiting.Remove(key);
            else
                _waiting[key] = new WaitingLine { Queue = new PriorityQueue<Waiter, long>(live) };
        }
    }

    private readonly record struct Key(TenantId Tenant, string? Checkpoint);

    private sealed class WaitingLine
    {
        public PriorityQueue<Waiter, long> Queue { get; init; } = new();

        public int Abandoned { get; set; }
    }

    private sealed class Waiter() : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        /// <summary>Taken out of its line; guarded by the lock.</summary>
        public bool Reached { get; set; }

        /// <summary>Left in its line although nobody waits any more; guarded by the lock.</summary>
        public bool Abandoned { get; set; }
    }
}

/// <summary>A log or a checkpoint that somebody waits for.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="Checkpoint">The checkpoint; null for the log itself.</param>
public readonly record struct WaitedPosition(TenantId Tenant, string? Checkpoint);
