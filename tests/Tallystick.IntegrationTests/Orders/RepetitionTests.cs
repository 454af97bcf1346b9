namespace Tallystick.IntegrationTests.Orders;

/// <summary>Idempotency keys, over HTTP.</summary>
public sealed class RepetitionTests(OrdersFixture fixture) : IClassFixture<OrdersFixture>
{
    private readonly OrdersClient _client = fixture.Client;

    [Fact]
    public async Task A_repeated_order_is_answered_as_the_first_time_and_placed_once()
    {
        var ann = await _client.AsAsync("acme");
        var order = new { customerId = await ann.RegisterAsync(), currency = "EUR", lines = Array.Empty<object>() };
        var first = (await ann.PostAsync("/orders", order, ("Idempotency-Key", "once"))).Is(201);
        var second = (await ann.PostAsync("/orders", order, ("Idempotency-Key", "once"))).Is(201);
        Assert.Equal(first.Text, second.Text);
        foreach (var name in (string[])["Location", "ETag", "Log-Position"])
            Assert.Equal(first.Headers[name], second.Headers[name]);
        Assert.False(first.Headers.ContainsKey("Idempotency-Replayed"));
        Assert.Equal("true", second.Headers["Idempotency-Replayed"]);
        var listed = await ann.GetAsync($"/orders?customerId={order.customerId}", ("At-Least-Position", first.Position));
        Assert.Single(listed.Json["items"]!.AsArray());
    }

    [Fact]
    public async Task A_repeated_confirmation_is_no_conflict_and_no_rejection()
    {
        var ann = await _client.AsAsync("acme");
        var placed = await ann.PlaceAsync();
        var (path, key, tag) = ($"/orders/{placed.Id}/confirm", ("Idempotency-Key", "confirm-it"), ("If-Match", "\"1\""));
        var first = (await ann.PostAsync(path, null, key, tag)).Is(200);
        Assert.Equal(first.Text, (await ann.PostAsync(path, null, key, tag)).Is(200).Text);
    }

    [Fact]
    public async Task A_key_with_another_body_is_refused()
    {
        var ann = await _client.AsAsync("acme");
        var path = $"/orders/{(await ann.PlaceAsync()).Id}/lines";
        (await ann.PostAsync(path, new { sku = "milk", quantity = 1, unitPrice = 1 }, ("Idempotency-Key", "k"))).Is(200);
        (await ann.PostAsync(path, new { sku = "milk", quantity = 2, unitPrice = 1 }, ("Idempotency-Key", "k"))).IsProblem(422, "idempotency-key-reused");
    }

    [Fact]
    public async Task A_key_belongs_to_its_tenant_its_user_and_its_address()
    {
        var (ann, bob, gus) = (await _client.AsAsync("acme"), await _client.AsAsync("acme", "bob"), await _client.AsAsync("globex"));
        var (one, two) = ((await ann.PlaceAsync()).Id, (await ann.PlaceAsync()).Id);
        var other = (await gus.PlaceAsync()).Id;
        var line = new { sku = "milk", quantity = 1, unitPrice = 1 };
        Assert.Equal(2, (await ann.PostAsync($"/orders/{one}/lines", line, ("Idempotency-Key", "shared"))).Is(200).Version);
        Assert.Equal(3, (await bob.PostAsync($"/orders/{one}/lines", line, ("Idempotency-Key", "shared"))).Is(200).Version);
        Assert.Equal(two, (await ann.PostAsync($"/orders/{two}/lines", line, ("Idempotency-Key", "shared"))).Is(200).Id);
        Assert.Equal(other, (await gus.PostAsync($"/orders/{other}/lines", line, ("Idempotency-Key", "shared"))).Is(200).Id);
    }

    [Fact]
    public async Task Concurrent_repetitions_take_effect_once()
    {
        var ann = await _client.AsAsync("acme");
        var order = new { customerId = await ann.RegisterAsync(), currency = "EUR", lines = Array.Empty<object>() };
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ann.PostAsync("/orders", order, ("Idempotency-Key", "race"))));
        Assert.Single(answers.Select(answer => answer.Is(201).Id).Distinct());
    }

    [Fact]
    public async Task A_key_that_is_too_long_empty_or_unprintable_is_bad_input()
    {
        var ann = await _client.AsAsync("acme");
        foreach (var key in (string[])[new string('k', 256), "", "a b"])
            (await ann.PostAsync("/orders/any/confirm", null, ("Idempotency-Key", key))).IsInvalid("Idempotency-Key");
        (await ann.PostAsync($"/orders/{(await ann.PlaceAsync()).Id}/confirm", null, ("Idempotency-Key", new string('k', 255)))).Is(200);
    }
}
