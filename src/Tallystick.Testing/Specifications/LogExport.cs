using System.Buffers;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Testing.Specifications;

// The format, a line of JSON each, in UTF-8:
//
//   {"format":"tallystick-events","formatVersion":1,"tenant":"acme"}
//   {"position":1,"id":"0198…","stream":"order-1","version":1,"type":"order.placed","schemaVersion":1,"time":"2026-01-01T00:00:00.0000000+00:00",
//    "tags":["customer:ann"],"correlationId":…,"causationId":…,"traceParent":…,"userId":…,"salt":"(hex)","payload":{…},
//    "command":{"type":"PlaceOrder","value":{…}}}
//
// What is null is left out. "command" is there only if whoever exported knew it. The payload is written as it is stored, byte for byte, so that
// its salted hash can be computed again. Positions and versions rise; a position that is missing belongs to a stream that wasn't exported.

/// <summary>
/// Events that were exported from a tenant's log as lines of JSON, with all that is stored of them: to be read by
/// <see cref="Replay"/>, in another place and at another time, without the store that they come from.
/// </summary>
/// <param name="Tenant">Whose events they are.</param>
/// <param name="Events">The events, in the order of the log.</param>
public sealed record LogExport(TenantId Tenant, ImmutableArray<ExportedEvent> Events)
{
    private const string Format = "tallystick-events";
    private const int FormatVersion = 1;

    /// <summary>The lines aren't HTML, so nothing but what JSON demands is escaped.</summary>
    private static readonly JsonWriterOptions Writing = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads events from a store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="tenant">Whose events.</param>
    /// <param name="streams">Only these streams, each as a whole; none: all.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="TallystickException">The store failed.</exception>
    public static async Task<LogExport> ReadAsync(
        IStore store, TenantId tenant, IReadOnlyCollection<StreamId> streams, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(streams);
        var events = await SpecificationLog.ReadAsync(store, tenant, LogPosition.Start, cancellationToken);
        return new LogExport(tenant, [.. events.Where(e => streams.Count == 0 || streams.Contains(e.Stream)).Select(e => new ExportedEvent(e, null))]);
    }

    /// <summary>The same with commands that are known to have caused events: the first event of each commit carries it.</summary>
    /// <param name="commandOf">The command whose commit begins with an event; null if it isn't known.</param>
    public LogExport WithCommands(Func<RecordedEvent, object?> commandOf)
    {
        ArgumentNullException.ThrowIfNull(commandOf);
        return this with { Events = [.. Events.Select(e => commandOf(e.Recorded) is { } command ? e with { Command = ExportedCommand.Of(command) } : e)] };
    }

