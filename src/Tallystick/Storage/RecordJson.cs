using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Tallystick.Audit;
using Tallystick.Events;

namespace Tallystick.Storage;

/// <summary>
/// What a store has of a tenant, as JSON: one object with one property, whose name says what it is. Bytes that are text in UTF-8 are written as
/// text, others as base64 in a property of another name, so that both come back byte for byte. Exported files and journals keep this form:
/// what is written once must be read for ever, so properties are only ever added.
/// </summary>
internal static class RecordJson
{
    /// <summary>Text stays readable; the form is never put into HTML.</summary>
    public static JsonWriterOptions WriterOptions { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether reading failed because of what was read.</summary>
    public static bool IsDamage(Exception error) => error
        is JsonException or FormatException or ArgumentException or InvalidOperationException or KeyNotFoundException or OverflowException;

    public static void Write(Utf8JsonWriter json, RecordedEvent e)
    {
        Begin(json, "event");
        json.WriteNumber("position", e.Position.Value);
        json.WriteString("id", e.Id);
        json.WriteString("stream", e.Stream.ToString());
        json.WriteNumber("version", e.Version.Value);
        json.WriteString("type", e.Type);
        json.WriteNumber("schema", e.SchemaVersion);
        json.WriteString("time", e.Time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
        if (!e.Tags.IsEmpty)
        {
            json.WriteStartArray("tags");
            foreach (var tag in e.Tags)
                json.WriteStringValue(tag);
            json.WriteEndArray();
        }

        WriteIfAny(json, "correlation", e.Metadata.CorrelationId);
        if (e.Metadata.CausationId is { } causation)
            json.WriteString("causation", causation);
        WriteIfAny(json, "trace", e.Metadata.TraceParent);
        WriteIfAny(json, "user", e.Metadata.UserId);
        json.WriteBase64String("salt", e.Salt.Span);
        WriteBytes(json, "payload", e.Payload.Span);
        json.WriteBase64String("hash", e.PayloadHash.ToByteArray());
        json.WriteBase64String("nodes", e.TreeNodes.Span);
        End(json);
    }

    public static void Write(Utf8JsonWriter json, DocumentChange change)
    {
        Begin(json, change switch
        {
            DocumentChange.Put => "document",
            DocumentChange.Delete => "deleted",
            DocumentChange.Activate => "active",
            _ => throw new InvalidOperationException("DocumentChange is a closed set."),
        });
        json.WriteString("collection", change.Collection.Name);
        json.WriteNumber("generation", change.Collection.Generation);
        if (change is DocumentChange.Delete delete)
            json.WriteString("key", delete.Key);
        if (change is DocumentChange.Put { Document: var document })
        {
            json.WriteString("key", document.Key);
            json.WriteNumber("position", document.Position.Value);
            WriteIndex(json, document.Index);
            WriteBytes(json, "body", document.Body.Span);
        }

        End(json);
    }

    /// <summary>Names of indexes may be any text, so they are values here and not names of properties.</summary>
    private static void WriteIndex(Utf8JsonWriter json, ImmutableArray<IndexEntry> index)
    {
        if (index.IsEmpty)
            return;
        json.WriteStartArray("index");
        foreach (var entry in index)
        {
            json.WriteStringValue(entry.Name);
            json.WriteBase64StringValue(entry.Value.Bytes);
        }

        json.WriteEndArray();
    }

    public static void Write(Utf8JsonWriter json, CheckpointChange change)
    {
        Begin(json, "checkpoint");
        json.WriteString("name", change.Name);
        if (change.Position is { } position)
            json.WriteNumber("position", position.Value);
        End(json);
    }

    public static void Write(Utf8JsonWriter json, RememberedCommit remembered)
    {
        Begin(json, "remembered");
        json.WriteString("key", remembered.Key.Value);
        json.WriteString("fingerprint", remembered.Key.Fingerprint);
        json.WriteNumber("first", remembered.Result.FirstPosition.Value);
        json.WriteNumber("last", remembered.Result.Position.Value);
        json.WriteStartArray("streams");
        foreach (var head in remembered.Result.Streams)
        {
            json.WriteStringValue(head.Stream.ToString());
            json.WriteNumberValue(head.Version.Value);
        }

        json.WriteEndArray();
        End(json);
    }

    /// <summary>Reads what one of the methods above wrote: its type tells which.</summary>
    /// <exception cref="JsonException">It is nothing of the kind. Other exceptions of <see cref="IsDamage"/> say that a part of it isn't.</exception>
    public static object Read(JsonElement record)
    {
        var properties = record.EnumerateObject();
        if (!properties.MoveNext())
            throw new JsonException("An object is empty where a record was expected.");
        var (name, value) = (properties.Current.Name, properties.Current.Value);
        if (properties.MoveNext())
            throw new JsonException($"A record has '{properties.Current.Name}' after '{name}'.");
        return name switch
        {
            "event" => ReadEvent(value),
            "document" => new DocumentChange.Put(Collection(value), ReadDocument(value)),
            "deleted" => new DocumentChange.Delete(Collection(value), Text(value, "key")),
            "active" => new DocumentChange.Activate(Collection(value)),
            "checkpoint" => new CheckpointChange(
                Text(value, "name"), value.TryGetProperty("position", out var position) ? LogPosition.Of(position.GetInt64()) : null, null),
            "remembered" => ReadRemembered(value),
            _ => throw new JsonException($"A record '{name}' isn't known."),
        };
    }

    private static RecordedEvent ReadEvent(JsonElement e) => new()
    {
        Position = LogPosition.Of(Number(e, "position")),
        Id = e.GetProperty("id").GetGuid(),
        Stream = StreamId.Parse(Text(e, "stream")),
        Version = StreamVersion.Of(Number(e, "version")),
        Type = Text(e, "type"),
        SchemaVersion = e.GetProperty("schema").GetInt32(),
        Time = new DateTimeOffset(DateTime.ParseExact(Text(e, "time"), "O", CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind).ToUniversalTime()),
        Tags = e.TryGetProperty("tags", out var tags) ? [.. tags.EnumerateArray().Select(tag => tag.GetString()!)] : [],
        Metadata = ReadMetadata(e),
        Salt = e.GetProperty("salt").GetBytesFromBase64(),
        Payload = ReadBytes(e, "payload"),
        PayloadHash = new Hash256(e.GetProperty("hash").GetBytesFromBase64()),
        TreeNodes = e.GetProperty("nodes").GetBytesFromBase64(),
    };

    private static EventMetadata ReadMetadata(JsonElement e)
    {
        var metadata = new EventMetadata(
            Maybe(e, "correlation"), e.TryGetProperty("causation", out var causation) ? causation.GetGuid() : null, Maybe(e, "trace"), Maybe(e, "user"));
        return metadata == EventMetadata.None ? EventMetadata.None : metadata;
    }

    private static Document ReadDocument(JsonElement document)
    {
        var index = ImmutableArray.CreateBuilder<IndexEntry>();
        if (document.TryGetProperty("index", out var entries))
        {
            for (var i = 0; i + 1 < entries.GetArrayLength(); i += 2)
                index.Add(new IndexEntry(entries[i].GetString()!, IndexValue.FromStored(entries[i + 1].GetBytesFromBase64())));
        }

        return new Document(Text(document, "key"), ReadBytes(document, "body"), index.DrainToImmutable(), LogPosition.Of(Number(document, "position")));
    }

    private static RememberedCommit ReadRemembered(JsonElement remembered)
    {
        var streams = ImmutableArray.CreateBuilder<StreamHead>();
        var heads = remembered.GetProperty("streams");
        for (var i = 0; i + 1 < heads.GetArrayLength(); i += 2)
            streams.Add(new StreamHead(StreamId.Parse(heads[i].GetString()!), StreamVersion.Of(heads[i + 1].GetInt64())));
        return new RememberedCommit(
            new IdempotencyKey(Text(remembered, "key"), Text(remembered, "fingerprint")),
            new CommitResult.Committed(
                LogPosition.Of(Number(remembered, "first")), LogPosition.Of(Number(remembered, "last")), streams.DrainToImmutable(), IsReplay: true));
    }

    private static void Begin(Utf8JsonWriter json, string kind)
    {
        json.WriteStartObject();
        json.WriteStartObject(kind);
    }

    private static void End(Utf8JsonWriter json)
    {
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteIfAny(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
            json.WriteString(name, text);
    }

    private static void WriteBytes(Utf8JsonWriter json, string name, ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
            json.WriteString(name, bytes);
        else
            json.WriteBase64String(name + "64", bytes);
    }

    private static byte[] ReadBytes(JsonElement record, string name) => record.TryGetProperty(name, out var text)
        ? Encoding.UTF8.GetBytes(text.GetString()!)
        : record.GetProperty(name + "64").GetBytesFromBase64();

    private static CollectionId Collection(JsonElement record) => new(Text(record, "collection"), record.GetProperty("generation").GetInt32());

    private static string Text(JsonElement record, string name) =>
        record.GetProperty(name).GetString() ?? throw new JsonException($"A record's '{name}' is null.");

    private static string? Maybe(JsonElement record, string name) => record.TryGetProperty(name, out var text) ? text.GetString() : null;

    private static long Number(JsonElement record, string name) => record.GetProperty(name).GetInt64();
}
