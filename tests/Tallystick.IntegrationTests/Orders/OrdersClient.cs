using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tallystick.IntegrationTests.Orders;

/// <summary>Calls the sample as a client would that knows nothing but HTTP.</summary>
public sealed class OrdersClient(Uri url) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = url, Timeout = TimeSpan.FromSeconds(30) };
    private readonly ConcurrentDictionary<string, Task<string>> _tokens = new();
    private int _names;

    public Uri Url => url;

    public HttpClient Http => _http;

    /// <summary>A caller of a tenant, with a token for it.</summary>
    public async Task<Caller> AsAsync(string tenant, string user = "ann") =>
        new(this, await TokenAsync($"tenant={tenant}&user={user}&role=customer"), tenant);

    public async Task<Caller> AsOperatorAsync() => new(this, await TokenAsync("role=operator&user=olga"), null);

    public string NewName(string prefix) => string.Create(CultureInfo.InvariantCulture, $"{prefix}-{Interlocked.Increment(ref _names)}");

    public Task<string> TokenAsync(string query) => _tokens.GetOrAdd(query, async key =>
    {
        var answer = await SendAsync(HttpMethod.Get, $"/dev/token?{key}");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        return (string)answer.Json["token"]!;
    });

    /// <summary>Sends a request. A header without a value is left out.</summary>
    public async Task<Answer> SendAsync(HttpMethod method, string path, object? body = null, params (string Name, string? Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is HttpContent content)
            request.Content = content;
        else if (body is not null)
            request.Content = new StringContent(body as string ?? JsonSerializer.Serialize(body, JsonSerializerOptions.Web), Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers)
        {
            if (value is not null)
                request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var all = response.Headers.Concat(response.Content.Headers)
            .ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new Answer(response.StatusCode, text, all);
    }

    public void Dispose() => _http.Dispose();
}

/// <summary>Someone with a token, for a tenant.</summary>
public sealed class Caller(OrdersClient client, string token, string? tenant)
{
    public string Token => token;

    public Task<Answer> GetAsync(string path, params (string Name, string? Value)[] headers) => SendAsync(HttpMethod.Get, path, null, headers);

    public Task<Answer> PostAsync(string path, object? body = null, params (string Name, string? Value)[] headers) =>
        SendAsync(HttpMethod.Post, path, body, headers);

    public Task<Answer> DeleteAsync(string path, params (string Name, string? Value)[] headers) => SendAsync(HttpMethod.Delete, path, null, headers);

    public Task<Answer> SendAsync(HttpMethod method, string path, object? body, params (string Name, string? Value)[] headers) =>
        client.SendAsync(method, path, body, [("Authorization", $"Bearer {token}"), ("X-Tenant-Id", tenant), .. headers]);

    public async Task<string> RegisterAsync()
    {
        var name = client.NewName("user");
        var answer = await PostAsync("/users", new { name, email = $"{name}@example.com" });
        return answer.Is(201).Id;
    }

    /// <summary>Places an order of a new customer.</summary>
    public async Task<Answer> PlaceAsync(string? customer = null, string currency = "EUR", params object[] lines) => (await PostAsync("/orders", new
    {
        customerId = customer ?? await RegisterAsync(),
        currency,
        lines = lines.Length > 0 ? lines : [new { sku = "tea", quantity = 2, unitPrice = 12.5 }],
    })).Is(201);
}

/// <summary>What the sample answered.</summary>
public sealed record Answer(HttpStatusCode Status, string Text, Dictionary<string, string> Headers)
{
    public JsonObject Json => JsonNode.Parse(Text)!.AsObject();

    public string Id => (string)Json["id"]!;

    public long Version => (long)Json["version"]!;

    public string Position => Json["position"]!.ToJsonString();

    public string? Code => (string?)Json["code"];

    public Answer Is(int status)
    {
        Assert.True((int)Status == status, $"{(int)Status} instead of {status}: {Text}");
        return this;
    }

    /// <summary>Demands a problem with a status and code.</summary>
    public Answer IsProblem(int status, string code)
    {
        Is(status);
        Assert.Equal("application/problem+json", Headers["Content-Type"]);
        Assert.Equal(code, Code);
        Assert.Equal(status, (int)Json["status"]!);
        Assert.False(string.IsNullOrEmpty((string?)Json["title"]));
        return this;
    }

    /// <summary>Demands bad input in exactly these fields.</summary>
    public Answer IsInvalid(params string[] fields)
    {
        IsProblem(400, "invalid");
        Assert.Equal(fields.Order(StringComparer.Ordinal), Json["errors"]!.AsObject().Select(field => field.Key).Order(StringComparer.Ordinal));
        return this;
    }
}
