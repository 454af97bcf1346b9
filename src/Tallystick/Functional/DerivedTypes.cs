using System.Collections.Immutable;
using System.Reflection;

namespace Tallystick.Functional;

/// <summary>Finds the classes that derive from a class and are in its assembly; an assembly is searched once.</summary>
internal sealed class DerivedTypes
{
    private readonly Dictionary<Assembly, ILookup<Type, Type>> _byBaseDefinition = [];

    /// <summary>
    /// The classes whose base class is <paramref name="baseType"/> itself. A generic one is closed with the arguments that make
    /// it derive from <paramref name="baseType"/>; an argument that this leaves undecided stays open.
    /// </summary>
    public ImmutableArray<Type> DirectlyFrom(Type baseType)
    {
        if (!_byBaseDefinition.TryGetValue(baseType.Assembly, out var byBaseDefinition))
        {
            byBaseDefinition = baseType.Assembly.GetTypes().Where(type => type.BaseType is not null)
                .ToLookup(type => DefinitionOf(type.BaseType!));
            _byBaseDefinition.Add(baseType.Assembly, byBaseDefinition);
        }

        return [.. byBaseDefinition[DefinitionOf(baseType)].Select(type => CloseFor(type, baseType)).OfType<Type>()];
    }

    private static Type DefinitionOf(Type type) => type.IsGenericType ? type.GetGenericTypeDefinition() : type;

    /// <summary>Null if <paramref name="candidate"/> derives from the same generic class with other arguments.</summary>
    private static Type? CloseFor(Type candidate, Type baseType)
    {
        var bindings = new Dictionary<Type, Type>();
        if (!Unify(candidate.BaseType!, baseType, bindings))
            return null;
        if (!candidate.IsGenericTypeDefinition)
            return candidate;

        try
        {
            return candidate.MakeGenericType(
                [.. candidate.GetGenericArguments().Select(parameter => bindings.GetValueOrDefault(parameter, parameter))]);
        }
        catch (ArgumentException)
        {
            return null; // The candidate's constraints exclude these arguments, so no such object can exist.
        }
    }

    private static bool Unify(Type pattern, Type actual, Dictionary<Type, Type> bindings)
    {
        if (pattern.IsGenericParameter)
            return bindings.TryAdd(pattern, actual) || bindings[pattern] == actual;
        if (!pattern.ContainsGenericParameters)
            return pattern == actual;
        if (!pattern.IsGenericType || !actual.IsGenericType || DefinitionOf(pattern) != DefinitionOf(actual))
            return false;

        return pattern.GetGenericArguments().Zip(actual.GetGenericArguments())
            .All(pair => Unify(pair.First, pair.Second, bindings));
    }
}
