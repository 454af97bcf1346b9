using System.Globalization;

namespace Tallystick.Events;

/// <summary>An event's place in its stream. The first event has 1; <c>default</c> is 0: no stream yet.</summary>
[System.Text.Json.Serialization.JsonConverter(typeof(StreamVersionJsonConverter))]
public readonly record struct StreamVersion : IComparable<StreamVersion>
{
    /// <summary>Makes a value.</summary>
    /// <param name="value">0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public StreamVersion(long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        Value = value;
    }

    /// <summary>No stream: nothing has been appended yet.</summary>
    public static StreamVersion None => default;

    /// <summary>The number: the first is 1, and 0 is <see cref="None"/>.</summary>
    public long Value { get; }

    /// <summary>Makes a value, reading better than <c>new</c> in the middle of a sentence.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public static StreamVersion Of(long value) => new(value);

    /// <summary>The one after this.</summary>
    public StreamVersion Next() => new(Value + 1);

    /// <inheritdoc/>
    public int CompareTo(StreamVersion other) => Value.CompareTo(other.Value);

    /// <summary>Whether the left comes before the right.</summary>
    public static bool operator <(StreamVersion left, StreamVersion right) => left.Value < right.Value;

    /// <summary>Whether the left comes after the right.</summary>
    public static bool operator >(StreamVersion left, StreamVersion right) => left.Value > right.Value;

    /// <summary>Whether the left comes before the right or is the same.</summary>
    public static bool operator <=(StreamVersion left, StreamVersion right) => left.Value <= right.Value;

    /// <summary>Whether the left comes after the right or is the same.</summary>
    public static bool operator >=(StreamVersion left, StreamVersion right) => left.Value >= right.Value;

    /// <summary>The number as text.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
