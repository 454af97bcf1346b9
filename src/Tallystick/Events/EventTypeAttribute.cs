using System.Collections.Concurrent;
using System.Reflection;

namespace Tallystick.Events;

/// <summary>
/// The stable name under which an event type is stored, such as <c>order.placed</c>. The CLR's name is never stored, so the class can
/// be renamed and moved freely.
/// </summary>
/// <param name="name">Unique among the event types of an application; it must never change once events are stored.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, Inherited = false)]
public sealed class EventTypeAttribute(string name) : Attribute
{
    private static readonly ConcurrentDictionary<Type, EventTypeAttribute?> Known = new();

    /// <summary>The stable name.</summary>
    public string Name { get; } = name;

    /// <summary>The version of the payload's shape that today's code writes. Default 1. Older ones are lifted by upcasters.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The attribute of an event type.</summary>
    /// <exception cref="InvalidOperationException">The type has none; the message says what to add.</exception>
    public static EventTypeAttribute Of(Type type) =>
        Known.GetOrAdd(type, static t => t.GetCustomAttribute<EventTypeAttribute>()) ?? throw new InvalidOperationException(
            $"{type} has no stable name to be stored under. Add [EventType(\"category.what-happened\")] to it.");
}
