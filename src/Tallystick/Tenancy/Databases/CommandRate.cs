namespace Tallystick.Tenancy.Databases;

/// <summary>
/// A token bucket: as many commands as the limit says in a second, on average; as many may come at once after a pause. Each command takes a
/// token, and they come back with time.
/// </summary>
internal sealed class CommandRate
{
    private readonly Lock _lock = new();
    private double _taken;
    private long _at;

    /// <summary>Takes a token; if there is none, tells when there will be one.</summary>
    /// <param name="perSecond">The limit.</param>
    /// <param name="time">The clock.</param>
    /// <param name="retryAfter">When a token will be back; zero if one was taken.</param>
    public bool TryTake(double perSecond, TimeProvider time, out TimeSpan retryAfter)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            var size = Math.Max(1, perSecond);
            _taken = Math.Max(0, _taken - (time.GetElapsedTime(_at, now).TotalSeconds * perSecond));
            _at = now;
            var lacking = _taken + 1 - size;
            if (lacking > 0)
            {
                retryAfter = TimeSpan.FromSeconds(Math.Min(lacking / perSecond, TimeSpan.MaxValue.TotalSeconds / 2));
                return false;
            }

            _taken++;
            retryAfter = TimeSpan.Zero;
            return true;
        }
    }
}
