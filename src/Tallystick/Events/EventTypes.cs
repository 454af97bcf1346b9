using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Reflection;

namespace Tallystick.Events;

/// <summary>
/// The event types of an application by name and by CLR type, and the upcasters that lift older shapes. Made once, then never changed;
/// making it finds every contradiction, so that none is found while reading.
/// </summary>
public sealed class EventTypes
{
    private readonly FrozenDictionary<string, EventTypeInfo> _byName;
    private readonly FrozenDictionary<Type, EventTypeInfo> _byType;
    private readonly FrozenDictionary<(string Type, int Version), Upcaster> _upcasters;
    private readonly ImmutableArray<(string StoredName, string TodaysName)> _renames;

    /// <summary>Makes the set of all types that may be stored.</summary>
    /// <param name="types">The concrete event types; each has an <see cref="EventTypeAttribute"/>. Repetitions are ignored.</param>
    /// <param name="upcasters">What lifts older shapes; each chain must end at a type and version of today.</param>
    /// <exception cref="InvalidOperationException">A name is missing or used twice, or an upcaster leads nowhere.</exception>
    public EventTypes(IEnumerable<Type> types, IEnumerable<Upcaster> upcasters)
    {
        var infos = types.Distinct().Select(type => new EventTypeInfo(type)).ToArray();
        foreach (var same in infos.GroupBy(info => info.Name).Where(group => group.Count() > 1))
            throw new InvalidOperationException($"The event name '{same.Key}' is used by {string.Join(" and ", same.Select(info => info.Type))}; names must be unique.");
        _byName = infos.ToFrozenDictionary(info => info.Name);
        _byType = infos.ToFrozenDictionary(info => info.Type);

        var steps = upcasters.ToArray();
        foreach (var same in steps.GroupBy(step => (step.Type, step.From)).Where(group => group.Count() > 1))
            throw new InvalidOperationException($"Two upcasters read {same.Key.Type} version {same.Key.From}: {string.Join(" and ", same.Select(step => step.GetType()))}.");
        _upcasters = steps.ToFrozenDictionary(step => (step.Type, step.From));
        _renames = [.. from step in steps
                       let today = FollowToToday(step)
                       where today != step.Type
                       select (step.Type, today)];
    }

    /// <summary>All types, by name.</summary>
    public ImmutableArray<EventTypeInfo> All => [.. _byName.Values.OrderBy(info => info.Name, StringComparer.Ordinal)];

    /// <summary>The type with this stored name, or null.</summary>
    public EventTypeInfo? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The type of this CLR type.</summary>
    /// <exception cref="InvalidOperationException">It isn't registered; the message says what to do.</exception>
    public EventTypeInfo Get(Type type) => _byType.GetValueOrDefault(type) ?? throw new InvalidOperationException(
        $"{type} isn't a registered event type. Register the decider whose events it belongs to, or name it by AddEvents.");

    /// <summary>
    /// Every name under which events that are read as this type may be stored: its own first, then those that upcasters rename to it.
    /// A filter by type needs all of them, or it would miss events from before a renaming.
    /// </summary>
    /// <exception cref="InvalidOperationException">It isn't registered; the message says what to do.</exception>
    public ImmutableArray<string> StoredNamesOf(Type type)
    {
        var name = Get(type).Name;
        var older = _renames.Where(rename => rename.TodaysName == name).Select(rename => rename.StoredName);
        return [name, .. older.Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>The upcaster that reads this type and version, or null.</summary>
    public Upcaster? FindUpcaster(string type, int version) => _upcasters.GetValueOrDefault((type, version));

    private string FollowToToday(Upcaster first)
    {
        var (type, version) = (first.ResultType, first.To);
        for (var steps = 0; FindUpcaster(type, version) is { } next; steps++)
        {
            if (steps > _upcasters.Count)
                throw new InvalidOperationException($"The upcasters of {first.Type} lead in a circle.");
            (type, version) = (next.ResultType, next.To);
        }

        if (Find(type) is not { } today)
            throw new InvalidOperationException($"The upcaster {first.GetType()} leads to '{type}', which is no registered event.");
        if (today.Version != version)
            throw new InvalidOperationException($"The upcaster {first.GetType()} leads to version {version} of '{type}', but today's is {today.Version}; a step is missing.");
        return type;
    }
}

/// <summary>One event type.</summary>
public sealed class EventTypeInfo
{
    private readonly ImmutableArray<(string Prefix, PropertyInfo Property)> _tags;

    internal EventTypeInfo(Type type)
    {
        var attribute = EventTypeAttribute.Of(type);
        (Type, Name, Version) = (type, attribute.Name, attribute.Version);
        _tags = [.. from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                    let tag = property.GetCustomAttribute<EventTagAttribute>()
                    where tag is not null
                    orderby tag.Prefix, property.Name
                    select (tag.Prefix, property)];
    }

    /// <summary>The CLR type.</summary>
    public Type Type { get; }

    /// <summary>The stored name.</summary>
    public string Name { get; }

    /// <summary>The schema version that is written today.</summary>
    public int Version { get; }

    /// <summary>The tags of one event, from its properties marked by <see cref="EventTagAttribute"/>.</summary>
    public ImmutableArray<string> TagsOf(object @event)
    {
        if (_tags.IsEmpty)
            return [];
        var tags = ImmutableArray.CreateBuilder<string>(_tags.Length);
        foreach (var (prefix, property) in _tags)
        {
            if (property.GetValue(@event) is { } value)
                tags.Add($"{prefix}:{Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)}");
        }

        return tags.DrainToImmutable();
    }
}
