using System.Collections;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Tallystick.Functional;

/// <summary>What <see cref="ImmutabilityWalk"/> knows about types without looking at their members.</summary>
internal static class ImmutabilityRules
{
    private const string List = "use ImmutableArray<{0}> or ImmutableList<{0}>";
    private const string Set = "use ImmutableHashSet<{0}>, ImmutableSortedSet<{0}> or FrozenSet<{0}>";
    private const string Map = "use ImmutableDictionary<{0}, {1}>, ImmutableSortedDictionary<{0}, {1}> or FrozenDictionary<{0}, {1}>";

    private static readonly FrozenSet<Type> ImmutableValues = FrozenSet.Create(
        typeof(string), typeof(decimal), typeof(Guid), typeof(DateTime), typeof(DateTimeOffset), typeof(DateOnly), typeof(TimeOnly),
        typeof(TimeSpan), typeof(Uri), typeof(Version), typeof(BigInteger));

    /// <summary>Types that are as immutable as their arguments, with what an argument adds to the path.</summary>
    private static readonly FrozenDictionary<Type, ImmutableArray<string>> Containers =
        new Dictionary<Type, ImmutableArray<string>>
        {
            [typeof(ImmutableArray<>)] = ["[]"],
            [typeof(ImmutableList<>)] = ["[]"],
            [typeof(ImmutableHashSet<>)] = ["[]"],
            [typeof(ImmutableSortedSet<>)] = ["[]"],
            [typeof(ImmutableQueue<>)] = ["[]"],
            [typeof(ImmutableStack<>)] = ["[]"],
            [typeof(FrozenSet<>)] = ["[]"],
            [typeof(ImmutableDictionary<,>)] = ["[key]", "[value]"],
            [typeof(ImmutableSortedDictionary<,>)] = ["[key]", "[value]"],
            [typeof(FrozenDictionary<,>)] = ["[key]", "[value]"],
            [typeof(Maybe<>)] = [".Value"],
            [typeof(Result<,>)] = [".Value", ".Error"],

            // A tuple's fields can be assigned, but only in a copy of one's own: a readonly field or a property hands out copies.
            [typeof(ValueTuple<>)] = [".Item1"],
            [typeof(ValueTuple<,>)] = [".Item1", ".Item2"],
            [typeof(ValueTuple<,,>)] = [".Item1", ".Item2", ".Item3"],
            [typeof(ValueTuple<,,,>)] = [".Item1", ".Item2", ".Item3", ".Item4"],
            [typeof(ValueTuple<,,,,>)] = [".Item1", ".Item2", ".Item3", ".Item4", ".Item5"],
            [typeof(ValueTuple<,,,,,>)] = [".Item1", ".Item2", ".Item3", ".Item4", ".Item5", ".Item6"],
            [typeof(ValueTuple<,,,,,,>)] = [".Item1", ".Item2", ".Item3", ".Item4", ".Item5", ".Item6", ".Item7"],
            [typeof(ValueTuple<,,,,,,,>)] = [".Item1", ".Item2", ".Item3", ".Item4", ".Item5", ".Item6", ".Item7", ".Rest"],
        }.ToFrozenDictionary();

    /// <summary>What to use instead of a type that is often used; {0} and {1} stand for its arguments.</summary>
    private static readonly FrozenDictionary<Type, string> Substitutes = new Dictionary<Type, string>
    {
        [typeof(List<>)] = List,
        [typeof(IList<>)] = List,
        [typeof(IReadOnlyList<>)] = List,
        [typeof(ICollection<>)] = List,
        [typeof(IReadOnlyCollection<>)] = List,
        [typeof(IEnumerable<>)] = List,
        [typeof(IImmutableList<>)] = List,
        [typeof(Collection<>)] = List,
        [typeof(ReadOnlyCollection<>)] = List,
        [typeof(LinkedList<>)] = List,
        [typeof(ArraySegment<>)] = List,
        [typeof(Memory<>)] = List,
        [typeof(ReadOnlyMemory<>)] = List,
        [typeof(HashSet<>)] = Set,
        [typeof(SortedSet<>)] = Set,
        [typeof(ISet<>)] = Set,
        [typeof(IReadOnlySet<>)] = Set,
        [typeof(IImmutableSet<>)] = Set,
        [typeof(Dictionary<,>)] = Map,
        [typeof(SortedDictionary<,>)] = Map,
        [typeof(SortedList<,>)] = Map,
        [typeof(ConcurrentDictionary<,>)] = Map,
        [typeof(ReadOnlyDictionary<,>)] = Map,
        [typeof(IDictionary<,>)] = Map,
        [typeof(IReadOnlyDictionary<,>)] = Map,
        [typeof(IImmutableDictionary<,>)] = Map,
        [typeof(Queue<>)] = "use ImmutableQueue<{0}>",
        [typeof(Stack<>)] = "use ImmutableStack<{0}>",
        [typeof(IEnumerable)] = "use ImmutableArray<T> of the elements' type",
        [typeof(CultureInfo)] = "keep its Name as a string",
        [typeof(StringBuilder)] = "use string",
        [typeof(Type)] = "keep its name as a string",
        [typeof(TimeZoneInfo)] = "keep its Id as a string",
    }.ToFrozenDictionary();

    /// <summary>Whether it is a simple value that never changes.</summary>
    public static bool IsImmutableValue(Type type) => type.IsPrimitive || type.IsEnum || ImmutableValues.Contains(type);

    /// <summary>For a type as immutable as its arguments: what each argument adds to the path. Else null.</summary>
    public static ImmutableArray<string>? PartsOf(Type type)
        => type.IsGenericType && Containers.TryGetValue(type.GetGenericTypeDefinition(), out var suffixes) ? suffixes : null;

    /// <summary>Why a type is refused as a whole and what to use instead; null if its members must tell.</summary>
    public static string? WhyRefused(Type type)
    {
        var name = TypeNames.Of(type);
        if (type.IsGenericParameter)
            return $"type parameter {name} is open and could be anything; check the type with its arguments";
        if (type.IsArray)
            return $"{name} is an array, whose elements can be assigned; use ImmutableArray<{TypeNames.Of(type.GetElementType()!)}>";
        if (type.IsPointer || type.IsFunctionPointer || type.IsByRef)
            return $"{name} is a pointer; keep the value itself";
        if (type == typeof(object))
            return "object (or dynamic) could be anything; use an immutable type, or an abstract record with sealed cases";
        if (type.IsAssignableTo(typeof(Delegate)))
            return $"{name} is a delegate, which carries what it captured; keep data and look the function up";
        if (SubstituteFor(type) is { } substitute)
            return $"{name} can change, or be a view of what can; {substitute}";
        if (type.IsInterface)
            return $"{name} is an interface, which a mutable class could implement; use an abstract record with sealed cases";
        if (type.IsClass && IsFramework(type))
            return $"{name} is a framework class that isn't known to be immutable; keep what identifies it, as a string or a record";
        return null;
    }

    private static string? SubstituteFor(Type type)
    {
        var definition = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        return Substitutes.TryGetValue(definition, out var substitute)
            ? string.Format(CultureInfo.InvariantCulture, substitute, [.. type.GetGenericArguments().Select(TypeNames.Of)])
            : null;
    }

    private static bool IsFramework(Type type)
        => type.Assembly == typeof(object).Assembly
            || type.Assembly.GetName().Name is { } name && name.StartsWith("System.", StringComparison.Ordinal);
}
