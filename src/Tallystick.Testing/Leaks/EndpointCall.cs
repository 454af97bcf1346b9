using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tallystick.Testing.Leaks;

/// <summary>A request as it is sent: nothing in it is left open.</summary>
internal sealed record EndpointRequest(string Method, string Path, ImmutableArray<(string Name, string Value)> Headers, string? Body)
{
    public string? Host { get; init; }

    public EndpointRequest With(string header, string value) =>
        this with { Headers = [.. Headers.Where(one => !one.Name.Equals(header, StringComparison.OrdinalIgnoreCase)), (header, value)] };

    /// <summary>All that was said in it, to tell an echo from a leak.</summary>
    public string Said => $"{Uri.UnescapeDataString(Path)} {Path} {string.Join(' ', Headers)} {Body}";

    /// <summary>The request in a line, for messages.</summary>
    public override string ToString() =>
        $"{Method} {Path}{(Host is null ? "" : $" Host: {Host}")}{string.Concat(Headers.Select(one => $" {one.Name}: {one.Value}"))}{(Body is null ? "" : $" {Body}")}";
}

/// <summary>What was answered.</summary>
internal sealed record EndpointAnswer(EndpointRequest Request, int Status, ImmutableArray<(string Name, string Value)> Headers, string Body)
{
    /// <summary>Headers that are another's in every answer, or that only tell of the transport.</summary>
    private static readonly ImmutableArray<string> Passing =
        ["Date", "Server", "Transfer-Encoding", "Connection", "Keep-Alive", "X-Correlation-Id", "X-Request-Id", "Request-Id", "traceparent", "traceresponse"];

    public bool IsSuccess => Status is >= 200 and <= 299;

    /// <summary>Status, headers and body, without what is another's each time.</summary>
    public string Text =>
        $"{Status}\n{string.Concat(Headers.Where(one => !Passing.Contains(one.Name, StringComparer.OrdinalIgnoreCase)).Select(one => $"{one.Name}: {one.Value}\n"))}\n{WithoutTrace(Body)}";

