using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Tallystick.Storage;

/// <summary>
/// A value in an index, as bytes that sort (byte by byte, unsigned) as the values do, so that every store can compare them the same
/// way. The first byte tells the kind: null sorts before everything. <c>default</c> is null.
/// </summary>
public readonly struct IndexValue : IEquatable<IndexValue>, IComparable<IndexValue>
{
    private const byte KindNumber = 2, KindTime = 3, KindText = 4, KindBoolean = 1, KindGuid = 5;

    private static readonly ImmutableArray<byte> NullBytes = [0];

    private readonly ImmutableArray<byte> _bytes;

    private IndexValue(ImmutableArray<byte> bytes) => _bytes = bytes;

    /// <summary>The absent value; sorts before all others.</summary>
    public static IndexValue Null => default;

    /// <summary>The bytes to store and compare.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.IsDefault ? NullBytes.AsSpan() : _bytes.AsSpan();

    /// <summary>A text; sorts by code point (UTF-8), not by a language's rules. Null is <see cref="Null"/>.</summary>
    public static IndexValue From(string? text)
    {
        if (text is null)
            return Null;
        var bytes = new byte[1 + Encoding.UTF8.GetByteCount(text)];
        bytes[0] = KindText;
        Encoding.UTF8.GetBytes(text, bytes.AsSpan(1));
        return Wrap(bytes);
    }

    /// <summary>A whole number.</summary>
    public static IndexValue From(long number) => From((decimal)number);

    /// <summary>A decimal number: 1.5 and 1.50 are the same value.</summary>
    public static IndexValue From(decimal number)
    {
        // A decimal is at most 96 bits scaled by 10^-28, so as an integer of 10^-28ths it fits 192 bits; adding 2^191 makes the sign sort.
        var scaled = new BigInteger(decimal.Truncate(number)) * Scale + new BigInteger((number - decimal.Truncate(number)) * FractionScale);
        var bytes = new byte[25];
        bytes[0] = KindNumber;
        var offset = scaled + Offset;
        var span = bytes.AsSpan(1);
        var count = offset.GetByteCount(isUnsigned: true);
        offset.TryWriteBytes(span[(24 - count)..], out _, isUnsigned: true, isBigEndian: true);
        return Wrap(bytes);
    }

    /// <summary>A point in time; two that name the same instant are equal, whatever their offset.</summary>
    public static IndexValue From(DateTimeOffset time)
    {
        var bytes = new byte[9];
        bytes[0] = KindTime;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(1), time.UtcTicks);
        return Wrap(bytes);
    }

    /// <summary>A day.</summary>
    public static IndexValue From(DateOnly day) => From(new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero));

    /// <summary>False sorts before true.</summary>
    public static IndexValue From(bool value) => Wrap([KindBoolean, value ? (byte)1 : (byte)0]);

    /// <summary>An id; sorts by its big-endian bytes, so version 7 ids sort by time.</summary>
    public static IndexValue From(Guid id)
    {
        var bytes = new byte[17];
        bytes[0] = KindGuid;
        id.TryWriteBytes(bytes.AsSpan(1), bigEndian: true, out _);
        return Wrap(bytes);
    }

    /// <summary>Any value of a type that can be indexed; an enum by its name.</summary>
    /// <exception cref="NotSupportedException">Values of this type can't be indexed; the message names those that can.</exception>
    public static IndexValue FromObject(object? value) => value switch
    {
        null => Null,
        string text => From(text),
        bool flag => From(flag),
        Enum name => From(name.ToString()),
        decimal number => From(number),
        byte or sbyte or short or ushort or int or uint or long or ulong => From(Convert.ToDecimal(value, CultureInfo.InvariantCulture)),
        DateTimeOffset time => From(time),
        DateOnly day => From(day),
        Guid id => From(id),
        _ => throw new NotSupportedException(
            $"A {value.GetType()} can't be indexed: use text, bool, an enum, a whole or decimal number, DateTimeOffset, DateOnly or Guid."),
    };

    /// <summary>Takes bytes that were stored before.</summary>
    /// <exception cref="ArgumentException">There are no bytes.</exception>
    public static IndexValue FromStored(ReadOnlySpan<byte> bytes) =>
        bytes.IsEmpty ? throw new ArgumentException("A stored index value has at least one byte.", nameof(bytes)) : new([.. bytes]);

    /// <inheritdoc/>
    public int CompareTo(IndexValue other) => Bytes.SequenceCompareTo(other.Bytes);

    /// <inheritdoc/>
    public bool Equals(IndexValue other) => Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is IndexValue other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Bytes);
        return hash.ToHashCode();
    }

    /// <summary>Whether both are the same value.</summary>
    public static bool operator ==(IndexValue left, IndexValue right) => left.Equals(right);

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(IndexValue left, IndexValue right) => !left.Equals(right);

    /// <summary>Whether the left sorts before the right.</summary>
    public static bool operator <(IndexValue left, IndexValue right) => left.CompareTo(right) < 0;

    /// <summary>Whether the left sorts after the right.</summary>
    public static bool operator >(IndexValue left, IndexValue right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left doesn't sort after the right.</summary>
    public static bool operator <=(IndexValue left, IndexValue right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the left doesn't sort before the right.</summary>
    public static bool operator >=(IndexValue left, IndexValue right) => left.CompareTo(right) >= 0;

    /// <summary>The bytes in hex, for messages.</summary>
    public override string ToString() => Convert.ToHexStringLower(Bytes);

    private const decimal FractionScale = 10_000_000_000_000_000_000_000_000_000m;
    private static readonly BigInteger Scale = BigInteger.Pow(10, 28);
    private static readonly BigInteger Offset = BigInteger.Pow(2, 191);

    private static IndexValue Wrap(byte[] bytes) => new(System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(bytes));
}
