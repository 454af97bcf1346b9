using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Tallystick.AspNetCore;

/// <summary>One difference between two JSON values.</summary>
/// <param name="Path">Where, such as <c>lines[1].quantity</c>; empty for the whole value.</param>
/// <param name="From">What was there; null if there was nothing.</param>
/// <param name="To">What is there; null if there is nothing any more.</param>
public sealed record JsonChange(string Path, JsonNode? From, JsonNode? To);

/// <summary>The differences between two JSON values: what an event has changed in a state.</summary>
public static class JsonDifference
{
    /// <summary>
    /// All differences, in the order of the members. In lists, what is equal at the beginning and at the end is left out first, so that an element
    /// that was put in or taken out is one change.
    /// </summary>
    public static ImmutableArray<JsonChange> Between(JsonNode? from, JsonNode? to)
    {
        var changes = ImmutableArray.CreateBuilder<JsonChange>();
        Compare(from, to, "", changes);
        return changes.DrainToImmutable();
    }

    private static void Compare(JsonNode? from, JsonNode? to, string path, ImmutableArray<JsonChange>.Builder changes)
    {
        switch (from, to)
        {
            case (JsonObject before, JsonObject after):
                foreach (var name in before.Select(member => member.Key).Union(after.Select(member => member.Key)))
                    Compare(before[name], after[name], path.Length == 0 ? name : $"{path}.{name}", changes);
                break;
            case (JsonArray before, JsonArray after):
                CompareLists(before, after, path, changes);
                break;
            default:
                if (!JsonNode.DeepEquals(from, to))
                    changes.Add(new JsonChange(path, from?.DeepClone(), to?.DeepClone()));
                break;
        }
    }

    private static void CompareLists(JsonArray before, JsonArray after, string path, ImmutableArray<JsonChange>.Builder changes)
    {
        var shorter = Math.Min(before.Count, after.Count);
        var head = 0;
        while (head < shorter && JsonNode.DeepEquals(before[head], after[head]))
            head++;
        var tail = 0;
        while (tail < shorter - head && JsonNode.DeepEquals(before[^(tail + 1)], after[^(tail + 1)]))
            tail++;
        for (var i = head; i < Math.Max(before.Count, after.Count) - tail; i++)
            Compare(i < before.Count - tail ? before[i] : null, i < after.Count - tail ? after[i] : null, $"{path}[{i}]", changes);
    }
}
