namespace Tallystick.Testing.Data;

/// <summary>
/// Spreads moments over a period as people do: little at night, a peak around noon and one in the evening, less at the week's end. Times of
/// day are those of UTC.
/// </summary>
internal sealed class BusinessHours
{
    /// <summary>How much happens in each hour of a day.</summary>
    private static readonly int[] ByHour = [3, 2, 1, 1, 1, 2, 5, 10, 16, 20, 22, 24, 25, 22, 20, 19, 18, 18, 20, 23, 24, 20, 12, 6];

    /// <summary>How much happens on each day of a week, from Sunday.</summary>
    private static readonly int[] ByDay = [5, 10, 10, 10, 10, 9, 6];

    private readonly DateTimeOffset _start;
    private readonly DateTimeOffset _end;
    private readonly double[] _cumulated;

    public BusinessHours(DateTimeOffset start, TimeSpan period)
    {
        (_start, _end) = (start, start + period);
        var hours = (int)Math.Ceiling(period.TotalHours);
        _cumulated = new double[hours];
        var sum = 0.0;
        for (var i = 0; i < hours; i++)
        {
            var hour = start.AddHours(i).UtcDateTime;
            var part = Math.Min(1.0, (_end - start.AddHours(i)).TotalHours);
            _cumulated[i] = sum += part * ByHour[hour.Hour] * ByDay[(int)hour.DayOfWeek];
        }
    }

    /// <summary>The moment before which a share of everything has happened; it rises with the share.</summary>
    /// <param name="share">From 0 to below 1.</param>
    public DateTimeOffset At(double share)
    {
        var weight = share * _cumulated[^1];
        var at = Array.BinarySearch(_cumulated, weight);
        var hour = Math.Min(at < 0 ? ~at : at + 1, _cumulated.Length - 1);
        var before = hour == 0 ? 0 : _cumulated[hour - 1];
        var length = Math.Min(1.0, (_end - _start.AddHours(hour)).TotalHours);
        var moment = _start.AddHours(hour) + TimeSpan.FromHours(length * (weight - before) / (_cumulated[hour] - before));
        return moment.AddTicks(-(moment.Ticks % TimeSpan.TicksPerMillisecond));
    }
}
