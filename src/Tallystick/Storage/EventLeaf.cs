using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Tallystick.Audit;
using Tallystick.Events;

namespace Tallystick.Storage;

/// <summary>
/// The bytes of an event's leaf in the tenant's Merkle tree: its position, every header field, and the salted hash of its payload, in
/// one canonical form. Fixed-size fields are big-endian; a text is its length in UTF-8 bytes (4 bytes, -1 for null) and the bytes. This
/// form is stored for ever: it must never change, only be followed by a second one under another leading byte.
/// </summary>
public static class EventLeaf
{
    private const byte FormatVersion = 1;

    /// <summary>The leaf hash of an event about to be stored.</summary>
    public static Hash256 Hash(
        LogPosition position, StreamId stream, StreamVersion version, DateTimeOffset time, NewEvent e, EventMetadata metadata, in Hash256 payloadHash) =>
        Hash(position, e.Id, stream, version, e.Type, e.SchemaVersion, time, e.Tags, metadata, payloadHash);

    /// <summary>The leaf hash of a stored event, recomputed from its fields.</summary>
    public static Hash256 Hash(RecordedEvent e) => Hash(
        e.Position, e.Id, e.Stream, e.Version, e.Type, e.SchemaVersion, e.Time, e.Tags, e.Metadata, e.PayloadHash);

    private static Hash256 Hash(
        LogPosition position, Guid id, StreamId stream, StreamVersion version, string type, int schemaVersion, DateTimeOffset time,
        ImmutableArray<string> tags, EventMetadata metadata, in Hash256 payloadHash)
    {
        const int StackBytesMax = 1024;
        var lengthMax = LengthMax(stream, type, tags, metadata);
        var rented = lengthMax > StackBytesMax ? ArrayPool<byte>.Shared.Rent(lengthMax) : null;
        var writer = new Writer(rented ?? stackalloc byte[StackBytesMax]);
        writer.Byte(FormatVersion);
        writer.Int64(position.Value);
        writer.Guid(id);
        writer.Text(stream.Category);
        writer.Text(stream.Key);
        writer.Int64(version.Value);
        writer.Text(type);
        writer.Int32(schemaVersion);
        writer.Int64(time.UtcTicks);
        writer.Int32(tags.IsDefault ? 0 : tags.Length);
        if (!tags.IsDefault)
        {
            foreach (var tag in tags)
                writer.Text(tag);
        }

        writer.Text(metadata.CorrelationId);
        writer.Byte(metadata.CausationId is null ? (byte)0 : (byte)1);
        writer.Guid(metadata.CausationId ?? default);
        writer.Text(metadata.TraceParent);
        writer.Text(metadata.UserId);
        writer.Hash(payloadHash);
        var hash = MerkleTree.HashLeaf(writer.Written);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
        return hash;
    }

    private static int LengthMax(StreamId stream, string type, ImmutableArray<string> tags, EventMetadata metadata)
    {
        const int FixedBytes = 1 + 8 + 16 + 8 + 4 + 8 + 4 + 1 + 16 + Hash256.ByteLength;
        var length = FixedBytes + TextMax(stream.Category) + TextMax(stream.Key) + TextMax(type)
            + TextMax(metadata.CorrelationId) + TextMax(metadata.TraceParent) + TextMax(metadata.UserId);
        if (!tags.IsDefault)
        {
            foreach (var tag in tags)
                length += TextMax(tag);
        }

        return length;
    }

    private static int TextMax(string? text) => 4 + (3 * (text?.Length ?? 0));

    private ref struct Writer(Span<byte> buffer)
    {
        private readonly Span<byte> _buffer = buffer;
        private int _length;

        public readonly ReadOnlySpan<byte> Written => _buffer[.._length];

        public void Byte(byte value) => _buffer[_length++] = value;

        public void Int32(int value)
        {
            BinaryPrimitives.WriteInt32BigEndian(_buffer[_length..], value);
            _length += 4;
        }

        public void Int64(long value)
        {
            BinaryPrimitives.WriteInt64BigEndian(_buffer[_length..], value);
            _length += 8;
        }

        public void Guid(Guid value)
        {
            value.TryWriteBytes(_buffer[_length..], bigEndian: true, out _);
            _length += 16;
        }

        public void Hash(in Hash256 value)
        {
            value.CopyTo(_buffer[_length..]);
            _length += Hash256.ByteLength;
        }

        public void Text(string? value)
        {
            if (value is null)
            {
                Int32(-1);
                return;
            }

            var bytes = Encoding.UTF8.GetBytes(value, _buffer[(_length + 4)..]);
            Int32(bytes);
            _length += bytes;
        }
    }
}
