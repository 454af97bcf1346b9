using System.Globalization;

namespace Tallystick.Events;

/// <summary>An event's place in its tenant's log, without gaps. The first event has 1; <c>default</c> is 0: before the first.</summary>
[System.Text.Json.Serialization.JsonConverter(typeof(LogPositionJsonConverter))]
public readonly record struct LogPosition : IComparable<LogPosition>
{
    /// <summary>Makes a value.</summary>
    /// <param name="value">0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public LogPosition(long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        Value = value;
    }

    /// <summary>Before the first event.</summary>
    public static LogPosition Start => default;

    /// <summary>The number: the first is 1, and 0 is <see cref="Start"/>.</summary>
    public long Value { get; }

    /// <summary>Makes a value, reading better than <c>new</c> in the middle of a sentence.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public static LogPosition Of(long value) => new(value);

    /// <summary>The one after this.</summary>
    public LogPosition Next() => new(Value + 1);

    /// <inheritdoc/>
    public int CompareTo(LogPosition other) => Value.CompareTo(other.Value);

    /// <summary>Whether the left comes before the right.</summary>
    public static bool operator <(LogPosition left, LogPosition right) => left.Value < right.Value;

    /// <summary>Whether the left comes after the right.</summary>
    public static bool operator >(LogPosition left, LogPosition right) => left.Value > right.Value;

    /// <summary>Whether the left comes before the right or is the same.</summary>
    public static bool operator <=(LogPosition left, LogPosition right) => left.Value <= right.Value;

    /// <summary>Whether the left comes after the right or is the same.</summary>
    public static bool operator >=(LogPosition left, LogPosition right) => left.Value >= right.Value;

    /// <summary>The number as text.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
