using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Tallystick.Events;

/// <summary>Turns events into bytes and back: JSON in UTF-8, older shapes lifted by upcasters.</summary>
/// <param name="types">The application's event types.</param>
/// <param name="ids">Makes the events' ids.</param>
/// <param name="options">How JSON is written. Default <see cref="DefaultOptions"/>.</param>
public sealed class EventSerializer(EventTypes types, IdGenerator ids, JsonSerializerOptions? options = null)
{
    /// <summary>
    /// camelCase names, enums by name and never by number, and numbers, dates and nulls as System.Text.Json writes them by default. Stored payloads depend on
    /// it, so it only ever changes together with the schema versions of the events.
    /// </summary>
    public static JsonSerializerOptions DefaultOptions { get; } = MakeDefaultOptions();

    /// <summary>The application's event types.</summary>
    public EventTypes Types { get; } = types;

    /// <summary>How JSON is written.</summary>
    public JsonSerializerOptions Options { get; } = options ?? DefaultOptions;

    /// <summary>Makes an event that can be appended.</summary>
    /// <exception cref="InvalidOperationException">Its type isn't registered.</exception>
    public NewEvent Serialize(object @event)
    {
        ArgumentNullException.ThrowIfNull(@event);
        var info = Types.Get(@event.GetType());
        var payload = JsonSerializer.SerializeToUtf8Bytes(@event, info.Type, Options);
        return new NewEvent(ids.NewId(), info.Name, info.Version, payload, info.TagsOf(@event));
    }

    /// <summary>Gives a stored event as an object of today's type.</summary>
    /// <exception cref="EventFormatException">Its type is unknown, no upcaster reaches today's version, or its JSON doesn't fit.</exception>
    public object Deserialize(RecordedEvent recorded)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        if (Types.Find(recorded.Type) is { } info && info.Version == recorded.SchemaVersion)
            return Read(recorded, info, recorded.Payload.Span);
        var (type, json) = Upcast(recorded);
        return Read(recorded, type, json);
    }

    private (EventTypeInfo Type, byte[] Json) Upcast(RecordedEvent recorded)
    {
        var (type, version) = (recorded.Type, recorded.SchemaVersion);
        JsonObject? json = null;
        while (Types.FindUpcaster(type, version) is { } step)
        {
            try
            {
                json = step.Upcast(json ?? JsonNode.Parse(recorded.Payload.Span)!.AsObject());
            }
            catch (Exception error)
            {
                throw new EventFormatException(recorded, $"{step.GetType()} failed on it: {error.Message}", error);
            }

            (type, version) = (step.ResultType, step.To);
        }

        var info = Types.Find(type) ?? throw new EventFormatException(
            recorded, "no registered event type has this name. Was a decider's registration removed, or is an upcaster with a new name missing?");
        if (info.Version != version || json is null)
        {
            throw new EventFormatException(recorded, version > info.Version
                ? $"today's code knows this type only up to version {info.Version}: the event was written by newer code."
                : $"today's version is {info.Version}, and no upcaster reads version {version}.");
        }

        return (info, JsonSerializer.SerializeToUtf8Bytes(json, Options));
    }

    private object Read(RecordedEvent recorded, EventTypeInfo info, ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, info.Type, Options)
                ?? throw new EventFormatException(recorded, "its payload is null.");
        }
        catch (Exception error) when (error is not EventFormatException)
        {
            // An event's own constructor may throw anything.
            throw new EventFormatException(recorded, $"its payload doesn't fit {info.Type}: {error.Message}", error);
        }
    }

    private static JsonSerializerOptions MakeDefaultOptions()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            NumberHandling = JsonNumberHandling.Strict,
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}

/// <summary>A stored event can't be read as an object of today's types.</summary>
/// <param name="recorded">The event.</param>
/// <param name="reason">What is wrong with it.</param>
/// <param name="innerException">The cause, where there is one.</param>
public sealed class EventFormatException(RecordedEvent recorded, string reason, Exception? innerException = null)
    : TallystickException($"Event {recorded.Type} version {recorded.SchemaVersion} at position {recorded.Position} can't be read: {reason}", innerException)
{
    /// <summary>Where the event is in its tenant's log.</summary>
    public LogPosition Position { get; } = recorded.Position;
}
