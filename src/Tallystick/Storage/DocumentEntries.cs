using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Tallystick.Storage;

/// <summary>
/// A document's index entries as bytes, which stores keep beside the document so that they know what to take out of an index later: for each the
/// lengths of name and value (2 bytes each, little-endian), then both. Stored bytes have this form, so it never changes.
/// </summary>
public static class DocumentEntries
{
    /// <summary>The entries as bytes; none if there are no entries.</summary>
    public static byte[] Encode(ImmutableArray<IndexEntry> entries)
    {
        if (entries.IsDefaultOrEmpty)
            return [];
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        foreach (var entry in entries)
        {
            var name = Encoding.UTF8.GetBytes(entry.Name);
            writer.Write(checked((ushort)name.Length));
            writer.Write(checked((ushort)entry.Value.Bytes.Length));
            writer.Write(name);
            writer.Write(entry.Value.Bytes);
        }

        return stream.ToArray();
    }

    /// <summary>Reads what <see cref="Encode"/> has written.</summary>
    /// <exception cref="TallystickException">The bytes are damaged.</exception>
    public static ImmutableArray<IndexEntry> Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return [];
        var entries = ImmutableArray.CreateBuilder<IndexEntry>();
        while (!bytes.IsEmpty)
        {
            if (bytes.Length < 4)
                throw Damaged();
            int name = BinaryPrimitives.ReadUInt16LittleEndian(bytes), value = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
            if (value == 0 || bytes.Length < 4 + name + value)
                throw Damaged();
            entries.Add(new IndexEntry(Encoding.UTF8.GetString(bytes.Slice(4, name)), IndexValue.FromStored(bytes.Slice(4 + name, value))));
            bytes = bytes[(4 + name + value)..];
        }

        return entries.ToImmutable();
    }

    private static TallystickException Damaged() =>
        new("A document's index entries are damaged: they are cut off. Rebuild its read model, or restore the database from a backup.");
}
