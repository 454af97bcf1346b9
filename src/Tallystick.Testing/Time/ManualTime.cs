namespace Tallystick.Testing.Time;

/// <summary>
/// A clock that stands still until a test moves it. Timers fire within <see cref="Advance"/>, on its thread, in the order in which they are
/// due, and while one fires the clock stands at its due time. Nothing waits for real time, so an hour passes at once, and always alike.
/// </summary>
/// <remarks>
/// As in a real machine there are two clocks: the wall clock (<see cref="Now"/>), which may be set to anything, and the time that passes
/// (timestamps and timers), which only <see cref="Advance"/> moves and which never goes back. May be used by many threads at once.
/// A callback may set, change and dispose timers, and advance the clock itself. What a callback throws leaves <see cref="Advance"/>, with
/// the clock at that timer's due time and later timers still set.
/// </remarks>
public sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<ManualTimer, (long Due, long Order)> _timers = new();
    private readonly List<(int Timers, TaskCompletionSource Reached)> _waiting = [];
    private long _elapsed;
    private long _wallStart;
    private long _orders;

    /// <summary>A clock that shows noon of 1 January 2026 in UTC.</summary>
    public ManualTime()
        : this(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero))
    {
    }

    /// <summary>A clock that shows this time.</summary>
    public ManualTime(DateTimeOffset start) => _wallStart = start.UtcTicks;

    /// <summary>
    /// What the wall clock shows, in UTC. Setting it, also back, is what an administrator or a time server does to a machine: no timer fires
    /// by it and no timestamp changes.
    /// </summary>
    public DateTimeOffset Now
    {
        get
        {
            lock (_lock)
                return new DateTimeOffset(_wallStart + _elapsed, TimeSpan.Zero);
        }

        set
        {
            lock (_lock)
                _wallStart = value.UtcTicks - _elapsed;
        }
    }

    /// <summary>How many timers are set: how many wait for a time.</summary>
    public int TimerCount
    {
        get
        {
            lock (_lock)
                return _timers.Count;
        }
    }

    /// <summary>How long it is until the next timer is due; null if none is set.</summary>
    public TimeSpan? NextDue
    {
        get
        {
            lock (_lock)
                return _timers.TryPeek(out _, out var next) ? TimeSpan.FromTicks(next.Due - _elapsed) : null;
        }
    }

    /// <summary>UTC: no test depends on where it runs.</summary>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => Now;

    /// <inheritdoc/>
    public override long GetTimestamp()
    {
        lock (_lock)
            return _elapsed;
    }

    /// <summary>Sets a timer. One that is due at once fires before this returns.</summary>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock on and fires every timer that becomes due on the way, a periodic one as often as it does.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Time doesn't go back; set <see cref="Now"/> to set the wall clock back.</exception>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        long target;
        lock (_lock)
            target = _elapsed + by.Ticks;
        while (TakeDue(target) is { } timer)
            timer.Fire();
    }

    /// <summary>Moves the clock to where the next timer is due, and fires all that are due then.</summary>
    /// <returns>How far it moved; null if no timer is set, and then it didn't.</returns>
    public TimeSpan? AdvanceToNext()
    {
        var next = NextDue;
        if (next is { } by)
            Advance(by);
        return next;
    }

    /// <summary>Completes, by a signal, as soon as somebody waits for a time: the moment to advance the clock.</summary>
    /// <param name="cancellationToken">Carries the deadline.</param>
    public Task WhenAwaitedAsync(CancellationToken cancellationToken) => WhenAwaitedAsync(1, cancellationToken);

    /// <summary>Completes, by a signal, as soon as so many timers are set.</summary>
    /// <param name="timers">How many, at least 1.</param>
    /// <param name="cancellationToken">Carries the deadline.</param>
    public Task WhenAwaitedAsync(int timers, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timers, 1);
        lock (_lock)
        {
            if (_timers.Count >= timers)
                return Task.CompletedTask;
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((timers, reached));
            return reached.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Waits until somebody waits for a time, and then moves the clock to the next one.</summary>
    /// <param name="cancellationToken">Carries the deadline.</param>
    /// <returns>How far the clock moved.</returns>
    public async Task<TimeSpan> AdvanceToNextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await WhenAwaitedAsync(cancellationToken);
            // The one who waited may have given up in between.
            if (AdvanceToNext() is { } moved)
                return moved;
        }
    }

    /// <summary>The next timer that is due up to a time, with the clock at its due time; null if there is none, with the clock at that time.</summary>
    private ManualTimer? TakeDue(long target)
    {
        lock (_lock)
        {
            // A callback that advanced the clock itself may have moved it beyond the target.
            if (!_timers.TryPeek(out var timer, out var next) || next.Due > target)
            {
                _elapsed = Math.Max(_elapsed, target);
                return null;
            }

            _timers.Dequeue();
            _elapsed = Math.Max(_elapsed, next.Due);
            if (timer.Period > 0)
                Enqueue(timer, next.Due + timer.Period);
            return timer;
        }
    }

    private void Enqueue(ManualTimer timer, long due)
    {
        _timers.Enqueue(timer, (due, _orders++));
        for (var i = _waiting.Count - 1; i >= 0; i--)
        {
            if (_timers.Count < _waiting[i].Timers)
                continue;
            _waiting[i].Reached.TrySetResult();
            _waiting.RemoveAt(i);
        }
    }

    /// <summary>Sets a timer anew.</summary>
    /// <returns>Whether it is due already and must be fired by the caller, outside the lock.</returns>
    private bool Set(ManualTimer timer, long dueTime, long period)
    {
        lock (_lock)
        {
            if (timer.IsDisposed)
                return false;
            _timers.Remove(timer, out _, out _);
            timer.Period = period;
            if (dueTime > 0)
                Enqueue(timer, _elapsed + dueTime);
            else if (dueTime == 0 && period > 0)
                Enqueue(timer, _elapsed + period);
            return dueTime == 0;
        }
    }

    private void Remove(ManualTimer timer)
    {
        lock (_lock)
        {
            timer.IsDisposed = true;
            _timers.Remove(timer, out _, out _);
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        /// <summary>In ticks; 0 or less: fires once. Guarded by the clock's lock, as the next.</summary>
        public long Period { get; set; }

        public bool IsDisposed { get; set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Check(dueTime, nameof(dueTime));
            Check(period, nameof(period));
            if (time.Set(this, Ticks(dueTime), Ticks(period)))
                Fire();
            return !IsDisposed;
        }

        public void Dispose() => time.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private static long Ticks(TimeSpan span) => span == Timeout.InfiniteTimeSpan ? -1 : span.Ticks;

        private static void Check(TimeSpan span, string name)
        {
            if (span < TimeSpan.Zero && span != Timeout.InfiniteTimeSpan)
                throw new ArgumentOutOfRangeException(name, span, "A timer is due now, later, or never (Timeout.InfiniteTimeSpan).");
        }
    }
}
