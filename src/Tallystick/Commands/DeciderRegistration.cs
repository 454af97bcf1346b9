using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Functional;

namespace Tallystick.Commands;

/// <summary>A decider that has passed every check that can be made before it runs, and the event types that it stores.</summary>
public sealed class DeciderRegistration
{
    private DeciderRegistration(Decider decider, ImmutableArray<Type> eventTypes) => (Decider, EventTypes) = (decider, eventTypes);

    /// <summary>The decider.</summary>
    public Decider Decider { get; }

    /// <summary>The concrete types of its events, ordered by name.</summary>
    public ImmutableArray<Type> EventTypes { get; }

    /// <summary>Checks a decider.</summary>
    /// <exception cref="ArgumentException">
    /// Its category isn't one, its state or an event is mutable, or it has no events; the message says what to change.
    /// </exception>
    /// <exception cref="InvalidOperationException">An event has no <see cref="EventTypeAttribute"/>.</exception>
    public static DeciderRegistration Of(Decider decider)
    {
        ArgumentNullException.ThrowIfNull(decider);
        if (!StreamId.IsCategory(decider.Category))
        {
            throw Refuse(decider, $"its category '{decider.Category}' is none: use 1 to {StreamId.CategoryLengthMax} lower-case letters, "
                + "digits, '.' and '_'.");
        }

        if (decider.StateVersion < 1)
            throw Refuse(decider, $"its state version is {decider.StateVersion}; the first is 1.");
        if (decider.SnapshotEvery < 0)
            throw Refuse(decider, $"it wants a snapshot every {decider.SnapshotEvery} events; use 0 for none, or more.");
        if (decider.InitialStateObject is null)
            throw Refuse(decider, "its initial state is null; give a value that means 'nothing yet', such as Order.None.");

        Immutability.Demand(decider.StateType, "a decider's state");
        var events = ConcreteEventTypes(decider);
        foreach (var type in events)
        {
            EventTypeAttribute.Of(type);
            Immutability.Demand(type, "an event");
        }

        return new DeciderRegistration(decider, events);
    }

    private static ImmutableArray<Type> ConcreteEventTypes(Decider decider)
    {
        var root = decider.EventType;
        if (root == typeof(object) || root == typeof(ValueType))
            throw Refuse(decider, $"its events are any {root}; give them a base record or an interface of their own.");
        var events = root.Assembly.GetTypes()
            .Where(type => !type.IsAbstract && !type.IsInterface && root.IsAssignableFrom(type))
            .OrderBy(type => type.FullName, StringComparer.Ordinal)
            .ToImmutableArray();
        if (events.IsEmpty)
            throw Refuse(decider, $"no concrete type in {root.Assembly.GetName().Name} derives from its event type {root}.");
        return events.FirstOrDefault(type => type.ContainsGenericParameters) is { } open
            ? throw Refuse(decider, $"its event {open} is generic; one stored name can't stand for many types.")
            : events;
    }

    private static ArgumentException Refuse(Decider decider, string reason) =>
        new($"{decider.GetType()} can't be registered: {reason}", nameof(decider));
}
