namespace Tallystick.IntegrationTests.Orders;

/// <summary>The life of an order, over HTTP.</summary>
public sealed class OrderLifeTests(OrdersFixture fixture) : IClassFixture<OrdersFixture>
{
    private readonly OrdersClient _client = fixture.Client;

    [Fact]
    public async Task A_placed_order_is_answered_with_its_address_version_and_position()
    {
        var ann = await _client.AsAsync("acme");
        var placed = await ann.PlaceAsync();
        Assert.Equal($"/orders/{placed.Id}", placed.Headers["Location"]);
        Assert.Equal("\"1\"", placed.Headers["ETag"]);
        Assert.Equal(placed.Position, placed.Headers["Log-Position"]);
        Assert.Equal(1, placed.Version);

        var order = (await ann.GetAsync(placed.Headers["Location"])).Is(200);
        Assert.Equal("draft", (string?)order.Json["status"]);
        Assert.Equal("EUR", (string?)order.Json["currency"]);
        Assert.Contains("\"unitPrice\":12.50", order.Text, StringComparison.Ordinal);
        Assert.Contains("\"total\":25.00", order.Text, StringComparison.Ordinal);
        Assert.Equal(placed.Position, order.Position);
        Assert.Equal("\"1\"", order.Headers["ETag"]);
        Assert.True((DateTimeOffset)order.Json["placedAt"]! > DateTimeOffset.UnixEpoch);
    }

