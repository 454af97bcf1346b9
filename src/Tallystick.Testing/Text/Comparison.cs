using System.Collections;
using System.Collections.Immutable;
using Tallystick.Functional;

namespace Tallystick.Testing.Text;

/// <summary>Walks two values side by side and notes where they part.</summary>
internal sealed class Comparison
{
    private readonly ImmutableArray<DifferenceEntry>.Builder _entries = ImmutableArray.CreateBuilder<DifferenceEntry>();
    private int _depth;

    public ImmutableArray<DifferenceEntry> Entries => _entries.ToImmutable();

    /// <summary>Compares two values that are written at a place of type <paramref name="target"/>.</summary>
    public void Compare(string path, object? expected, object? actual, Type target)
    {
        if (ReferenceEquals(expected, actual) || Equals(expected, actual))
            return;
        if (expected is null || actual is null || _depth > CSharpText.DepthMax)
        {
            Note(path, $"expected {Brief(expected, target)}, but it is {Brief(actual, target)}");
            return;
        }

        _depth++;
        CompareParts(path, expected, actual, target);
        _depth--;
    }

    public void Note(string path, string text) => _entries.Add(new DifferenceEntry(path, text));

    public static string Brief(object? value, Type target) => CSharpText.Brief(value, target);

    private void CompareParts(string path, object expected, object actual, Type target)
    {
        var type = expected.GetType();
        if (expected is string expectedText && actual is string actualText)
            Note(path, TextDifference.Of(expectedText, actualText));
        else if (ValueShape.KeyAndValueOf(type) is { } pair && ValueShape.KeyAndValueOf(actual.GetType()) is not null)
            CompareEntries(path, (IEnumerable)expected, (IEnumerable)actual, pair[1]);
        else if (Items(expected) is { } expectedItems && Items(actual) is { } actualItems)
            CompareItems(path, expected, expectedItems, actual, actualItems);
        else if (type != actual.GetType())
            Note(path, $"expected {A(type)}, but it is {A(actual.GetType())}: {Brief(actual, target)}");
        else if (Held(expected) is { } one && Held(actual) is { } other && one.Way == other.Way)
            Compare(path, one.Value, other.Value, typeof(object));
        else if (CSharpText.IsAtom(expected) && CSharpText.Of(expected) == CSharpText.Of(actual))
            return; // Bytes and JSON are only equal to themselves.
        else if (CSharpText.IsAtom(expected) || Held(expected) is not null || ValueShape.HasOwnEquality(type))
            Note(path, $"expected {Brief(expected, target)}, but it is {Brief(actual, target)}");
        else
            CompareMembers(path, expected, actual, type, target);
    }

    private void CompareMembers(string path, object expected, object actual, Type type, Type target)
    {
        var shape = ValueShape.Of(type);
        var before = _entries.Count;
        foreach (var member in shape.Members)
            Compare($"{path}.{member.Name}", member.Of(expected), member.Of(actual), member.Type);
        // Where something isn't public, the type has the last word.
        if (_entries.Count == before && shape.HidesState)
            Note(path, $"expected {Brief(expected, target)}, but it is {Brief(actual, target)}");
    }

    private void CompareItems(string path, object expected, List<object?> expectedItems, object actual, List<object?> actualItems)
    {
        var element = ValueShape.ElementOf(expected.GetType())!;
        if (ValueShape.IsSet(expected.GetType()) && ValueShape.IsSet(actual.GetType()))
            new ListComparison(this, path, element, expectedItems, actualItems).CompareSets();
        else
            new ListComparison(this, path, element, expectedItems, actualItems).CompareLists();
    }

    private void CompareEntries(string path, IEnumerable expected, IEnumerable actual, Type valueType)
    {
        var actualEntries = CSharpText.Entries(actual).ToList();
        var taken = new bool[actualEntries.Count];
        foreach (var (key, value) in CSharpText.Entries(expected))
        {
            var at = actualEntries.FindIndex(entry => Difference.AreEqual(key, entry.Key));
            var place = $"{path}[{CSharpText.Of(key)}]";
            if (at < 0)
            {
                Note(place, $"missing: {Brief(value, valueType)}");
                continue;
            }

            taken[at] = true;
            Compare(place, value, actualEntries[at].Value, valueType);
        }

        for (var i = 0; i < taken.Length; i++)
        {
            if (!taken[i])
                Note($"{path}[{CSharpText.Of(actualEntries[i].Key)}]", $"not expected: {Brief(actualEntries[i].Value, valueType)}");
        }
    }

    private static List<object?>? Items(object value)
    {
        if (CSharpText.IsAtom(value) || ValueShape.ElementOf(value.GetType()) is null)
            return null;
        // The default of an ImmutableArray can't be walked; it is as good as empty.
        if (value.GetType().GetProperty("IsDefault")?.GetValue(value) is true)
            return [];
        return [.. ((IEnumerable)value).Cast<object?>()];
    }

    /// <summary>What a <c>Maybe</c> or a <c>Result</c> holds, and as what.</summary>
    private static (string Way, object? Value)? Held(object value)
    {
        var type = value.GetType();
        if (!type.IsGenericType)
            return null;
        if (type.GetGenericTypeDefinition() == typeof(Maybe<>))
            return CSharpText.TryGet(value, 1) is (true, var some) ? ("some", some) : ("none", null);
        if (type.GetGenericTypeDefinition() != typeof(Result<,>))
            return null;
        var (isSuccess, held) = CSharpText.TryGet(value, 2);
        return (isSuccess ? "success" : "failure", held);
    }

    private static string A(Type type)
    {
        var name = CSharpText.TypeName(type);
        return $"{(name[0] is 'A' or 'E' or 'I' or 'O' or 'U' ? "an" : "a")} {name}";
    }
}
