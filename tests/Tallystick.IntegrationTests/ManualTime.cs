namespace Tallystick.IntegrationTests;

/// <summary>A clock that stands still until a test sets it, also backwards.</summary>
public sealed class ManualTime : TimeProvider
{
    private long _ticks = new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero).UtcTicks;

    /// <summary>What the clock shows, in UTC.</summary>
    public DateTimeOffset Now
    {
        get => new(Interlocked.Read(ref _ticks), TimeSpan.Zero);
        set => Interlocked.Exchange(ref _ticks, value.UtcTicks);
    }

    public override DateTimeOffset GetUtcNow() => Now;

    /// <summary>Moves the clock on, or back by a negative span.</summary>
    public void Advance(TimeSpan span) => Now += span;
}
