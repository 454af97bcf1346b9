using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Tallystick.Commands;

/// <summary>The deciders of an application, found by a command's type or a stream's category. Made once, then never changed.</summary>
public sealed class Deciders
{
    private readonly FrozenDictionary<string, Decider> _byCategory;

    // Filled as command types are first seen, so it has at most as many entries as the program has command types.
    private readonly ConcurrentDictionary<Type, Decider> _byCommand = new();

    /// <summary>Makes the set.</summary>
    /// <exception cref="ArgumentException">Two deciders have the same category, or take the same commands.</exception>
    public Deciders(IEnumerable<DeciderRegistration> registrations)
    {
        All = [.. registrations];
        EventTypes = [.. All.SelectMany(registration => registration.EventTypes).Distinct()];
        for (var i = 0; i < All.Length; i++)
        {
            for (var j = i + 1; j < All.Length; j++)
                RefuseOverlap(All[i].Decider, All[j].Decider);
        }

        _byCategory = All.ToFrozenDictionary(registration => registration.Decider.Category, registration => registration.Decider);
    }

    /// <summary>All of them, in the order of registration.</summary>
    public ImmutableArray<DeciderRegistration> All { get; }

    /// <summary>The event types of all of them: what to make <see cref="Events.EventTypes"/> of.</summary>
    public ImmutableArray<Type> EventTypes { get; }

    /// <summary>Checks deciders and makes the set.</summary>
    /// <exception cref="ArgumentException">One is refused, or two contradict each other; the message says how.</exception>
    public static Deciders Of(params ReadOnlySpan<Decider> deciders)
    {
        var registrations = new List<DeciderRegistration>(deciders.Length);
        foreach (var decider in deciders)
            registrations.Add(DeciderRegistration.Of(decider));
        return new Deciders(registrations);
    }

    /// <summary>The decider that takes commands of this type, registered for the type itself or for one that it derives from.</summary>
    /// <exception cref="InvalidOperationException">There is none; the message lists what is registered.</exception>
    public Decider ForCommand(Type commandType) =>
        _byCommand.TryGetValue(commandType, out var decider) ? decider : _byCommand.GetOrAdd(commandType, FindForCommand(commandType));

    /// <summary>The decider of a category.</summary>
    /// <exception cref="InvalidOperationException">There is none; the message lists what is registered.</exception>
    public Decider ForCategory(string category) => FindCategory(category) ?? throw new InvalidOperationException(
        $"No decider has the category '{category}'. Registered are {List(decider => $"'{decider.Category}'")}.");

    /// <summary>The decider of a category, or null.</summary>
    public Decider? FindCategory(string category) => _byCategory.GetValueOrDefault(category);

    private Decider FindForCommand(Type commandType)
    {
        Decider? found = null;
        foreach (var registration in All)
        {
            var decider = registration.Decider;
            if (!decider.CommandType.IsAssignableFrom(commandType))
                continue;
            if (found is not null)
            {
                throw new InvalidOperationException(
                    $"{commandType} is a command of two deciders, {found.GetType()} and {decider.GetType()}; it must be of one.");
            }

            found = decider;
        }

        return found ?? throw new InvalidOperationException(
            $"No decider takes the command {commandType}. Registered are {List(decider => $"{decider.CommandType} ({decider.GetType()})")}.");
    }

    private static void RefuseOverlap(Decider one, Decider other)
    {
        var both = $"{one.GetType()} and {other.GetType()}";
        if (one.Category == other.Category)
            throw new ArgumentException($"{both} have the same category '{one.Category}'; a stream belongs to one decider.");
        var (first, second) = (one.CommandType, other.CommandType);
        if (first.IsAssignableFrom(second) || second.IsAssignableFrom(first))
        {
            throw new ArgumentException(
                $"{both} take the same commands: {first} and {second} overlap. Give each a base type of its own.");
        }

        // Two unrelated classes can't have a common descendant; with an interface they can.
        if (!first.IsInterface && !second.IsInterface)
            return;
        var common = first.Assembly.GetTypes().Concat(second.Assembly.GetTypes())
            .FirstOrDefault(type => !type.IsAbstract && first.IsAssignableFrom(type) && second.IsAssignableFrom(type));
        if (common is not null)
            throw new ArgumentException($"{both} take the same commands: {common} is both a {first} and a {second}.");
    }

    private string List(Func<Decider, string> describe) =>
        All.IsEmpty ? "none" : string.Join(", ", All.Select(registration => describe(registration.Decider)));
}
