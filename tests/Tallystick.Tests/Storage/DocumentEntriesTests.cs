using Tallystick.Storage;

namespace Tallystick.Tests.Storage;

/// <summary>The bytes under which stores keep a document's index entries.</summary>
public sealed class DocumentEntriesTests
{
    private static readonly IndexEntry[] Entries = [new("city", IndexValue.From("Rome")), new("größe 🦊", IndexValue.From(-7L)), new("none", IndexValue.Null)];

    [Fact]
    public void What_is_written_is_read_again()
    {
        Assert.Equal(Entries, DocumentEntries.Decode(DocumentEntries.Encode([.. Entries])));
        Assert.Empty(DocumentEntries.Encode([]));
        Assert.Empty(DocumentEntries.Decode([]));
    }

    [Fact]
    public void The_bytes_are_those_that_are_stored_already() =>
        Assert.Equal($"04000{IndexValue.From("Rome").Bytes.Length}0063697479{Convert.ToHexString(IndexValue.From("Rome").Bytes)}", Convert.ToHexString(DocumentEntries.Encode([Entries[0]])));

    [Fact]
    public void Bytes_that_are_cut_off_anywhere_but_between_entries_are_damaged()
    {
        var bytes = DocumentEntries.Encode([.. Entries]);
        var borders = Enumerable.Range(0, Entries.Length).Select(count => DocumentEntries.Encode([.. Entries.Take(count)]).Length).ToArray();
        foreach (var length in Enumerable.Range(0, bytes.Length).Except(borders))
            Assert.Contains("damaged", Assert.Throws<TallystickException>(() => DocumentEntries.Decode(bytes.AsSpan(0, length))).Message, StringComparison.Ordinal);
        Assert.All(borders, border => DocumentEntries.Decode(bytes.AsSpan(0, border)));
    }
}
