using System.Collections.Immutable;
using System.Text.Json;

namespace Tallystick.Testing.Leaks;

/// <summary>A parameter of an endpoint.</summary>
/// <param name="Name">Its name.</param>
/// <param name="In"><c>path</c>, <c>query</c> or <c>header</c>.</param>
/// <param name="IsRequired">Whether a request must have it.</param>
/// <param name="Schema">What its values look like.</param>
internal sealed record EndpointParameter(string Name, string In, bool IsRequired, JsonElement Schema);

/// <summary>An operation of an OpenAPI document.</summary>
/// <param name="Method">The method, in upper case.</param>
/// <param name="Path">The path, with its parameters in braces.</param>
/// <param name="Parameters">Its parameters.</param>
/// <param name="Body">What its JSON body looks like; null if it takes none.</param>
/// <param name="IsSecured">Whether the document says that callers must authenticate.</param>
internal sealed record Endpoint(string Method, string Path, ImmutableArray<EndpointParameter> Parameters, JsonElement? Body, bool IsSecured)
{
    /// <summary>As messages and excuses write it.</summary>
    public string Name => $"{Method} {Path}";

    public bool IsRead => Method is "GET" or "HEAD";

    /// <summary>Whether it makes something new, so that a request more finds a fresh entity.</summary>
    public bool IsCreation => Method == "POST" && !Path.Contains('{', StringComparison.Ordinal);

    public bool Declares(string name, string place) =>
        Parameters.Any(parameter => parameter.In == place && parameter.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}

/// <summary>An OpenAPI document of version 3: which endpoints there are, and what they take.</summary>
internal sealed class OpenApiDocument
{
    private static readonly string[] Methods = ["get", "put", "post", "delete", "patch", "head", "options"];

    private readonly JsonElement _root;

    private OpenApiDocument(JsonElement root) => _root = root;

    /// <summary>In the order of the document.</summary>
    public ImmutableArray<Endpoint> Endpoints { get; private init; } = [];

    /// <exception cref="CheckFailedException">It isn't an OpenAPI document.</exception>
    public static OpenApiDocument Parse(string text, string address)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            var document = new OpenApiDocument(json.RootElement.Clone());
            return new OpenApiDocument(document._root) { Endpoints = [.. document.Read()] };
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new CheckFailedException($"{address} gives no OpenAPI document of version 3: {error.Message}", error);
        }
    }

    /// <summary>A schema or parameter itself, if this refers to it.</summary>
    public JsonElement Resolve(JsonElement element)
    {
        while (element.ValueKind == JsonValueKind.Object && element.TryGetProperty("$ref", out var reference))
        {
            var found = _root;
            foreach (var part in reference.GetString()!.TrimStart('#', '/').Split('/'))
                found = found.GetProperty(part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal));
            element = found;
        }

        return element;
    }

    private IEnumerable<Endpoint> Read()
    {
        foreach (var path in _root.GetProperty("paths").EnumerateObject())
        {
            var shared = ParametersOf(path.Value);
            foreach (var operation in path.Value.EnumerateObject().Where(member => Methods.Contains(member.Name)))
            {
                var own = ParametersOf(operation.Value);
                var body = operation.Value.TryGetProperty("requestBody", out var request) ? BodyOf(Resolve(request)) : null;
                var isSecured = (operation.Value.TryGetProperty("security", out var security) || _root.TryGetProperty("security", out security)) && security.GetArrayLength() > 0;
                yield return new Endpoint(
                    operation.Name.ToUpperInvariant(), path.Name, [.. own, .. shared.Where(one => !own.Any(other => (other.Name, other.In) == (one.Name, one.In)))], body, isSecured);
            }
        }
    }

    private ImmutableArray<EndpointParameter> ParametersOf(JsonElement of) => !of.TryGetProperty("parameters", out var parameters) ? [] :
    [
        .. parameters.EnumerateArray().Select(Resolve).Select(parameter => new EndpointParameter(
            parameter.GetProperty("name").GetString()!, parameter.GetProperty("in").GetString()!,
            parameter.TryGetProperty("required", out var required) && required.GetBoolean(),
            parameter.TryGetProperty("schema", out var schema) ? Resolve(schema) : default)),
    ];

    private static JsonElement? BodyOf(JsonElement request)
    {
        foreach (var content in request.TryGetProperty("content", out var contents) ? contents.EnumerateObject() : default)
        {
            if (content.Name.Contains("json", StringComparison.OrdinalIgnoreCase) && content.Value.TryGetProperty("schema", out var schema))
                return schema;
        }

        return null;
    }
}
