using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Sqlite.Index;
using Tallystick.Sqlite.Interop;

namespace Tallystick.Sqlite.Writing;

/// <summary>Inserts rows into the table of events.</summary>
internal sealed class EventInsert(SqliteDatabase database)
{
    private const string Sql = """
        INSERT INTO events(seq, tenant, position, stream, version, type, schema, time, id, salt, payload, hashes, tags, correlation, causation, trace, user)
        VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
        """;

    private readonly Statement _statement = database.Statement(Sql);

    // What an earlier row left bound; NULL need not be bound again.
    private EventMetadata _metadata = EventMetadata.None;
    private bool _hasTags;

    public void Run(
        in TailEntry entry, long timeTicks, NewEvent e, EventMetadata metadata, ReadOnlySpan<byte> salt,
        in Hash256 payloadHash, in Hash256 leaf, ReadOnlySpan<Hash256> completed)
    {
        Span<byte> id = stackalloc byte[16];
        e.Id.TryWriteBytes(id, bigEndian: true, out _);
        Span<byte> hashes = stackalloc byte[(completed.Length + 2) * Hash256.ByteLength];
        payloadHash.CopyTo(hashes);
        leaf.CopyTo(hashes[Hash256.ByteLength..]);
        for (var i = 0; i < completed.Length; i++)
            completed[i].CopyTo(hashes[((i + 2) * Hash256.ByteLength)..]);
        _statement.Bind(1, entry.Seq).Bind(2, entry.Tenant).Bind(3, entry.Position).Bind(4, entry.Stream.Category, '-', entry.Stream.Key)
            .Bind(5, entry.Version).Bind(6, e.Type).Bind(7, e.SchemaVersion).Bind(8, timeTicks)
            .Bind(9, id).Bind(10, salt).Bind(11, e.Payload.Span).Bind(12, hashes);
        BindTags(e);
        BindMetadata(metadata);
        _statement.Run();
    }

    /// <summary>Inserts an event of another store as it is.</summary>
    public void Run(in TailEntry entry, RecordedEvent e)
    {
        Span<Hash256> completed = stackalloc Hash256[(e.TreeNodes.Length / Hash256.ByteLength) - 1];
        for (var i = 0; i < completed.Length; i++)
            completed[i] = new Hash256(e.TreeNodes.Span.Slice((i + 1) * Hash256.ByteLength, Hash256.ByteLength));
        Run(
            entry, e.Time.UtcTicks, new NewEvent(e.Id, e.Type, e.SchemaVersion, e.Payload, e.Tags), e.Metadata, e.Salt.Span,
            e.PayloadHash, e.LeafHash, completed);
    }

    private void BindTags(NewEvent e)
    {
        var has = !e.Tags.IsDefaultOrEmpty;
        if (has)
            _statement.Bind(13, e.Tags.Length == 1 ? e.Tags[0] : string.Join('\n', e.Tags));
        else if (_hasTags)
            _statement.BindNull(13);
        _hasTags = has;
    }

    private void BindMetadata(EventMetadata metadata)
    {
        if (ReferenceEquals(metadata, _metadata))
            return;
        _statement.Bind(14, metadata.CorrelationId).Bind(16, metadata.TraceParent).Bind(17, metadata.UserId);
        if (metadata.CausationId is { } causation)
        {
            Span<byte> bytes = stackalloc byte[16];
            causation.TryWriteBytes(bytes, bigEndian: true, out _);
            _statement.Bind(15, bytes);
        }
        else
            _statement.BindNull(15);
        _metadata = metadata;
    }
}
