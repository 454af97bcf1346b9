using System.Collections.Immutable;
using System.Text.Json;

namespace Tallystick.Testing.Specifications;

/// <summary>A request of an <see cref="ApiSpecification"/>. Its path, headers and body may name captured values as <c>{name}</c>.</summary>
/// <param name="Method">The method.</param>
/// <param name="Path">The path and query, such as <c>/orders/{id}</c>.</param>
/// <param name="Body">The body: an object that is sent as JSON, or a string of JSON; null: none.</param>
public sealed record ApiRequest(HttpMethod Method, string Path, object? Body = null)
{
    /// <summary>Headers of this request alone.</summary>
    public ImmutableArray<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>How a body is written, and an expected one read: camelCase names, enums by name.</summary>
    public static JsonSerializerOptions JsonOptions => Events.EventSerializer.DefaultOptions;

    /// <summary>A GET.</summary>
    public static ApiRequest Get(string path) => new(HttpMethod.Get, path);

    /// <summary>A POST.</summary>
    public static ApiRequest Post(string path, object? body = null) => new(HttpMethod.Post, path, body);

    /// <summary>A PUT.</summary>
    public static ApiRequest Put(string path, object? body = null) => new(HttpMethod.Put, path, body);

    /// <summary>A DELETE.</summary>
    public static ApiRequest Delete(string path) => new(HttpMethod.Delete, path);

    /// <summary>The same request with a header more.</summary>
    public ApiRequest With(string header, string value) => this with { Headers = Headers.Add((header, value)) };

    /// <summary>The body as text; null if there is none.</summary>
    internal string? BodyText => Body switch
    {
        null => null,
        string text => text,
        var value => JsonSerializer.Serialize(value, value.GetType(), JsonOptions),
    };
}
