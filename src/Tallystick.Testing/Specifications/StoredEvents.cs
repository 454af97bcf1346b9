using System.Text;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Testing.Machines;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Specifications;

/// <summary>Writes events as the application stores them and reads them again.</summary>
internal sealed class StoredEvents
{
    private readonly EventSerializer _serializer;

    private StoredEvents(EventSerializer serializer) => _serializer = serializer;

    /// <summary>For the events of a decider.</summary>
    /// <exception cref="CheckFailedException">The decider can't be registered; the message says why.</exception>
    public static StoredEvents Of(Decider decider) => new(StoredLog.Of(decider).Serializer);

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
            read = _serializer.Deserialize(StoredLog.Recorded(stored.Type, stored.SchemaVersion, stored.Payload));
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
}
