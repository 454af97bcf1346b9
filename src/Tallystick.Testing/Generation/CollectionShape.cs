using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Tallystick.Testing.Generation;

/// <summary>A collection of elements.</summary>
internal sealed class CollectionShape<T>(Type type, Shape element, Func<List<T>, object> make, bool isSet) : Shape(type)
{
    private const double LongProbability = 0.3;
    private const int LongFactor = 4;

    public override object? Generate(Draw draw, string field, int tries)
    {
        if (draw.IsDeep)
            return make([]);
        var most = Math.Min(draw.Options.ElementsMax, 1 + (draw.Size / 10));
        // One that is refused may be too short or too long; its length is drawn anew, sometimes far from the usual.
        if (tries > 0 && draw.Entropy.Chance(LongProbability))
            most *= LongFactor;
        var count = draw.Entropy.Next(most + 1);
        draw.Depth++;
        var items = new List<T>(count);
        for (var i = 0; i < count; i++)
            items.Add((T)element.Generate(draw, NameOf(field), 0)!);
        draw.Depth--;
        return make(Distinct(items));
    }

    public override bool TryMend(ref object? value, ReadOnlySpan<string> path, Draw draw, string field, int tries)
    {
        if (path.IsEmpty)
            return base.TryMend(ref value, path, draw, field, tries);
        var items = Items(value);
        if (!int.TryParse(path[0], out var at) || at < 0 || at >= items.Count)
            return false;
        object? item = items[at];
        if (!element.TryMend(ref item, path[1..], draw, NameOf(field), tries))
            return false;
        items[at] = (T)item!;
        value = make(Distinct(items));
        return true;
    }

    public override IEnumerable<object?> Shrink(object? value)
    {
        var items = Items(value);
        foreach (var fewer in Shrinking.Fewer(items))
            yield return make([.. fewer]);
        for (var i = 0; i < items.Count; i++)
        {
            foreach (var simpler in element.Shrink(items[i]))
            {
                var changed = new List<T>(items) { [i] = (T)simpler! };
                if (!isSet || changed.Distinct().Count() == changed.Count)
                    yield return make(changed);
            }
        }
    }

    public override void Visit(object? value, string field, Action<ScalarShape, string, object> visit)
    {
        foreach (var item in Items(value))
            element.Visit(item, NameOf(field), visit);
    }

    public override object? Map(object? value, Func<ScalarShape, object, object> change) =>
        make(Distinct([.. Items(value).Select(item => (T)element.Map(item, change)!)]));

    private static List<T> Items(object? value) => value is ImmutableArray<T> { IsDefault: true } ? [] : [.. (IEnumerable<T>)value!];

    /// <summary>The elements of <c>skus</c> are seen as <c>sku</c>, so that they meet the single ones.</summary>
    private static string NameOf(string field) => field is [.., not 's', 's'] ? field[..^1] : field;

    private List<T> Distinct(List<T> items) => isSet ? [.. items.Distinct()] : items;
}

/// <summary>A dictionary.</summary>
internal sealed class MapShape<TKey, TValue>(Type type, Shape key, Shape item, Func<Dictionary<TKey, TValue>, object> make) : Shape(type)
    where TKey : notnull
{
    public override object? Generate(Draw draw, string field, int tries)
    {
        var entries = new Dictionary<TKey, TValue>();
        var count = draw.IsDeep ? 0 : draw.Entropy.Next(Math.Min(draw.Options.ElementsMax, 1 + (draw.Size / 10)) + 1);
        draw.Depth++;
        for (var i = 0; i < count; i++)
            entries[(TKey)key.Generate(draw, field, tries)!] = (TValue)item.Generate(draw, field, tries)!;
        draw.Depth--;
        return make(entries);
    }

    public override IEnumerable<object?> Shrink(object? value)
    {
        var entries = Entries(value);
        foreach (var fewer in Shrinking.Fewer(entries))
            yield return Make(fewer);
        for (var i = 0; i < entries.Count; i++)
        {
            var (name, held) = (entries[i].Key, entries[i].Value);
            foreach (var simpler in key.Shrink(name).Where(one => !entries.Exists(entry => entry.Key.Equals(one))))
                yield return Make(new List<KeyValuePair<TKey, TValue>>(entries) { [i] = new((TKey)simpler!, held) });
            foreach (var simpler in item.Shrink(held))
                yield return Make(new List<KeyValuePair<TKey, TValue>>(entries) { [i] = new(name, (TValue)simpler!) });
        }
    }

    public override void Visit(object? value, string field, Action<ScalarShape, string, object> visit)
    {
        foreach (var (name, held) in Entries(value))
        {
            key.Visit(name, field, visit);
            item.Visit(held, field, visit);
        }
    }

    public override object? Map(object? value, Func<ScalarShape, object, object> change) => Make(
        Entries(value).Select(entry => new KeyValuePair<TKey, TValue>((TKey)key.Map(entry.Key, change)!, (TValue)item.Map(entry.Value, change)!))
            .DistinctBy(entry => entry.Key));

    private static List<KeyValuePair<TKey, TValue>> Entries(object? value) =>
        [.. ((IEnumerable<KeyValuePair<TKey, TValue>>)value!).OrderBy(entry => entry.Key, KeyOrder.Instance)];

    private object Make(IEnumerable<KeyValuePair<TKey, TValue>> entries) => make(entries.ToDictionary());

    // A hash table's order differs between processes, and a seed must lead to the same shrinking in all.
    private sealed class KeyOrder : IComparer<TKey>
    {
        public static KeyOrder Instance { get; } = new();

        public int Compare(TKey? x, TKey? y) => string.CompareOrdinal(x?.ToString(), y?.ToString());
    }
}

