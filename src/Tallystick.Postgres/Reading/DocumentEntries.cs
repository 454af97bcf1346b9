using System.Collections.Immutable;
using System.Text;
using Tallystick.Storage;

namespace Tallystick.Postgres.Reading;

/// <summary>A document's index entries as bytes: for each the lengths of name and value (2 bytes each, little-endian), then both.</summary>
internal static class DocumentEntries
{
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

    public static ImmutableArray<IndexEntry> Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return [];
        var entries = ImmutableArray.CreateBuilder<IndexEntry>();
        while (bytes.Length >= 4)
        {
            int name = BitConverter.ToUInt16(bytes), value = BitConverter.ToUInt16(bytes[2..]);
            if (bytes.Length < 4 + name + value)
                throw Damage.At("a document's index entries are cut off; rebuilding its read model would mend it too");
            entries.Add(new IndexEntry(Encoding.UTF8.GetString(bytes.Slice(4, name)), IndexValue.FromStored(bytes.Slice(4 + name, value))));
            bytes = bytes[(4 + name + value)..];
        }

        return entries.ToImmutable();
    }
}
