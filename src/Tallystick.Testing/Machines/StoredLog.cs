using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Machines;

/// <summary>Events as a store would have them: bytes, read back as the application reads them.</summary>
internal sealed class StoredLog
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public StoredLog(IEnumerable<Type> eventTypes, IEnumerable<Upcaster> upcasters)
    {
        var ids = new IdGenerator(new StillTime(), new SeededEntropy(0));
        Serializer = new EventSerializer(new EventTypes(eventTypes, upcasters), ids);
    }

    public EventSerializer Serializer { get; }

    /// <exception cref="CheckFailedException">The decider can't be registered; the message says why.</exception>
    public static StoredLog Of(Decider decider)
    {
        try
        {
            return new StoredLog(DeciderRegistration.Of(decider).EventTypes, []);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            throw new CheckFailedException($"No application could register {CSharpText.TypeName(decider.GetType())}: {error.Message}", error);
        }
    }

    /// <summary>The event written and read again.</summary>
    /// <returns>What came back; or why nothing did.</returns>
    public (object? Read, string? Problem) RoundTrip(object @event)
    {
        var json = "";
        try
        {
            var written = Serializer.Serialize(@event);
            json = Encoding.UTF8.GetString(written.Payload.Span);
            var read = Serializer.Deserialize(Recorded(written.Type, written.SchemaVersion, written.Payload));
            var difference = Difference.Between(@event, read);
            return difference.IsEmpty ? (read, null) : (read, $"{CSharpText.TypeName(@event.GetType())} comes back as another event:\n{difference}\nIt was stored as {json}");
        }
        catch (Exception error)
        {
            return (null, $"{CSharpText.Brief(@event, typeof(object))} can't be stored and read again: {error.Message}{(json.Length == 0 ? "" : $"\nIt was stored as {json}")}");
        }
    }

    /// <summary>A value written as snapshots and documents are, and read again.</summary>
    public static (object? Read, string? Problem) RoundTripState(object state, Type type)
    {
        var json = "";
        try
        {
            json = JsonSerializer.Serialize(state, type, EventSerializer.DefaultOptions);
            var read = JsonSerializer.Deserialize(json, type, EventSerializer.DefaultOptions);
            var difference = Difference.Between(state, read);
            return difference.IsEmpty ? (read, null) : (read, $"The state comes back as another one:\n{difference}\nIt was stored as {json}");
        }
        catch (Exception error)
        {
            return (null, $"The state can't be stored and read again: {error.Message}{(json.Length == 0 ? "" : $"\nIt was stored as {json}")}");
        }
    }

    public static RecordedEvent Recorded(string type, int version, ReadOnlyMemory<byte> payload) => new()
    {
        Position = LogPosition.Of(1),
        Id = Guid.Empty,
        Stream = new StreamId("properties", "1"),
        Version = StreamVersion.Of(1),
        Type = type,
        SchemaVersion = version,
        Time = Start,
        Tags = [],
        Metadata = EventMetadata.None,
        Payload = payload,
        Salt = ReadOnlyMemory<byte>.Empty,
        PayloadHash = default,
        TreeNodes = ReadOnlyMemory<byte>.Empty,
    };

    private sealed class StillTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Start;
    }
}
