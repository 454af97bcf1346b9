using System.Collections.Immutable;

namespace Tallystick.Events;

/// <summary>
/// Selects events of a tenant's log by type and tags, over all streams: an event matches if any alternative matches, and an
/// alternative matches if the event has one of its types (or it names none) and all of its tags. A query without alternatives
/// matches everything. This is the query of a dynamic consistency boundary (dcb.events).
/// </summary>
public sealed record EventQuery
{
    private EventQuery(ImmutableArray<EventQueryAlternative> alternatives) => Alternatives = alternatives;

    /// <summary>Matches every event.</summary>
    public static EventQuery All { get; } = new([]);

    /// <summary>What to match, one of which is enough; empty matches everything.</summary>
    public ImmutableArray<EventQueryAlternative> Alternatives { get; }

    /// <summary>How many types and tags it names.</summary>
    internal int TermCount => Alternatives.Sum(alternative => alternative.Types.Length + alternative.Tags.Length);

    /// <summary>Matches events that have all of these tags.</summary>
    /// <exception cref="ArgumentException">No tag is given; to match everything, say <see cref="All"/>.</exception>
    public static EventQuery Tagged(params ReadOnlySpan<string> tags) => tags.IsEmpty
        ? throw new ArgumentException("No tag is given. To match every event, use EventQuery.All.", nameof(tags))
        : new([new EventQueryAlternative([], [.. tags])]);

    /// <summary>Matches events of any of these types, such as <c>order.placed</c>.</summary>
    /// <exception cref="ArgumentException">No type is given; to match everything, say <see cref="All"/>.</exception>
    public static EventQuery OfTypes(params ReadOnlySpan<string> types) => types.IsEmpty
        ? throw new ArgumentException("No type is given. To match every event, use EventQuery.All.", nameof(types))
        : new([new EventQueryAlternative([.. types], [])]);

    /// <summary>Narrows every alternative to one type more, taken from the event's <see cref="EventTypeAttribute"/>.</summary>
    public EventQuery OfType<TEvent>() => OfType(EventTypeAttribute.Of(typeof(TEvent)).Name);

    /// <summary>Lets every alternative match one type more (a query that named no type then matches this type alone).</summary>
    public EventQuery OfType(string type) => Alternatives.IsEmpty
        ? OfTypes(type)
        : new EventQuery([.. Alternatives.Select(alternative => alternative with { Types = alternative.Types.Add(type) })]);

    /// <summary>Matches what either query matches.</summary>
    public EventQuery Or(EventQuery other) =>
        Alternatives.IsEmpty || other.Alternatives.IsEmpty ? All : new EventQuery([.. Alternatives, .. other.Alternatives]);

    /// <summary>Whether an event with this type and these tags matches.</summary>
    public bool Matches(string type, ImmutableArray<string> tags)
    {
        if (Alternatives.IsEmpty)
            return true;
        foreach (var alternative in Alternatives)
        {
            if (alternative.Matches(type, tags))
                return true;
        }

        return false;
    }

    /// <inheritdoc/>
    public bool Equals(EventQuery? other) => other is not null && Alternatives.SequenceEqual(other.Alternatives);

    /// <inheritdoc/>
    public override int GetHashCode() => Alternatives.Aggregate(17, (hash, alternative) => HashCode.Combine(hash, alternative));

    /// <summary>The query in words, for messages.</summary>
    public override string ToString() => Alternatives.IsEmpty ? "every event" : string.Join(" or ", Alternatives);
}

/// <summary>One alternative of an <see cref="EventQuery"/>.</summary>
/// <param name="Types">The event has one of these types; empty: any type.</param>
/// <param name="Tags">The event has all of these tags.</param>
public sealed record EventQueryAlternative(ImmutableArray<string> Types, ImmutableArray<string> Tags)
{
    /// <summary>Whether an event with this type and these tags matches.</summary>
    public bool Matches(string type, ImmutableArray<string> tags)
    {
        if (!Types.IsEmpty && !Types.Contains(type))
            return false;
        foreach (var tag in Tags)
        {
            if (tags.IsDefault || !tags.Contains(tag))
                return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public bool Equals(EventQueryAlternative? other) =>
        other is not null && Types.SequenceEqual(other.Types) && Tags.SequenceEqual(other.Tags);

    /// <inheritdoc/>
    public override int GetHashCode() => Types.Concat(Tags).Aggregate(17, HashCode.Combine);

    /// <summary>The alternative in words, for messages.</summary>
    public override string ToString() =>
        (Types.IsEmpty ? "any type" : string.Join("|", Types)) + (Tags.IsEmpty ? "" : $" tagged {string.Join(", ", Tags)}");
}
