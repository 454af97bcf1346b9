using System.Text.Json;

namespace Tallystick.Testing.Specifications;

/// <summary>
/// Compares an answer's JSON with an expected part of it: of an object each expected property must be there and fit, others don't matter; of an
/// array all elements are compared. A string <c>"{name}"</c> catches whatever is in its place.
/// </summary>
internal sealed class JsonSubset(Captures captures)
{
    private readonly List<string> _differences = [];

    public static IReadOnlyList<string> Differences(JsonElement expected, JsonElement actual, Captures captures)
    {
        var subset = new JsonSubset(captures);
        subset.Compare("$", expected, actual);
        return subset._differences;
    }

    private void Compare(string path, JsonElement expected, JsonElement actual)
    {
        switch (expected.ValueKind, actual.ValueKind)
        {
            case (JsonValueKind.Object, JsonValueKind.Object):
                CompareObjects(path, expected, actual);
                break;
            case (JsonValueKind.Array, JsonValueKind.Array):
                CompareArrays(path, expected, actual);
                break;
            case (JsonValueKind.String, JsonValueKind.String):
                Demand(captures.Matches(expected.GetString()!, actual.GetString()!), path, expected, actual);
                break;
            // A value that isn't text is caught as it is written.
            case (JsonValueKind.String, JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False):
                var text = expected.GetString()!;
                Demand(text is ['{', .., '}'] && captures.Matches(text, actual.GetRawText()), path, expected, actual);
                break;
            case (JsonValueKind.Number, JsonValueKind.Number):
                Demand(expected.GetRawText() == actual.GetRawText() || (expected.TryGetDecimal(out var left) && actual.TryGetDecimal(out var right) && left == right), path, expected, actual);
                break;
            default:
                Demand(expected.ValueKind == actual.ValueKind, path, expected, actual);
                break;
        }
    }

    private void CompareObjects(string path, JsonElement expected, JsonElement actual)
    {
        foreach (var property in expected.EnumerateObject())
        {
            var place = $"{path}.{property.Name}";
            if (actual.TryGetProperty(property.Name, out var value))
                Compare(place, property.Value, value);
            else
                _differences.Add($"{place}: missing, expected {Brief(property.Value)}; there are {string.Join(", ", actual.EnumerateObject().Select(one => one.Name))}");
        }
    }

    private void CompareArrays(string path, JsonElement expected, JsonElement actual)
    {
        var (wanted, found) = (expected.GetArrayLength(), actual.GetArrayLength());
        for (var i = 0; i < Math.Max(wanted, found); i++)
        {
            var place = FormattableString.Invariant($"{path}[{i}]");
            if (i >= found)
                _differences.Add($"{place}: missing, expected {Brief(expected[i])}");
            else if (i >= wanted)
                _differences.Add($"{place}: not expected: {Brief(actual[i])}");
            else
                Compare(place, expected[i], actual[i]);
        }
    }

    private void Demand(bool holds, string path, JsonElement expected, JsonElement actual)
    {
        if (!holds)
            _differences.Add($"{path}: expected {Brief(expected)}, but it is {Brief(actual)}");
    }

    private static string Brief(JsonElement json)
    {
        var text = json.ValueKind == JsonValueKind.Undefined ? "nothing" : json.GetRawText();
        return text.Length <= 100 ? text : $"{text[..100]}…";
    }
}