    /// <summary>Reads what <see cref="ToText"/> has written.</summary>
    /// <exception cref="FormatException">A line isn't one of an export; the message says which and why.</exception>
    public static LogExport Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var events = ImmutableArray.CreateBuilder<ExportedEvent>();
        TenantId? tenant = null;
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            try
            {
                using var json = JsonDocument.Parse(line);
                if (tenant is null)
                    tenant = ReadHeader(json.RootElement);
                else
                    events.Add(ReadEvent(json.RootElement));
            }
            catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
            {
                throw new FormatException($"Line {number} isn't one of an export of events: {error.Message}", error);
            }
        }

        return new LogExport(tenant ?? throw new FormatException("The export is empty: its first line names the format and the tenant."), events.DrainToImmutable());
    }

    /// <summary>The export as lines of JSON.</summary>
    public string ToText()
    {
        var text = new StringBuilder(JsonSerializer.Serialize(new { format = Format, formatVersion = FormatVersion, tenant = Tenant.ToString() })).Append('\n');
        foreach (var e in Events)
            text.Append(Write(e)).Append('\n');
        return text.ToString();
    }

    private static TenantId ReadHeader(JsonElement json)
    {
        if (!json.TryGetProperty("format", out var format) || format.GetString() != Format)
            throw new FormatException($"the first line has to name the format \"{Format}\".");
        return json.GetProperty("formatVersion").GetInt32() == FormatVersion
            ? TenantId.FromStored(json.GetProperty("tenant").GetString()!)
            : throw new FormatException($"this kit reads version {FormatVersion} of the format.");
    }

    private static ExportedEvent ReadEvent(JsonElement json)
    {
        var payload = Encoding.UTF8.GetBytes(json.GetProperty("payload").GetRawText());
        var salt = Convert.FromHexString(Text("salt") ?? "");
        var recorded = new RecordedEvent
        {
            Position = LogPosition.Of(json.GetProperty("position").GetInt64()),
            Id = json.GetProperty("id").GetGuid(),
            Stream = StreamId.Parse(json.GetProperty("stream").GetString()!),
            Version = StreamVersion.Of(json.GetProperty("version").GetInt64()),
            Type = json.GetProperty("type").GetString()!,
            SchemaVersion = json.GetProperty("schemaVersion").GetInt32(),
            Time = json.GetProperty("time").GetDateTimeOffset(),
            Tags = json.TryGetProperty("tags", out var tags) ? [.. tags.EnumerateArray().Select(tag => tag.GetString()!)] : [],
            Metadata = new EventMetadata(Text("correlationId"), Text("causationId") is { } id ? Guid.Parse(id) : null, Text("traceParent"), Text("userId")),
            Payload = payload,
            Salt = salt,
            PayloadHash = new Hash256(SHA256.HashData([.. salt, .. payload])),
            TreeNodes = ReadOnlyMemory<byte>.Empty,
        };
        return new ExportedEvent(recorded, json.TryGetProperty("command", out var command)
            ? new ExportedCommand(command.GetProperty("type").GetString()!, command.GetProperty("value").Clone()) : null);

        string? Text(string name) => json.TryGetProperty(name, out var value) ? value.GetString() : null;
    }

    private static string Write(ExportedEvent exported)
    {
        var e = exported.Recorded;
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Writing))
        {
            json.WriteStartObject();
            json.WriteNumber("position", e.Position.Value);
            json.WriteString("id", e.Id);
            json.WriteString("stream", e.Stream.ToString());
            json.WriteNumber("version", e.Version.Value);
            json.WriteString("type", e.Type);
            json.WriteNumber("schemaVersion", e.SchemaVersion);
            json.WriteString("time", e.Time.ToString("O", System.Globalization.CultureInfo.InvariantCulture));
            json.WriteStartArray("tags");
            foreach (var tag in e.Tags)
                json.WriteStringValue(tag);
            json.WriteEndArray();
            WriteIfKnown(json, "correlationId", e.Metadata.CorrelationId);
            WriteIfKnown(json, "causationId", e.Metadata.CausationId?.ToString());
            WriteIfKnown(json, "traceParent", e.Metadata.TraceParent);
            WriteIfKnown(json, "userId", e.Metadata.UserId);
            json.WriteString("salt", Convert.ToHexString(e.Salt.Span));
            json.WritePropertyName("payload");
            json.WriteRawValue(e.Payload.Span);
            if (exported.Command is { } command)
            {
                json.WriteStartObject("command");
                json.WriteString("type", command.Type);
                json.WritePropertyName("value");
                command.Value.WriteTo(json);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteIfKnown(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
            json.WriteString(name, value);
    }
}

/// <summary>An event of an export.</summary>
/// <param name="Recorded">The event as it was stored, without its nodes of the Merkle tree.</param>
/// <param name="Command">The command that caused its commit, on the first event of the commit; null if it isn't known.</param>
public sealed record ExportedEvent(RecordedEvent Recorded, ExportedCommand? Command);

/// <summary>A command of an export.</summary>
/// <param name="Type">The command type's name, without its namespace.</param>
/// <param name="Value">The command as JSON.</param>
public sealed record ExportedCommand(string Type, JsonElement Value)
{
    /// <summary>A command as it is exported.</summary>
    public static ExportedCommand Of(object command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return new(command.GetType().Name, JsonSerializer.SerializeToElement(command, command.GetType(), EventSerializer.DefaultOptions));
    }
}
