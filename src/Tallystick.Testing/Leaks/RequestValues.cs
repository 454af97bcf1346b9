using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tallystick.Testing.Generation;
using Tallystick.Testing.Randomness;

namespace Tallystick.Testing.Leaks;

/// <summary>The values that the places of a request can have, by their schemas and names; the likeliest first.</summary>
internal sealed class RequestValues(OpenApiDocument document, LeakageOptions options)
{
    private const int DepthMax = 8;
    private const int PerKindMax = 4;
    private const int SecretLength = 12;

    private static readonly GenerationOptions Plain = new() { NastyProbability = 0, ReuseProbability = 0 };

    /// <summary>The value of a JSON schema.</summary>
    public JsonNode? Of(JsonElement schema, string place, string name, Twin twin, RequestPlan plan, int depth = 0)
    {
        schema = Choose(document.Resolve(schema));
        if (options.Values.TryGetValue(name, out var known) && !plan.Fixed.ContainsKey(name))
            return JsonValue.Create(known(twin.Id));
        if (Values(schema) is { Count: > 0 } values)
            return values[plan.LevelOf(place, values.Count)];
        switch (TypeOf(schema))
        {
            case "object" when schema.TryGetProperty("properties", out var properties):
                var made = new JsonObject();
                foreach (var property in depth > DepthMax ? default : properties.EnumerateObject())
                    made[property.Name] = Of(property.Value, place.Length == 0 ? property.Name : $"{place}.{property.Name}", property.Name, twin, plan, depth + 1);
                return made;
            case "object":
                return new JsonObject();
            case "array":
                return depth > DepthMax || !schema.TryGetProperty("items", out var items) ? new JsonArray() : new JsonArray(Of(items, $"{place}[0]", name, twin, plan, depth + 1));
            case "integer" or "number":
                var numbers = Numbers(schema, twin);
                return JsonValue.Create(numbers[plan.LevelOf(place, numbers.Length)]);
            case "boolean":
                return JsonValue.Create(plan.LevelOf(place, 2) == 0);
            case "null":
                return null;
            default:
                return JsonValue.Create(Text(schema, place, name, "", twin, plan));
        }
    }

    /// <summary>The value of a parameter; the segment is what stands before it in the path.</summary>
    public string Text(JsonElement schema, string place, string name, string segment, Twin twin, RequestPlan plan)
    {
        if (plan.Fixed.TryGetValue(name, out var set))
            return set;
        if (options.Values.TryGetValue(name, out var known))
            return known(twin.Id);
        var texts = Candidates(schema, name, segment, twin);
        return texts[plan.LevelOf(place, texts.Length, segment.Length > 0 || IsReference(name))];
    }

    /// <summary>Whether a name says that its values are ids of something.</summary>
    public static bool IsReference(string name) =>
        name.Equals("id", StringComparison.OrdinalIgnoreCase) || name.EndsWith("Id", StringComparison.Ordinal) || name.EndsWith("ID", StringComparison.Ordinal)
        || name.EndsWith("_id", StringComparison.OrdinalIgnoreCase) || name.EndsWith("key", StringComparison.OrdinalIgnoreCase);

    /// <summary>What a text can be: a secret, what was sent under this name before, what one would write for such a name; for references, ids first.</summary>
    public ImmutableArray<string> Candidates(JsonElement schema, string name, string segment, Twin twin)
    {
        schema = schema.ValueKind == JsonValueKind.Object ? document.Resolve(schema) : schema;
        if (schema.ValueKind == JsonValueKind.Object && Values(schema) is { Count: > 0 } values)
            return [.. values.Select(value => value?.ToString() ?? "")];
        if (OfFormat(schema, twin) is { } formatted)
            return [formatted];
        if (schema.ValueKind == JsonValueKind.Object && TypeOf(schema) is "integer" or "number")
            return [.. twin.Book.Of(name).Take(PerKindMax), "1", "2", "10"];
        var secret = twin.Secrets.Text(name);
        string[] used = [.. twin.Book.Of(name).Take(PerKindMax), .. segment.Length > 0 ? twin.Book.Of(segment).Take(PerKindMax) : []];
        string[] any = [.. twin.Book.Entities.Select(kind => twin.Book.Of(kind)[0])];
        string[] words = [.. Enumerable.Range(1, 3).Select(n => Texts.Generate(new Draw(new SeededEntropy(n), 50, new ValueMemory(), Plain), name, 0))];
        string[] all = segment.Length > 0 || IsReference(name)
            ? [.. used, .. any, secret, .. words]
            : [secret, .. words, .. used, $"{secret}@example.com", secret.ToUpperInvariant(), .. any];
        var max = schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("maxLength", out var length) ? length.GetInt32() : int.MaxValue;
        return [.. all.Distinct().Where(text => text.Length <= max).DefaultIfEmpty(secret[..Math.Min(max, SecretLength)])];
    }

    private static decimal[] Numbers(JsonElement schema, Twin twin)
    {
        var (min, max) = (Bound(schema, "minimum") ?? decimal.MinValue, Bound(schema, "maximum") ?? decimal.MaxValue);
        decimal[] numbers = [twin.Secrets.Number, 1, 2, 0, 10, min > decimal.MinValue ? min : 1];
        var fitting = numbers.Where(number => number >= min && number <= max).Distinct().ToArray();
        return fitting.Length == 0 ? [min > decimal.MinValue ? min : max] : fitting;
    }

    private static decimal? Bound(JsonElement schema, string name) =>
        schema.TryGetProperty(name, out var bound) && bound.TryGetDecimal(out var value) ? value : null;

    /// <summary>What the schema itself lists or shows.</summary>
    private static List<JsonNode?> Values(JsonElement schema)
    {
        if (schema.TryGetProperty("enum", out var list) || schema.TryGetProperty("examples", out list))
            return list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray().Select(ToNode)] : [];
        return schema.TryGetProperty("const", out var one) || schema.TryGetProperty("example", out one) ? [ToNode(one)] : [];
    }

    private static string? OfFormat(JsonElement schema, Twin twin) =>
        (schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("format", out var format) ? format.GetString() : null) switch
        {
            "date-time" => "2026-01-01T00:00:00Z",
            "date" => "2026-01-01",
            "time" => "12:00:00",
            "uuid" => string.Create(CultureInfo.InvariantCulture, $"00000000-0000-4000-8000-000000{twin.Secrets.Number}"),
            "email" => $"{twin.Secrets.Text("email")}@example.com",
            "uri" => $"https://example.com/{twin.Secrets.Text("uri")}",
            _ => null,
        };

    /// <summary>The first alternative that isn't null.</summary>
    private JsonElement Choose(JsonElement schema)
    {
        foreach (var several in (ReadOnlySpan<string>)["oneOf", "anyOf", "allOf"])
        {
            if (schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty(several, out var alternatives)
                && alternatives.EnumerateArray().Select(document.Resolve).FirstOrDefault(one => TypeOf(one) != "null") is { ValueKind: JsonValueKind.Object } chosen)
                return Choose(chosen);
        }

        return schema;
    }

    private static string TypeOf(JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("type", out var type))
            return schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("properties", out _) ? "object" : "";
        // Since version 3.1 a type may be a list, such as null and string.
        return type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().Select(one => one.GetString()!).FirstOrDefault(one => one != "null") ?? "null" : type.GetString()!;
    }

    private static JsonNode? ToNode(JsonElement element) => JsonNode.Parse(element.GetRawText());
}
