using System.Collections.Immutable;
using System.Text;
using Tallystick.Audit;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Specifications;

/// <summary>Writes events as the application stores them and reads them again.</summary>
internal sealed class StoredEvents
{
    private readonly EventSerializer _serializer;

    private StoredEvents(EventSerializer serializer) => _serializer = serializer;

    /// <summary>For the events of a decider.</summary>
    /// <exception cref="CheckFailedException">The decider can't be registered; the message says why.</exception>
    public static StoredEvents Of(Decider decider)
    {
        try
        {
            return new StoredEvents(new EventSerializer(
                new EventTypes(DeciderRegistration.Of(decider).EventTypes, []), new IdGenerator(new SpecificationClock(), new SpecificationEntropy())));
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            throw new CheckFailedException($"No application could register {CSharpText.TypeName(decider.GetType())}: {error.Message}", error);
        }
    }

    /// <summary>The event as it is read back.</summary>
    /// <exception cref="CheckFailedException">It can't be written or read, or comes back as another.</exception>
    public object RoundTrip(object @event)
    {
        var text = "";
        object read;
        try
        {
            var stored = _serializer.Serialize(@event);
            text = Encoding.UTF8.GetString(stored.Payload.Span);
            read = _serializer.Deserialize(Recorded(stored));
        }
        catch (Exception error)
        {
            throw new CheckFailedException(
                $"{CSharpText.Brief(@event, typeof(object))} can't be stored and read again: {error.Message}{(text.Length == 0 ? "" : $"\nStored as {text}")}", error);
        }

        var difference = Difference.Between(@event, read);
        return difference.IsEmpty ? read : throw new CheckFailedException(
            $"{CSharpText.TypeName(@event.GetType())} doesn't survive being stored: it comes back as another.\n{difference}\nStored as {text}\n"
            + "Give the event a constructor or init properties for all that it holds, of types that JSON can carry.");
    }

    private static RecordedEvent Recorded(NewEvent stored) => new()
    {
        Position = LogPosition.Of(1),
        Id = stored.Id,
        Stream = new StreamId("specification", "1"),
        Version = StreamVersion.Of(1),
        Type = stored.Type,
        SchemaVersion = stored.SchemaVersion,
        Time = SpecificationClock.Start,
        Tags = stored.Tags,
        Metadata = EventMetadata.None,
        Payload = stored.Payload,
        Salt = ReadOnlyMemory<byte>.Empty,
        PayloadHash = default(Hash256),
        TreeNodes = ReadOnlyMemory<byte>.Empty,
    };
}
