using System.Globalization;
using System.Net;

namespace Tallystick.IntegrationTests.Orders;

/// <summary>What can be read, now and of the past.</summary>
public sealed class ReadTests(OrdersFixture fixture) : IClassFixture<OrdersFixture>
{
    private readonly OrdersClient _client = fixture.Client;

    [Fact]
    public async Task A_user_is_registered_and_found_at_once()
    {
        var ann = await _client.AsAsync("acme");
        var registered = (await ann.PostAsync("/users", new { name = "Zoë", email = "Zoe@Example.com" })).Is(201);
        Assert.Equal($"/users/{registered.Id}", registered.Headers["Location"]);
        foreach (var position in (string?[])[null, registered.Position])
        {
            var user = (await ann.GetAsync($"/users/{registered.Id}", ("At-Least-Position", position))).Is(200);
            Assert.Equal(("Zoë", "Zoe@Example.com", registered.Id), ((string?)user.Json["name"], (string?)user.Json["email"], user.Id));
            Assert.Equal("\"1\"", user.Headers["ETag"]);
        }

        (await (await _client.AsAsync("globex")).PostAsync("/users", new { name = "Zoë", email = "zoe@example.com" })).Is(201);
    }

    [Fact]
    public async Task An_order_is_shown_as_it_was_at_a_version_and_at_a_time()
    {
        var ann = await _client.AsAsync("acme");
        var id = (await ann.PlaceAsync()).Id;
        var added = (await ann.PostAsync($"/orders/{id}/lines", new { sku = "milk", quantity = 1, unitPrice = 1 })).Is(200);
        (await ann.PostAsync($"/orders/{id}/confirm")).Is(200);

        var second = (await ann.GetAsync($"/orders/{id}?version=2")).Is(200);
        Assert.Equal(("draft", 2, "\"2\""), ((string?)second.Json["status"], second.Version, second.Headers["ETag"]));
        Assert.Equal(added.Position, second.Position);
        Assert.Contains("\"total\":26.00", second.Text, StringComparison.Ordinal);

        var events = (await ann.GetAsync($"/orders/{id}/history")).Json["events"]!.AsArray();
        var time = (DateTimeOffset)events[1]!["at"]!;
        var local = time.ToOffset(TimeSpan.FromHours(2)).ToString("yyyy-MM-dd'T'HH:mm:ss.fffffffzzz", CultureInfo.InvariantCulture);
        foreach (var at in (string[])[Uri.EscapeDataString(local), local, Uri.EscapeDataString(time.UtcDateTime.ToString("O")), time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffff", CultureInfo.InvariantCulture)])
            Assert.Equal(2, (await ann.GetAsync($"/orders/{id}?at={at}")).Is(200).Version);
        Assert.Equal(3, (await ann.GetAsync($"/orders/{id}?at=2999-01-01")).Is(200).Version);
        (await ann.GetAsync($"/orders/{id}?at=2020-01-01T00:00:00Z")).IsProblem(404, "order-unknown");
        (await ann.GetAsync($"/orders/{id}?version=4")).IsProblem(404, "version-unknown");
    }

    [Fact]
    public async Task A_read_with_a_position_shows_what_was_written_at_it()
    {
        var ann = await _client.AsAsync("acme");
        for (var i = 0; i < 10; i++)
        {
            var placed = await ann.PlaceAsync();
            var found = (await ann.GetAsync($"/orders/{placed.Id}", ("At-Least-Position", placed.Position))).Is(200);
            Assert.Equal(placed.Position, found.Position);
            var confirmed = await ann.PostAsync($"/orders/{placed.Id}/confirm");
            var customer = (string)found.Json["customerId"]!;
            var listed = await ann.GetAsync($"/orders?customerId={customer}&status=confirmed", ("At-Least-Position", confirmed.Position));
            Assert.Equal(placed.Id, (string?)Assert.Single(listed.Is(200).Json["items"]!.AsArray())!["id"]);
            var told = (await ann.GetAsync($"/notifications/{customer}", ("At-Least-Position", confirmed.Position))).Is(200);
            Assert.Equal(2, told.Json["items"]!.AsArray().Count);
        }
    }

    [Theory]
    [InlineData("/orders/any")]
    [InlineData("/orders")]
    [InlineData("/reports/sales?by=day")]
    [InlineData("/notifications/any")]
    [InlineData("/users/any")]
    public async Task A_read_that_does_not_reach_its_position_in_time_says_so(string path)
    {
        var ann = await _client.AsAsync("acme");
        var behind = (await ann.GetAsync(path, ("At-Least-Position", "1000000"))).IsProblem(503, "read-model-behind");
        Assert.Equal("1", behind.Headers["Retry-After"]);
        foreach (var bad in (string[])["-1", "x", "1.5", "99999999999999999999", ""])
            (await ann.GetAsync(path, ("At-Least-Position", bad))).IsInvalid("At-Least-Position");
    }

    [Fact]
    public async Task Pages_of_orders_follow_each_other_without_a_gap()
    {
        var ann = await _client.AsAsync("acme");
        var customer = await ann.RegisterAsync();
        var placed = new List<Answer>();
        for (var i = 0; i < 5; i++)
            placed.Add(await ann.PlaceAsync(customer));
        var seen = new List<string>();
        string? next = "";
        while (next is not null)
        {
            var page = (await ann.GetAsync($"/orders?status=&customerId={customer}&after={next}&limit=2", ("At-Least-Position", placed[^1].Position))).Is(200);
            seen.AddRange(page.Json["items"]!.AsArray().Select(item => (string)item!["id"]!));
            next = (string?)page.Json["next"];
        }

        Assert.Equal(placed.Select(one => one.Id).Reverse(), seen);
    }

    [Fact]
    public async Task The_history_tells_who_did_what_and_what_it_changed()
    {
        var (ann, bob) = (await _client.AsAsync("acme"), await _client.AsAsync("acme", "bob"));
        var placed = await ann.PlaceAsync();
        await bob.DeleteAsync($"/orders/{placed.Id}/lines/tea");
        var events = (await ann.GetAsync($"/orders/{placed.Id}/history")).Is(200).Json["events"]!.AsArray();
        Assert.Equal(["order.placed", "order.line-removed"], events.Select(e => (string)e!["type"]!));
        Assert.Equal(["ann", "bob"], events.Select(e => (string)e!["userId"]!));
        Assert.Equal([1L, 2L], events.Select(e => (long)e!["version"]!));
        Assert.Equal(placed.Position, events[0]!["position"]!.ToJsonString());
        Assert.Equal("tea", (string?)events[1]!["data"]!["sku"]);
        Assert.Equal(
            """[{"path":"lines[0]","from":{"sku":"tea","quantity":2,"unitPrice":12.50},"to":null},{"path":"total","from":25.00,"to":0.00}]""",
            events[1]!["changes"]!.ToJsonString());

        var first = (await ann.GetAsync($"/orders/{placed.Id}/history?limit=1")).Is(200);
        var rest = (await ann.GetAsync($"/orders/{placed.Id}/history?after={first.Json["next"]}")).Is(200);
        Assert.Equal(2, (long)Assert.Single(rest.Json["events"]!.AsArray())!["version"]!);
        Assert.Null(rest.Json["next"]);
    }

    [Fact]
    public async Task The_sales_report_counts_confirmed_orders_until_they_are_cancelled()
    {
        var operatorOf = await _client.AsOperatorAsync();
        (await operatorOf.PostAsync("/tenants", new { id = "sales-only", name = "Sales" })).Is(201);
        var ann = await _client.AsAsync("sales-only");
        var orders = new[] { await ann.PlaceAsync(), await ann.PlaceAsync(), await ann.PlaceAsync(currency: "USD"), await ann.PlaceAsync() };
        foreach (var order in orders.Take(3))
            await ann.PostAsync($"/orders/{order.Id}/confirm");
        var shipped = await ann.PostAsync($"/orders/{orders[0].Id}/ship");
        Assert.Equal([("EUR", 2, "50.00"), ("USD", 1, "25.00")], await SalesAsync(ann, shipped.Position));

        await ann.PostAsync($"/orders/{orders[2].Id}/cancel", new { reason = "r" });
        var cancelled = await ann.PostAsync($"/orders/{orders[1].Id}/cancel", new { reason = "r" });
        Assert.Equal([("EUR", 1, "25.00")], await SalesAsync(ann, cancelled.Position));
        (await ann.GetAsync("/reports/sales?by=month")).IsInvalid("by");
    }

    [Fact]
    public async Task A_customer_is_told_once_of_each_thing_that_happened_to_an_order()
    {
        var ann = await _client.AsAsync("acme");
        var customer = await ann.RegisterAsync();
        var id = (await ann.PlaceAsync(customer)).Id;
        await ann.PostAsync($"/orders/{id}/confirm");
        var last = await ann.PostAsync($"/orders/{id}/cancel", new { reason = "sold out" });
        var items = (await ann.GetAsync($"/notifications/{customer}", ("At-Least-Position", last.Position))).Is(200).Json["items"]!.AsArray();
        Assert.Equal(3, items.Count);
        Assert.Contains("sold out", (string?)items[0]!["text"], StringComparison.Ordinal);
        Assert.All(items, item => Assert.Equal(id, (string?)item!["orderId"]));
        Assert.Empty((await (await _client.AsAsync("globex")).GetAsync($"/notifications/{customer}")).Is(200).Json["items"]!.AsArray());
    }

    [Fact]
    public async Task A_client_that_has_the_present_version_gets_304()
    {
        var ann = await _client.AsAsync("acme");
        var placed = await ann.PlaceAsync();
        Assert.Equal(HttpStatusCode.NotModified, (await ann.GetAsync($"/orders/{placed.Id}", ("If-None-Match", "\"1\""))).Status);
        (await ann.GetAsync($"/orders/{placed.Id}", ("If-None-Match", "\"2\""))).Is(200);
    }

    [Fact]
    public async Task The_openapi_document_names_every_call_and_header()
    {
        var document = (await _client.SendAsync(HttpMethod.Get, "/openapi/v1.json")).Is(200).Json;
        Assert.Equal(
            ["/dev/token", "/health/live", "/health/ready", "/notifications/{userId}", "/orders", "/orders/{id}", "/orders/{id}/cancel", "/orders/{id}/confirm",
                "/orders/{id}/history", "/orders/{id}/lines", "/orders/{id}/lines/{sku}", "/orders/{id}/ship", "/reports/sales", "/tenants", "/tenants/{id}",
                "/tenants/{id}/delete", "/tenants/{id}/export", "/tenants/{id}/import", "/tenants/{id}/limits", "/tenants/{id}/move", "/tenants/{id}/move/abandon",
                "/tenants/{id}/move/confirm", "/tenants/{id}/move/undo", "/tenants/{id}/restore", "/tenants/{id}/resume", "/tenants/{id}/suspend", "/users", "/users/{id}"],
            document["paths"]!.AsObject().Select(path => path.Key).Order(StringComparer.Ordinal));
        var confirm = document["paths"]!["/orders/{id}/confirm"]!["post"]!;
        Assert.Equal(["id", "X-Tenant-Id", "Tallystick-Act-As", "Tallystick-Act-As-Reason", "If-Match", "Idempotency-Key"], confirm["parameters"]!.AsArray().Select(one => (string)one!["name"]!));
        Assert.NotNull(confirm["security"]);
        var list = document["paths"]!["/orders"]!["get"]!["parameters"]!.AsArray().Select(one => (string)one!["name"]!);
        Assert.Equal(["status", "customerId", "after", "limit", "X-Tenant-Id", "Tallystick-Act-As", "Tallystick-Act-As-Reason", "At-Least-Position"], list);
        Assert.Equal("bearer", (string?)document["components"]!["securitySchemes"]!["Bearer"]!["scheme"]);
    }

    private static async Task<List<(string?, int, string)>> SalesAsync(Caller caller, string position) =>
        [.. (await caller.GetAsync("/reports/sales?by=day", ("At-Least-Position", position))).Is(200).Json["days"]!.AsArray()
            .Select(day => ((string?)day!["currency"], (int)day["orders"]!, day["total"]!.ToJsonString()))];
}