/// <summary>The collections that are known, each with how it is made from a list.</summary>
internal static class Collections
{
    private static readonly FrozenSet<Type> Sets = FrozenSet.Create(
        typeof(ImmutableHashSet<>), typeof(ImmutableSortedSet<>), typeof(FrozenSet<>), typeof(HashSet<>), typeof(IReadOnlySet<>), typeof(ISet<>),
        typeof(IImmutableSet<>));

    private static readonly FrozenSet<Type> Lists = FrozenSet.Create(
        typeof(ImmutableArray<>), typeof(ImmutableList<>), typeof(ImmutableQueue<>), typeof(ImmutableStack<>), typeof(List<>),
        typeof(IReadOnlyList<>), typeof(IReadOnlyCollection<>), typeof(IEnumerable<>), typeof(IList<>), typeof(ICollection<>), typeof(IImmutableList<>));

    private static readonly FrozenSet<Type> Maps = FrozenSet.Create(
        typeof(ImmutableDictionary<,>), typeof(ImmutableSortedDictionary<,>), typeof(FrozenDictionary<,>), typeof(Dictionary<,>),
        typeof(IReadOnlyDictionary<,>), typeof(IDictionary<,>), typeof(IImmutableDictionary<,>));

    /// <summary>The shape of a collection's type; null if it is none that is known.</summary>
    public static Shape? Of(Type type, Func<Type, Shape> shapeOf)
    {
        if (type.IsArray && type.GetArrayRank() == 1)
            return Make(typeof(CollectionMaker<>), [type.GetElementType()!], type, shapeOf);
        if (!type.IsGenericType)
            return null;
        var definition = type.GetGenericTypeDefinition();
        if (Lists.Contains(definition) || Sets.Contains(definition))
            return Make(typeof(CollectionMaker<>), type.GetGenericArguments(), type, shapeOf);
        return Maps.Contains(definition) ? Make(typeof(MapMaker<,>), type.GetGenericArguments(), type, shapeOf) : null;
    }

    private static Shape Make(Type maker, Type[] arguments, Type type, Func<Type, Shape> shapeOf) =>
        ((ShapeMaker)Activator.CreateInstance(maker.MakeGenericType(arguments))!).Make(type, shapeOf);

    private abstract class ShapeMaker
    {
        public abstract Shape Make(Type type, Func<Type, Shape> shapeOf);
    }

    private sealed class CollectionMaker<T> : ShapeMaker
    {
        public override Shape Make(Type type, Func<Type, Shape> shapeOf)
        {
            var definition = type.IsArray ? typeof(Array) : type.GetGenericTypeDefinition();
            return new CollectionShape<T>(type, shapeOf(typeof(T)), From(definition), Sets.Contains(definition));
        }

        private static Func<List<T>, object> From(Type definition)
        {
            if (definition == typeof(Array))
                return static items => items.ToArray();
            if (definition == typeof(ImmutableArray<>))
                return static items => items.ToImmutableArray();
            if (definition == typeof(ImmutableQueue<>))
                return static items => ImmutableQueue.CreateRange(items);
            if (definition == typeof(ImmutableStack<>))
                return static items => ImmutableStack.CreateRange(Enumerable.Reverse(items));
            if (definition == typeof(ImmutableSortedSet<>))
                return static items => items.ToImmutableSortedSet();
            if (definition == typeof(ImmutableHashSet<>) || definition == typeof(IImmutableSet<>))
                return static items => items.ToImmutableHashSet();
            if (definition == typeof(FrozenSet<>))
                return static items => items.ToFrozenSet();
            if (Sets.Contains(definition))
                return static items => items.ToHashSet();
            return definition == typeof(ImmutableList<>) || definition == typeof(IImmutableList<>)
                ? static items => items.ToImmutableList()
                : static items => items.ToList();
        }
    }

    private sealed class MapMaker<TKey, TValue> : ShapeMaker
        where TKey : notnull
    {
        public override Shape Make(Type type, Func<Type, Shape> shapeOf) =>
            new MapShape<TKey, TValue>(type, shapeOf(typeof(TKey)), shapeOf(typeof(TValue)), From(type.GetGenericTypeDefinition()));

        private static Func<Dictionary<TKey, TValue>, object> From(Type definition)
        {
            if (definition == typeof(ImmutableSortedDictionary<,>))
                return static entries => entries.ToImmutableSortedDictionary();
            if (definition == typeof(FrozenDictionary<,>))
                return static entries => entries.ToFrozenDictionary();
            return definition == typeof(ImmutableDictionary<,>) || definition == typeof(IImmutableDictionary<,>)
                ? static entries => entries.ToImmutableDictionary()
                : static entries => entries;
        }
    }
}
