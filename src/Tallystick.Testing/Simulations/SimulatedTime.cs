namespace Tallystick.Testing.Simulations;

/// <summary>A process's clock: the simulation's, off by a constant. Its timers call back on the process's own context.</summary>
internal sealed class SimulatedTime(SimulationScheduler scheduler, SimulatedContext context, TimeSpan skew) : TimeProvider
{
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => scheduler.Now + skew;

    public override long GetTimestamp() => scheduler.Now.UtcTicks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(SimulatedTime time, TimerCallback callback, object? state) : ITimer
    {
        private SimulationScheduler.Alarm? _alarm;
        private TimeSpan _period;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Dispose();
            _period = period;
            if (dueTime != Timeout.InfiniteTimeSpan)
                Set(dueTime);
            return true;
        }

        public void Dispose()
        {
            if (_alarm is not null)
                _alarm.IsCancelled = true;
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Set(TimeSpan due) => _alarm = time.Scheduler.At(time.Scheduler.Now + due, time.Context, static timer => ((Timer)timer!).Fire(), this);

        private void Fire()
        {
            if (_alarm!.IsCancelled)
                return;
            if (_period > TimeSpan.Zero && _period != Timeout.InfiniteTimeSpan)
                Set(_period);
            callback(state);
        }
    }

    private SimulationScheduler Scheduler => scheduler;

    private SimulatedContext Context => context;
}