    public string? HeaderOf(string name) => Headers.FirstOrDefault(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>The body as JSON; null if it is none.</summary>
    public JsonNode? Json()
    {
        try
        {
            return Body.Length == 0 ? null : JsonNode.Parse(Body);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The fields that a refusal blames, as problem details list them.</summary>
    public IEnumerable<string> Blamed() => Json() is JsonObject problem && problem["errors"] is JsonObject errors ? errors.Select(error => error.Key) : [];

    public static async Task<EndpointAnswer> SendAsync(HttpClient client, EndpointRequest request, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(new HttpMethod(request.Method), new Uri(request.Path, UriKind.RelativeOrAbsolute));
        if (request.Body is { } body)
            message.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (request.Host is { } host)
            message.Headers.Host = host;
        foreach (var (name, value) in request.Headers)
            message.Headers.TryAddWithoutValidation(name, value);
        using var response = await client.SendAsync(message, cancellationToken);
        return new EndpointAnswer(
            request, (int)response.StatusCode,
            [.. response.Headers.Concat(response.Content.Headers).Concat(response.TrailingHeaders).SelectMany(header => header.Value.Select(value => (header.Key, value)))],
            await response.Content.ReadAsStringAsync(cancellationToken));
    }

    /// <summary>A problem names its request's trace.</summary>
    private static string WithoutTrace(string body)
    {
        const string Name = "\"traceId\":\"";
        var at = body.IndexOf(Name, StringComparison.Ordinal);
        var end = at < 0 ? -1 : body.IndexOf('"', at + Name.Length);
        return end < 0 ? body : body[..at] + body[end..];
    }
}

/// <summary>Makes requests of endpoints, as a plan says, for a tenant.</summary>
internal sealed class EndpointRequests(OpenApiDocument document, LeakageOptions options)
{
    private readonly RequestValues _values = new(document, options);

    public OpenApiDocument Document => document;

    /// <summary>The possible values of a parameter.</summary>
    public ImmutableArray<string> Candidates(Endpoint endpoint, EndpointParameter parameter, Twin twin) =>
        _values.Candidates(parameter.Schema, parameter.Name, parameter.In == "path" ? SegmentBefore(endpoint, parameter.Name) : "", twin);

    /// <summary>The request, naming its own tenant everywhere.</summary>
    public EndpointRequest Make(Endpoint endpoint, Twin twin, RequestPlan plan) =>
        Name(MakeUnnamed(endpoint, twin, plan), options.Naming.Select(naming => (naming, twin.Id.Value)));

    /// <summary>The request without the name of any tenant.</summary>
    public EndpointRequest MakeUnnamed(Endpoint endpoint, Twin twin, RequestPlan plan)
    {
        var path = endpoint.Path;
        var query = new List<string>();
        var request = new EndpointRequest(endpoint.Method, path, [], null);
        foreach (var parameter in endpoint.Parameters.Where(parameter => !IsNaming(parameter)))
        {
            string Text(string segment) => _values.Text(parameter.Schema, parameter.Name, parameter.Name, segment, twin, plan);
            if (parameter.In == "path")
                path = path.Replace($"{{{parameter.Name}}}", Uri.EscapeDataString(Text(SegmentBefore(endpoint, parameter.Name))), StringComparison.Ordinal);
            else if (parameter.In == "query" && (parameter.IsRequired || plan.Optional.Contains(parameter.Name) || options.Values.ContainsKey(parameter.Name)))
                query.Add($"{Uri.EscapeDataString(parameter.Name)}={Uri.EscapeDataString(Text(""))}");
            else if (parameter.In == "header" && (parameter.IsRequired || options.Values.ContainsKey(parameter.Name)))
                request = request.With(parameter.Name, Text(""));
        }

        var body = options.Bodies.TryGetValue(endpoint.Name, out var make)
            ? new Specifications.ApiRequest(HttpMethod.Post, "/", make(twin.Id)).BodyText
            : endpoint.Body is { } schema ? _values.Of(schema, "", "", twin, plan)?.ToJsonString() : null;
        return request with { Path = query.Count == 0 ? path : $"{path}?{string.Join('&', query)}", Body = body };
    }

    /// <summary>The request, naming tenants at these places; where it isn't named, nothing is said.</summary>
    public static EndpointRequest Name(EndpointRequest request, IEnumerable<(TenantNaming Naming, string Tenant)> names)
    {
        foreach (var (naming, tenant) in names)
        {
            request = naming switch
            {
                TenantNaming.Header header => request.With(header.Name, tenant),
                TenantNaming.Host host => request with { Host = host.Pattern.Replace("{tenant}", tenant, StringComparison.Ordinal) },
                TenantNaming.Path path => request with { Path = request.Path.Replace($"{{{path.Parameter}}}", Uri.EscapeDataString(tenant), StringComparison.Ordinal) },
                TenantNaming.Query parameter => request with
                {
                    Path = $"{request.Path}{(request.Path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{parameter.Parameter}={Uri.EscapeDataString(tenant)}",
                },
                _ => throw new InvalidOperationException("TenantNaming is a closed set."),
            };
        }

        return request;
    }

    /// <summary>What stands before a parameter in the path: of <c>/orders/{id}</c> the orders.</summary>
    public static string SegmentBefore(Endpoint endpoint, string parameter)
    {
        var parts = endpoint.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var at = Array.IndexOf(parts, $"{{{parameter}}}");
        return at > 0 && !parts[at - 1].StartsWith('{') ? parts[at - 1] : "";
    }

    private bool IsNaming(EndpointParameter parameter) => options.Naming.Any(naming => IsNaming(naming, parameter));

    /// <summary>Whether a parameter is where the tenant is named.</summary>
    public static bool IsNaming(TenantNaming naming, EndpointParameter parameter) => naming switch
    {
        TenantNaming.Header header => parameter.In == "header" && parameter.Name.Equals(header.Name, StringComparison.OrdinalIgnoreCase),
        TenantNaming.Path path => parameter.In == "path" && parameter.Name == path.Parameter,
        TenantNaming.Query query => parameter.In == "query" && parameter.Name == query.Parameter,
        _ => false,
    };
}
