using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;

namespace Tallystick.Storage;

/// <summary>
/// What one commit did to a tenant beside its events. Doing it again does no harm: each entry says what is, and none depends on what was.
/// </summary>
/// <param name="Number">Its place in the journal; of two entries the later one has the next number.</param>
/// <param name="Documents">The changes of documents.</param>
/// <param name="Checkpoints">The checkpoints saved and removed, without expectations.</param>
/// <param name="Remembered">The remembered results, the commit's own among them.</param>
public sealed record JournalEntry(
    long Number, ImmutableArray<DocumentChange> Documents, ImmutableArray<CheckpointChange> Checkpoints, ImmutableArray<RememberedCommit> Remembered)
{
    /// <summary>The entry of a commit that took effect; null if it changed nothing but events.</summary>
    /// <param name="number">The entry's number.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="result">What it gave.</param>
    public static JournalEntry? Of(long number, Commit commit, CommitResult.Committed result)
    {
        ArgumentNullException.ThrowIfNull(commit);
        ArgumentNullException.ThrowIfNull(result);
        if (commit.Documents.IsEmpty && commit.Checkpoints.IsEmpty && commit.Remembered.IsEmpty && commit.Key is null)
            return null;
        return new JournalEntry(
            number, commit.Documents, [.. commit.Checkpoints.Select(change => change with { Expected = null })],
            commit.Key is null ? commit.Remembered : [.. commit.Remembered, new RememberedCommit(commit.Key, result with { IsReplay = true })]);
    }

    /// <summary>Adds to a commit what the entry did. A checkpoint that the commit saves already must not be in the entry.</summary>
    public Commit ApplyTo(Commit commit)
    {
        ArgumentNullException.ThrowIfNull(commit);
        commit = commit.Change([.. Documents]).Remember([.. Remembered]);
        foreach (var change in Checkpoints)
            commit = change.Position is { } position ? commit.Save(change.Name, position) : commit.Forget(change.Name);
        return commit;
    }

    /// <summary>The entry as bytes, in a form that stores can keep; its number isn't among them.</summary>
    public byte[] ToBytes()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, RecordJson.WriterOptions))
        {
            json.WriteStartArray();
            foreach (var change in Documents)
                RecordJson.Write(json, change);
            foreach (var change in Checkpoints)
                RecordJson.Write(json, change);
            foreach (var remembered in Remembered)
                RecordJson.Write(json, remembered);
            json.WriteEndArray();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads what <see cref="ToBytes"/> gave.</summary>
    /// <exception cref="TallystickException">The bytes are damaged.</exception>
    public static JournalEntry FromBytes(long number, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var json = JsonDocument.Parse(bytes);
            var records = json.RootElement.EnumerateArray().Select(RecordJson.Read).ToArray();
            return new JournalEntry(
                number,
                [.. records.OfType<DocumentChange>()], [.. records.OfType<CheckpointChange>()], [.. records.OfType<RememberedCommit>()]);
        }
        catch (Exception error) when (RecordJson.IsDamage(error))
        {
            throw new TallystickException($"Entry {number} of the journal is damaged: {error.Message} Switch the journal off and begin again.", error);
        }
    }
}
