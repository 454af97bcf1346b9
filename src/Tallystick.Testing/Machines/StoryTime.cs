namespace Tallystick.Testing.Machines;

/// <summary>A clock that says what it was told, and whose timers never ring: what waits for them waits until it is stopped.</summary>
internal sealed class StoryTime : TimeProvider
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 8, 0, 0, TimeSpan.Zero);

    /// <summary>Not a round time, so that a story soon crosses hours, days and months.</summary>
    private static readonly TimeSpan BetweenEvents = TimeSpan.FromMinutes(397);

    private DateTimeOffset _now = Start;

    /// <summary>Sets it to the time of the n-th event, from 0.</summary>
    public void SetToEvent(int number) => _now = OfEvent(number);

    /// <summary>When the n-th event happens, from 0.</summary>
    public static DateTimeOffset OfEvent(int number) => Start + (number * BetweenEvents);

    public override DateTimeOffset GetUtcNow() => _now;

    public override long GetTimestamp() => _now.UtcTicks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new SilentTimer();

    private sealed class SilentTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
