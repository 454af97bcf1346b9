namespace Tallystick.Postgres.Connections;

/// <summary>When to try again after a transient error: at once the first time, then after growing pauses, until a deadline.</summary>
internal sealed class Retry
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly TimeSpan _timeout;
    private TimeSpan _pause;

    public Retry(TimeProvider time, TimeSpan timeout)
        : this(time, timeout, time.GetTimestamp())
    {
    }

    public Retry(TimeProvider time, TimeSpan timeout, long start) => (_time, _timeout, _start) = (time, timeout, start);

    /// <summary>Whether there is time for another attempt. The pause that comes before it is <see cref="PauseAsync"/>.</summary>
    public bool HasTime => _time.GetElapsedTime(_start) + _pause < _timeout;

    /// <summary>The same on a thread that has nothing else to do. False if it was cut short.</summary>
    public bool Pause(CancellationToken cancellationToken)
    {
        try
        {
            PauseAsync(cancellationToken).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            return false;
        }

        return !cancellationToken.IsCancellationRequested;
    }

    public Task PauseAsync(CancellationToken cancellationToken)
    {
        var pause = _pause;
        _pause = pause == TimeSpan.Zero ? FirstPause : pause * 2 < PauseMax ? pause * 2 : PauseMax;
        return pause == TimeSpan.Zero ? Task.CompletedTask : Task.Delay(pause, _time, cancellationToken);
    }
}
