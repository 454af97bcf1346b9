using System.Text.Json.Nodes;

namespace Tallystick.Events;

/// <summary>
/// Lifts the stored payload of an event from one version of its shape to a later one, when it is read; the stored bytes never change.
/// Pure: it sees the old JSON and gives the new. Upcasters chain until today's version is reached.
/// </summary>
public abstract class Upcaster
{
    /// <summary>Makes an upcaster.</summary>
    /// <param name="type">The type name that it reads, such as <c>order.placed</c>.</param>
    /// <param name="from">The schema version that it reads.</param>
    /// <param name="to">The schema version that it gives; later than <paramref name="from"/> unless the name changes.</param>
    /// <param name="renamedTo">The type name that it gives, if the event has been renamed; null keeps the name.</param>
    /// <exception cref="ArgumentException">It would not lead forward.</exception>
    protected Upcaster(string type, int from, int to, string? renamedTo = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(type);
        if (from < 1 || to < 1 || (to <= from && (renamedTo is null || renamedTo == type)))
            throw new ArgumentException($"An upcaster of {type} from version {from} to {to} doesn't lead forward: versions start at 1 and must rise.");
        (Type, From, To, ResultType) = (type, from, to, renamedTo ?? type);
    }

    /// <summary>The type name that it reads.</summary>
    public string Type { get; }

    /// <summary>The schema version that it reads.</summary>
    public int From { get; }

    /// <summary>The schema version that it gives.</summary>
    public int To { get; }

    /// <summary>The type name that it gives.</summary>
    public string ResultType { get; }

    /// <summary>Gives the payload in the newer shape. It may change and return the object that it is given.</summary>
    public abstract JsonObject Upcast(JsonObject payload);
}