    [Fact]
    public async Task An_order_goes_from_draft_to_confirmed_to_shipped()
    {
        var ann = await _client.AsAsync("acme");
        var id = (await ann.PlaceAsync()).Id;
        (await ann.PostAsync($"/orders/{id}/ship")).IsProblem(422, "order-state");
        Assert.Equal(2, (await ann.PostAsync($"/orders/{id}/lines", new { sku = "milk", quantity = 3, unitPrice = 1.1 })).Is(200).Version);
        Assert.Equal(3, (await ann.DeleteAsync($"/orders/{id}/lines/tea")).Is(200).Version);
        (await ann.DeleteAsync($"/orders/{id}/lines/tea")).IsProblem(422, "line-unknown");
        var confirmed = (await ann.PostAsync($"/orders/{id}/confirm")).Is(200);
        Assert.Equal("\"4\"", confirmed.Headers["ETag"]);
        Assert.Equal(confirmed.Position, confirmed.Headers["Log-Position"]);
        (await ann.PostAsync($"/orders/{id}/lines", new { sku = "milk", quantity = 1, unitPrice = 1 })).IsProblem(422, "order-state");
        (await ann.PostAsync($"/orders/{id}/confirm")).IsProblem(422, "order-state");
        (await ann.PostAsync($"/orders/{id}/ship")).Is(200);
        (await ann.PostAsync($"/orders/{id}/cancel", new { reason = "too late" })).IsProblem(422, "order-state");

        var order = (await ann.GetAsync($"/orders/{id}")).Is(200);
        Assert.Equal("shipped", (string?)order.Json["status"]);
        Assert.Contains("\"total\":3.30", order.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draft_and_a_confirmed_order_can_be_cancelled()
    {
        var ann = await _client.AsAsync("acme");
        var (draft, confirmed) = ((await ann.PlaceAsync()).Id, (await ann.PlaceAsync()).Id);
        (await ann.PostAsync($"/orders/{confirmed}/confirm")).Is(200);
        foreach (var id in (string[])[draft, confirmed])
        {
            (await ann.PostAsync($"/orders/{id}/cancel", new { reason = "changed my mind" })).Is(200);
            Assert.Equal("cancelled", (string?)(await ann.GetAsync($"/orders/{id}")).Json["status"]);
        }
    }

    [Fact]
    public async Task An_empty_order_can_not_be_confirmed()
    {
        var ann = await _client.AsAsync("acme");
        var id = (await ann.PlaceAsync()).Id;
        (await ann.DeleteAsync($"/orders/{id}/lines/tea")).Is(200);
        (await ann.PostAsync($"/orders/{id}/confirm")).IsProblem(422, "order-empty");
    }

    [Fact]
    public async Task The_same_goods_at_the_same_price_are_one_line_and_at_another_price_another()
    {
        var ann = await _client.AsAsync("acme");
        var id = (await ann.PlaceAsync()).Id;
        await ann.PostAsync($"/orders/{id}/lines", new { sku = "tea", quantity = 1, unitPrice = 12.50 });
        await ann.PostAsync($"/orders/{id}/lines", new { sku = "tea", quantity = 1, unitPrice = 10 });
        var order = await ann.GetAsync($"/orders/{id}");
        Assert.Equal([3, 1], order.Json["lines"]!.AsArray().Select(line => (int)line!["quantity"]!));
        Assert.Contains("\"total\":47.50", order.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_customer_must_be_a_registered_user_of_the_same_tenant()
    {
        var (ann, gus) = (await _client.AsAsync("acme"), await _client.AsAsync("globex", "gus"));
        var customer = await ann.RegisterAsync();
        var order = new { customerId = customer, currency = "EUR", lines = Array.Empty<object>() };
        (await gus.PostAsync("/orders", order)).IsProblem(422, "customer-unknown");
        (await ann.PostAsync("/orders", order with { customerId = "nobody" })).IsProblem(422, "customer-unknown");
        (await ann.PostAsync("/orders", order with { customerId = "no body" })).IsProblem(422, "customer-unknown");
        (await ann.PostAsync("/orders", order)).Is(201);
    }

    [Fact]
    public async Task What_does_not_exist_is_not_found()
    {
        var ann = await _client.AsAsync("acme");
        foreach (var id in (string[])["none", "with%20blank", new string('x', 300), "%0a"])
        {
            (await ann.GetAsync($"/orders/{id}")).IsProblem(404, "order-unknown");
            (await ann.GetAsync($"/orders/{id}", ("At-Least-Position", "1"))).IsProblem(404, "order-unknown");
            (await ann.GetAsync($"/orders/{id}?version=1")).IsProblem(404, "order-unknown");
            (await ann.GetAsync($"/orders/{id}/history")).IsProblem(404, "order-unknown");
            (await ann.PostAsync($"/orders/{id}/confirm")).IsProblem(404, "order-unknown");
            (await ann.GetAsync($"/users/{id}")).IsProblem(404, "user-unknown");
        }
    }

    [Fact]
    public async Task If_match_lets_a_command_through_only_at_the_version_that_was_seen()
    {
        var ann = await _client.AsAsync("acme");
        var placed = await ann.PlaceAsync();
        var path = $"/orders/{placed.Id}/lines";
        var line = new { sku = "milk", quantity = 1, unitPrice = 1 };
        (await ann.PostAsync(path, line, ("If-Match", placed.Headers["ETag"]))).Is(200);
        var stale = (await ann.PostAsync(path, line, ("If-Match", placed.Headers["ETag"]))).IsProblem(412, "version-mismatch");
        Assert.Equal(2, (int)stale.Json["actualVersion"]!);
        (await ann.DeleteAsync(path + "/tea", ("If-Match", "\"1\""))).IsProblem(412, "version-mismatch");
        (await ann.PostAsync($"/orders/{placed.Id}/confirm", null, ("If-Match", "\"7\""))).IsProblem(412, "version-mismatch");
        (await ann.PostAsync($"/orders/{placed.Id}/confirm", null, ("If-Match", "*"))).Is(200);
        (await ann.PostAsync($"/orders/{placed.Id}/ship", null, ("If-Match", "\"2\""))).IsProblem(412, "version-mismatch");
        (await ann.PostAsync($"/orders/{placed.Id}/cancel", new { reason = "r" }, ("If-Match", "\"3\""))).Is(200);
    }

    [Theory]
    [InlineData("")]
    [InlineData("3")]
    [InlineData("\"\"")]
    [InlineData("\"abc\"")]
    [InlineData("\"0\"")]
    [InlineData("\"-1\"")]
    [InlineData("W/\"1\"")]
    [InlineData("\"1\", \"2\"")]
    [InlineData("\"99999999999999999999\"")]
    public async Task A_malformed_or_weak_if_match_is_bad_input(string tag)
    {
        var ann = await _client.AsAsync("acme");
        (await ann.PostAsync("/orders/any/confirm", null, ("If-Match", tag))).IsInvalid("If-Match");
    }

    [Fact]
    public async Task Concurrent_commands_on_one_order_all_take_effect_once()
    {
        var ann = await _client.AsAsync("acme");
        var id = (await ann.PlaceAsync()).Id;
        var added = await Task.WhenAll(Enumerable.Range(0, 12).Select(n =>
            ann.PostAsync($"/orders/{id}/lines", new { sku = "milk", quantity = 1, unitPrice = 1 })));
        Assert.All(added, one => Assert.True((int)one.Status is 200 or 409, one.Text));
        var order = await ann.GetAsync($"/orders/{id}");
        Assert.Equal(added.Count(one => (int)one.Status == 200) + 1, order.Version);
    }
}
