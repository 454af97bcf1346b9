using System.Net;
using System.Text;
using System.Text.Json;

namespace Tallystick.Testing.Specifications;

/// <summary>A request that was sent and what was answered; in a message a line that can be pasted into a shell, and the answer.</summary>
internal sealed class ApiAnswer
{
    private const int BodyShownMax = 2000;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly string _curl;

    private ApiAnswer(string curl, HttpResponseMessage response, string body) =>
        (_curl, Status, Headers, Body) = (curl, response.StatusCode, HeadersOf(response), body);

    public HttpStatusCode Status { get; }

    public ILookup<string, string> Headers { get; }

    public string Body { get; }

    public static async Task<ApiAnswer> SendAsync(
        HttpClient client, ApiRequest request, IEnumerable<(string Name, string Value)> headers, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(request.Method, new Uri(request.Path, UriKind.RelativeOrAbsolute));
        if (request.BodyText is { } body)
            message.Content = new StringContent(body, Encoding.UTF8, "application/json");
        var curl = new StringBuilder($"curl -i{(request.Method == HttpMethod.Get ? "" : $" -X {request.Method}")} {Quote(AddressOf(client, request.Path))}");
        foreach (var (name, value) in headers)
        {
            if (!message.Headers.TryAddWithoutValidation(name, value))
                message.Content?.Headers.TryAddWithoutValidation(name, value);
            // A secret has no business in a test's log; the line works with the variable set.
            curl.Append(IsSecret(name) ? $" -H \"{name}: {(value.StartsWith("Bearer ", StringComparison.Ordinal) ? "Bearer " : "")}$TOKEN\"" : $" -H {Quote($"{name}: {value}")}");
        }

        if (request.BodyText is { } sent)
            curl.Append($" -H 'Content-Type: application/json' -d {Quote(sent)}");
        using var response = await client.SendAsync(message, cancellationToken);
        return new ApiAnswer(curl.ToString(), response, await response.Content.ReadAsStringAsync(cancellationToken));
    }

    public JsonElement? Json()
    {
        try
        {
            using var document = JsonDocument.Parse(Body);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public override string ToString()
    {
        var text = new StringBuilder($"{_curl}\n\n").Append(FormattableString.Invariant($"{(int)Status} {Status}\n"));
        foreach (var header in Headers.Where(one => one.Key is not ("Date" or "Server" or "Transfer-Encoding" or "Content-Length")))
            text.Append($"{header.Key}: {string.Join(", ", header)}\n");
        var body = Json() is { } json ? JsonSerializer.Serialize(json, Indented) : Body;
        return text.Append('\n').Append(body.Length <= BodyShownMax ? body : $"{body[..BodyShownMax]}… ({body.Length} characters)").ToString().TrimEnd();
    }

    private static ILookup<string, string> HeadersOf(HttpResponseMessage response) => response.Headers.Concat(response.Content.Headers)
        .SelectMany(header => header.Value.Select(value => (header.Key, value)))
        .ToLookup(pair => pair.Key, pair => pair.value, StringComparer.OrdinalIgnoreCase);

    private static string AddressOf(HttpClient client, string path) =>
        client.BaseAddress is { } address ? new Uri(address, path).ToString() : path;

    private static bool IsSecret(string name) =>
        name.Equals("Authorization", StringComparison.OrdinalIgnoreCase) || name.Equals("Cookie", StringComparison.OrdinalIgnoreCase);

    private static string Quote(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
