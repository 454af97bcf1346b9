using System.Net.Http.Headers;
using System.Text;

namespace Tallystick.IntegrationTests.Orders;

/// <summary>Everything that a client can get wrong.</summary>
public sealed class BadInputTests(OrdersFixture fixture) : IClassFixture<OrdersFixture>
{
    private readonly OrdersClient _client = fixture.Client;

    [Theory]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":[{"sku":"a","quantity":0,"unitPrice":1}]}""", "lines[0].quantity")]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":[{"sku":"a","quantity":-1,"unitPrice":1}]}""", "lines[0].quantity")]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":[{"sku":"a","quantity":1000001,"unitPrice":1}]}""", "lines[0].quantity")]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":[{"sku":"a","quantity":1.5,"unitPrice":1}]}""", "lines[0].quantity")]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":[{"sku":"a","quantity":"1","unitPrice":1}]}""", "lines[0].quantity")]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":[{"sku":"a","quantity":99999999999,"unitPrice":1}]}""", "lines[0].quantity")]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":[{"sku":"a","quantity":1,"unitPrice":-0.01}]}""", "lines[0].unitPrice")]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":[{"sku":"a","quantity":1,"unitPrice":0.001}]}""", "lines[0].unitPrice")]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":[{"sku":"a","quantity":1,"unitPrice":1e30}]}""", "lines[0].unitPrice")]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":[{"sku":"a","quantity":1,"unitPrice":1.0000000000000000000000000000000001}]}""", "lines[0].unitPrice")]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":[{"sku":"a","quantity":1,"unitPrice":9.9999999999999999999999999999}]}""", "lines[0].unitPrice")]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":[{"sku":"a","quantity":1,"unitPrice":1e-30}]}""", "lines[0].unitPrice")]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":[{"sku":"a","quantity":1,"unitPrice":1000000000.01}]}""", "lines[0].unitPrice")]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":[{"sku":"a","quantity":1,"unitPrice":"1.00"}]}""", "lines[0].unitPrice")]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":[{"sku":" ","quantity":1,"unitPrice":1}]}""", "lines[0].sku")]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":[{"sku":"a/b","quantity":1,"unitPrice":1}]}""", "lines[0].sku")]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":[null]}""", "lines[0]")]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":{}}""", "lines")]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":null}""", "lines")]
    [InlineData("""{"customerId":"c","currency":"EUR"}""", "lines")]
    [InlineData("""{"customerId":"c","currency":"eur","lines":[]}""", "currency")]
    [InlineData("""{"customerId":"c","currency":"EURO","lines":[]}""", "currency")]
    [InlineData("""{"customerId":"","currency":"EUR","lines":[]}""", "customerId")]
    [InlineData("""{"customerId":7,"currency":"EUR","lines":[]}""", "customerId")]
    [InlineData("""{"customerId":"\ud800","currency":"EUR","lines":[]}""", "customerId")]
    [InlineData("""{"\ud800":"c","customerId":"c","currency":"EUR","lines":[]}""", "body")]
    [InlineData("""{"customerId":"c","CustomerId":"d","currency":"EUR","lines":[]}""", "customerId")]
    [InlineData("""{"customerId":"c","currency":"EUR","lines":[],}""", "body")]
    [InlineData("""{"customerId":"c","customerId":"d","currency":"EUR","lines":[]}""", "body")]
    [InlineData("""{"customerId":"c",""", "body")]
    [InlineData("""[]""", "body")]
    [InlineData("""null""", "body")]
    [InlineData("", "body")]
    [InlineData("""{}""", "customerId", "currency", "lines")]
    [InlineData("""{"customerId":" ","currency":"x","lines":[{"sku":"","quantity":0,"unitPrice":-1},{"quantity":"x"}]}""",
        "customerId", "currency", "lines[0].sku", "lines[0].quantity", "lines[0].unitPrice", "lines[1].sku", "lines[1].quantity", "lines[1].unitPrice")]
    public async Task An_order_with_invalid_values_is_refused_with_every_field_named(string body, params string[] fields)
    {
        var ann = await _client.AsAsync("acme");
        (await ann.PostAsync("/orders", body)).IsInvalid(fields);
    }

    [Fact]
    public async Task Other_bodies_are_checked_in_the_same_way()
    {
        var (ann, olga) = (await _client.AsAsync("acme"), await _client.AsOperatorAsync());
        (await ann.PostAsync("/users", new { name = " ", email = "no-address" })).IsInvalid("name", "email");
        foreach (var email in (string[])["", "@x", "x@", "a b@c", "a@b@c", "a@.b", new string('x', 250) + "@x"])
            (await ann.PostAsync("/users", new { name = "n", email })).IsInvalid("email");
        (await ann.PostAsync("/orders/any/lines", new { sku = "", quantity = 0, unitPrice = -1 })).IsInvalid("sku", "quantity", "unitPrice");
        (await ann.PostAsync("/orders/any/cancel", new { reason = " " })).IsInvalid("reason");
        (await ann.PostAsync("/orders/any/cancel", new { })).IsInvalid("reason");
        (await olga.PostAsync("/tenants", new { id = "Acme!", name = "" })).IsInvalid("id", "name");
    }

    [Theory]
    [InlineData("/orders?limit=0", "limit")]
    [InlineData("/orders?limit=201", "limit")]
    [InlineData("/orders?limit=-1", "limit")]
    [InlineData("/orders?limit=x&status=lost", "limit", "status")]
    [InlineData("/orders?status=none", "status")]
    [InlineData("/orders?after=garbage", "after")]
    [InlineData("/orders/any?version=0", "version")]
    [InlineData("/orders/any?version=-1", "version")]
    [InlineData("/orders/any?version=x&at=yesterday", "version", "at")]
    [InlineData("/orders/any?version=1&at=2026-01-01", "at")]
    [InlineData("/orders/any?at=2026-13-01", "at")]
    [InlineData("/orders/any?version=1&version=2", "version")]
    [InlineData("/orders/any/history?limit=0&after=x", "limit", "after")]
    [InlineData("/orders/any/history?after=9223372036854775807", "after")]
    [InlineData("/notifications/any?limit=x", "limit")]
    [InlineData("/dev/token", "tenant", "user")]
    [InlineData("/dev/token?tenant=Nope!&user=ann&role=king", "tenant", "role")]
    public async Task Invalid_values_in_the_query_are_all_named(string path, params string[] fields)
    {
        var ann = await _client.AsAsync("acme");
        (await ann.GetAsync(path)).IsInvalid(fields);
    }

    [Fact]
    public async Task The_greatest_allowed_order_has_an_exact_total()
    {
        var ann = await _client.AsAsync("acme");
        var lines = Enumerable.Range(0, 200).Select(n => (object)new { sku = $"s{n}", quantity = 1_000_000, unitPrice = 999_999_999.99m }).ToArray();
        var placed = await ann.PlaceAsync(null, "EUR", lines);
        (await ann.PostAsync($"/orders/{placed.Id}/lines", new { sku = "more", quantity = 1, unitPrice = 1 })).IsProblem(422, "order-full");
        (await ann.PostAsync($"/orders/{placed.Id}/lines", new { sku = "s0", quantity = 1, unitPrice = 999_999_999.99m })).IsProblem(422, "line-quantity");
        (await ann.PostAsync($"/orders/{placed.Id}/confirm")).Is(200);
        Assert.Contains("\"total\":199999999998000000.00", (await ann.GetAsync($"/orders/{placed.Id}")).Text, StringComparison.Ordinal);
        (await ann.PostAsync("/orders", new { customerId = "c", currency = "EUR", lines = lines.Append(lines[0]) })).IsInvalid("lines");
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused_whether_its_length_is_announced_or_not()
    {
        var ann = await _client.AsAsync("acme");
        var large = new string(' ', 1024 * 1024) + "{}";
        (await ann.PostAsync("/orders", large)).IsProblem(413, "body-too-large");
        (await ann.PostAsync("/orders/any/confirm", large)).IsProblem(413, "body-too-large");
        using var chunked = new StreamContent(new Unannounced(Encoding.UTF8.GetBytes(large)));
        chunked.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        (await ann.PostAsync("/orders", chunked)).IsProblem(413, "body-too-large");
        using var unasked = new StreamContent(new Unannounced(Encoding.UTF8.GetBytes(large)));
        var order = await ann.PlaceAsync();
        (await ann.PostAsync($"/orders/{order.Id}/confirm", unasked)).IsProblem(413, "body-too-large");
        Assert.Equal("draft", (string?)(await ann.GetAsync($"/orders/{order.Id}")).Json["status"]);
    }

    [Fact]
    public async Task A_body_that_is_no_utf_8_or_is_nested_too_deep_is_refused()
    {
        var ann = await _client.AsAsync("acme");
        using var latin = new ByteArrayContent([.. """{"name":"""u8, (byte)'"', 0xFF, .. "\",\"email\":\"a@b\"}"u8]);
        latin.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        (await ann.PostAsync("/users", latin)).IsInvalid("body");
        (await ann.PostAsync("/users", new string('[', 5000))).IsInvalid("body");
    }

    [Fact]
    public async Task A_body_that_is_no_json_is_refused_by_its_type()
    {
        var ann = await _client.AsAsync("acme");
        using var text = new StringContent("{}", Encoding.UTF8, "text/plain");
        (await ann.PostAsync("/orders", text)).IsProblem(415, "unsupported-media-type");
    }

    [Fact]
    public async Task Unknown_addresses_and_methods_are_problems_too()
    {
        var ann = await _client.AsAsync("acme");
        (await ann.GetAsync("/nowhere")).IsProblem(404, "not-found");
        (await ann.GetAsync("/openapi/v2.json")).IsProblem(404, "not-found");
        var refused = (await ann.SendAsync(HttpMethod.Put, "/orders", null)).IsProblem(405, "method-not-allowed");
        Assert.Equal("GET, POST", refused.Headers["Allow"]);
        (await ann.SendAsync(HttpMethod.Get, "/nowhere", null, ("Accept", "text/html"))).IsProblem(404, "not-found");
    }

    /// <summary>A stream that doesn't know its length, so that it is sent in chunks.</summary>
    private sealed class Unannounced(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
