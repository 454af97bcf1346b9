using System.Collections.Immutable;
using System.Text;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Sqlite.Interop;

namespace Tallystick.Sqlite.Reading;

/// <summary>Reads rows of the table of events. Names that repeat from row to row are made into strings once.</summary>
internal sealed class EventRows(SqliteDatabase database)
{
    private const string Range = """
        SELECT position, id, stream, version, type, schema, time, tags, correlation, causation, trace, user, salt, payload, hashes, tenant,
        correlation IS NOT NULL OR causation IS NOT NULL OR trace IS NOT NULL OR user IS NOT NULL
        FROM events WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq
        """;

    /// <summary>The columns of a row without its salt and payload, then its tenant's number, its row number and the payload's length.</summary>
    public const string HeaderColumns =
        "position, id, stream, version, type, schema, time, tags, correlation, causation, trace, user, x'', x'', hashes, tenant, seq, length(payload)";

    private readonly TextCache<StreamId> _streams = new(StreamId.Parse);
    private readonly TextCache<string> _texts = new(text => text);

    /// <summary>
    /// Reads the events of a list of rows, in the list's order, until <paramref name="countMax"/> events or <paramref name="bytesMax"/>
    /// are reached (but always one event), leaving out those that don't match.
    /// </summary>
    /// <returns>How many rows of the list were examined.</returns>
    /// <exception cref="TallystickException">A row is missing or belongs to another tenant: the file is damaged.</exception>
    public int Read(
        int tenant, List<long> seqs, int countMax, int bytesMax, EventQuery? query, ImmutableArray<RecordedEvent>.Builder into)
    {
        var bytes = 0L;
        for (var i = 0; i < seqs.Count;)
        {
            var end = RunEnd(seqs, i);
            using var rows = database.Statement(Range).Bind(1, seqs[i]).Bind(2, seqs[end]).Rows();
            for (; i <= end; i++)
            {
                if (!rows.Step() || rows.Int64(15) != tenant)
                    throw new TallystickException($"{database.Path} is damaged: the event in row {seqs[i]} is missing or another tenant's. Restore it from a backup.");
                var e = Read(rows);
                if (query is not null && !query.Matches(e.Type, e.Tags))
                    continue;
                bytes += e.Payload.Length;
                if (into.Count > 0 && bytes > bytesMax)
                    return i;
                into.Add(e);
                if (into.Count == countMax)
                    return i + 1;
            }
        }

        return seqs.Count;
    }

    /// <summary>The end of the run of ascending neighbours that begins at an index. (A descending list has runs of one.)</summary>
    private static int RunEnd(List<long> seqs, int start)
    {
        var end = start;
        while (end + 1 < seqs.Count && seqs[end + 1] == seqs[end] + 1)
            end++;
        return end;
    }

    /// <summary>Reads one row.</summary>
    /// <exception cref="TallystickException">The row is damaged.</exception>
    public RecordedEvent Read(Statement.RowReader row)
    {
        try
        {
            return ReadChecked(row);
        }
        catch (Exception error) when (error is FormatException or ArgumentException or OverflowException)
        {
            throw new TallystickException($"{database.Path} is damaged: the event at position {row.Int64(0)} can't be read ({error.Message}). Restore it from a backup.", error);
        }
    }

    private RecordedEvent ReadChecked(Statement.RowReader row)
    {
        var salt = row.Bytes(12);
        var payload = row.Bytes(13);
        var hashes = row.Bytes(14);
        if (hashes.Length < 2 * Hash256.ByteLength || hashes.Length % Hash256.ByteLength != 0)
            throw new TallystickException($"{database.Path} is damaged: the event at position {row.Int64(0)} lacks its hashes. Restore it from a backup.");
        var nodes = hashes[Hash256.ByteLength..];

        // One array holds all the bytes of an event: salt, payload, tree nodes.
        var bytes = GC.AllocateUninitializedArray<byte>(salt.Length + payload.Length + nodes.Length);
        salt.CopyTo(bytes);
        payload.CopyTo(bytes.AsSpan(salt.Length));
        nodes.CopyTo(bytes.AsSpan(salt.Length + payload.Length));
        return new RecordedEvent
        {
            Position = LogPosition.Of(row.Int64(0)),
            Id = new Guid(row.Bytes(1), bigEndian: true),
            Stream = _streams.Get(row.Bytes(2)),
            Version = StreamVersion.Of(row.Int64(3)),
            Type = _texts.Get(row.Bytes(4)),
            SchemaVersion = row.Int32(5),
            Time = new DateTimeOffset(row.Int64(6), TimeSpan.Zero),
            Tags = row.Bytes(7) is { IsEmpty: false } tags ? [.. Encoding.UTF8.GetString(tags).Split('\n')] : [],
            Metadata = ReadMetadata(row),
            Salt = bytes.AsMemory(0, salt.Length),
            Payload = bytes.AsMemory(salt.Length, payload.Length),
            PayloadHash = new Hash256(hashes[..Hash256.ByteLength]),
            TreeNodes = bytes.AsMemory(salt.Length + payload.Length),
        };
    }

    private EventMetadata ReadMetadata(Statement.RowReader row)
    {
        if (row.Int32(16) == 0)
            return EventMetadata.None;
        var correlation = row.IsNull(8) ? null : row.Text(8);
        var causation = row.IsNull(9) ? (Guid?)null : new Guid(row.Bytes(9), bigEndian: true);
        var trace = row.IsNull(10) ? null : row.Text(10);
        var user = row.IsNull(11) ? null : _texts.Get(row.Bytes(11));
        return new EventMetadata(correlation, causation, trace, user);
    }

    /// <summary>A small direct-mapped cache from UTF-8 bytes to what they stand for; a collision only costs a new string.</summary>
    private sealed class TextCache<T>(Func<string, T> make)
    {
        private const int Slots = 1024;

        private readonly (byte[]? Bytes, T Value)[] _slots = new (byte[]?, T)[Slots];

        public T Get(ReadOnlySpan<byte> bytes)
        {
            var hash = default(HashCode);
            hash.AddBytes(bytes);
            ref var slot = ref _slots[hash.ToHashCode() & (Slots - 1)];
            if (slot.Bytes is null || !bytes.SequenceEqual(slot.Bytes))
                slot = (bytes.ToArray(), make(Encoding.UTF8.GetString(bytes)));
            return slot.Value;
        }
    }
}
