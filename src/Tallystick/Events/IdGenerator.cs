using System.Buffers.Binary;

namespace Tallystick.Events;

/// <summary>
/// Makes ids that sort by the time of their making: UUID version 7 (RFC 9562, section 5.7), from an injected clock and injected
/// randomness, so that a simulated run makes the same ids again.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="entropy">The source of the 74 random bits.</param>
public sealed class IdGenerator(TimeProvider time, Entropy entropy)
{
    /// <summary>A new id.</summary>
    public Guid NewId()
    {
        Span<byte> bytes = stackalloc byte[18];
        entropy.Fill(bytes[8..]);
        BinaryPrimitives.WriteInt64BigEndian(bytes, time.GetUtcNow().ToUnixTimeMilliseconds());
        var id = bytes[2..];
        id[6] = (byte)((id[6] & 0x0F) | 0x70);
        id[8] = (byte)((id[8] & 0x3F) | 0x80);
        return new Guid(id, bigEndian: true);
    }

    /// <summary>A new stream of a category, with a new id as its key.</summary>
    public StreamId NewStream(string category) => new(category, NewId().ToString("N"));
}
