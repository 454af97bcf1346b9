using System.Security.Cryptography;
using System.Text;

namespace Tallystick.IntegrationTests.Orders;

/// <summary>Who may act for which tenant.</summary>
public sealed class TenancyTests(OrdersFixture fixture) : IClassFixture<OrdersFixture>
{
    private readonly OrdersClient _client = fixture.Client;

    [Fact]
    public async Task A_token_of_another_tenant_is_refused_and_logged()
    {
        var ann = await _client.AsAsync("acme");
        (await SendAsync("/orders", ann.Token, "globex")).IsProblem(403, "tenant-mismatch");
        (await SendAsync("/orders", ann.Token, "there-is-none")).IsProblem(403, "tenant-mismatch");
        (await SendAsync("/orders", (await _client.AsOperatorAsync()).Token, "acme")).IsProblem(403, "tenant-mismatch");
        Assert.Contains("Refused a request for tenant 'globex': the token of 'ann' is for: acme.", fixture.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tenant_must_be_named_well_and_exist()
    {
        var ann = await _client.AsAsync("acme");
        (await SendAsync("/orders", ann.Token, null)).IsProblem(400, "tenant-missing");
        (await SendAsync("/orders", ann.Token, "")).IsProblem(400, "tenant-missing");
        foreach (var name in (string[])["$platform", "ACME", "-acme", "a b", new string('a', 64), "acme,globex"])
            (await SendAsync("/orders", ann.Token, name)).IsProblem(400, "tenant-invalid");
        (await (await _client.AsAsync("nowhere")).GetAsync("/orders")).IsProblem(404, "tenant-unknown");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("garbage")]
    [InlineData("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4iLCJ0ZW5hbnQiOiJhY21lIiwiaXNzIjoidGFsbHlzdGljay1vcmRlcnMiLCJhdWQiOiJ0YWxseXN0aWNrLW9yZGVycyIsImV4cCI6OTk5OTk5OTk5OX0.")]
    public async Task Without_a_valid_token_nothing_is_told_not_even_whether_a_tenant_exists(string? token)
    {
        foreach (var tenant in (string[])["acme", "there-is-none", "$$$"])
        {
            var refused = (await SendAsync("/orders", token, tenant)).IsProblem(401, "unauthorized");
            Assert.StartsWith("Bearer", refused.Headers["WWW-Authenticate"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_user_id_that_cannot_be_stored_is_refused()
    {
        static string Encode(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        var content = Encode("""{"alg":"HS256","typ":"JWT"}"""u8.ToArray()) + "." + Encode(
            """{"iss":"tallystick-orders","aud":"tallystick-orders","sub":"a\u0000","role":"operator","tenant":"acme","exp":99999999999}"""u8.ToArray());
        var signature = HMACSHA256.HashData("for local development only: anyone can read this key"u8, Encoding.ASCII.GetBytes(content));
        var token = content + "." + Encode(signature);
        (await SendAsync("/orders", token, "acme")).IsProblem(403, "user-invalid");
        (await _client.SendAsync(HttpMethod.Post, "/tenants", new { id = "unstored", name = "n" }, ("Authorization", "Bearer " + token)))
            .IsProblem(403, "user-invalid");
    }

    [Fact]
    public async Task A_forged_or_altered_token_is_refused()
    {
        var ann = await _client.AsAsync("acme");
        var parts = ann.Token.Split('.');
        var gus = (await _client.AsAsync("globex")).Token.Split('.');
        (await SendAsync("/orders", $"{parts[0]}.{gus[1]}.{parts[2]}", "globex")).IsProblem(401, "unauthorized");
    }

    [Fact]
    public async Task An_operator_makes_a_tenant_that_can_be_used_at_once()
    {
        var (olga, ann) = (await _client.AsOperatorAsync(), await _client.AsAsync("acme"));
        var made = (await olga.PostAsync("/tenants", new { id = "initech", name = "Initech" })).Is(201);
        Assert.Equal(("initech", 1, "/tenants/initech"), (made.Id, made.Version, made.Headers["Location"]));
        (await olga.PostAsync("/tenants", new { id = "initech", name = "Again" })).IsProblem(422, "tenant-exists");
        (await olga.GetAsync("/tenants/initech")).Is(200);

        var bill = await _client.AsAsync("initech", "bill");
        var placed = await bill.PlaceAsync();
        Assert.Equal("2", placed.Position);
        var listed = await bill.GetAsync("/orders", ("At-Least-Position", placed.Position));
        Assert.Single(listed.Is(200).Json["items"]!.AsArray());

        (await ann.PostAsync("/tenants", new { id = "mine", name = "Mine" })).IsProblem(403, "forbidden");
        (await _client.SendAsync(HttpMethod.Post, "/tenants", new { id = "mine", name = "Mine" })).IsProblem(401, "unauthorized");
    }

    [Fact]
    public async Task The_callers_of_a_suspended_tenant_are_refused_until_it_is_resumed()
    {
        var olga = await _client.AsOperatorAsync();
        (await olga.PostAsync("/tenants", new { id = "hooli", name = "Hooli" })).Is(201);
        var gavin = await _client.AsAsync("hooli", "gavin");
        var placed = await gavin.PlaceAsync();
        (await olga.PostAsync("/tenants/hooli/suspend", new { reason = "unpaid" })).Is(200);
        (await gavin.GetAsync($"/orders/{placed.Id}")).IsProblem(403, "tenant-suspended");
        (await SendAsync("/orders", (await _client.AsAsync("acme")).Token, "hooli")).IsProblem(403, "tenant-mismatch");
        (await olga.PostAsync("/tenants/hooli/resume")).Is(200);
        (await gavin.GetAsync($"/orders/{placed.Id}")).Is(200);
        (await olga.PostAsync("/tenants/no-such/suspend", new { reason = "r" })).IsProblem(404, "tenant-unknown");
    }

    [Fact]
    public async Task Tenants_with_the_same_ids_never_see_each_other()
    {
        var (ann, gus) = (await _client.AsAsync("acme"), await _client.AsAsync("globex"));
        // The sample registers the customer "demo" in both tenants.
        var (of, other) = (await ann.PlaceAsync("demo"), await gus.PlaceAsync("demo"));
        (await gus.GetAsync($"/orders/{of.Id}")).IsProblem(404, "order-unknown");
        (await gus.GetAsync($"/orders/{of.Id}/history")).IsProblem(404, "order-unknown");
        (await gus.PostAsync($"/orders/{of.Id}/confirm")).IsProblem(404, "order-unknown");
        var orders = await gus.GetAsync("/orders?customerId=demo", ("At-Least-Position", other.Position));
        Assert.Equal([other.Id], orders.Json["items"]!.AsArray().Select(order => (string)order!["id"]!));
        var told = await gus.GetAsync("/notifications/demo", ("At-Least-Position", other.Position));
        Assert.Equal([other.Id], told.Json["items"]!.AsArray().Select(one => (string)one!["orderId"]!));

        var next = (string?)(await ann.GetAsync("/orders?limit=1", ("At-Least-Position", of.Position))).Json["next"];
        var page = (await gus.GetAsync($"/orders?after={next}")).Is(200);
        Assert.DoesNotContain(of.Id, page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_correlation_id_comes_back_and_an_unfit_one_is_replaced()
    {
        var ann = await _client.AsAsync("acme");
        Assert.Equal("my-request", (await ann.GetAsync("/orders", ("X-Correlation-Id", "my-request"))).Headers["X-Correlation-Id"]);
        Assert.Matches("^[0-9a-f]{32}$", (await ann.GetAsync("/orders", ("X-Correlation-Id", new string('x', 500)))).Headers["X-Correlation-Id"]);
    }

    private Task<Answer> SendAsync(string path, string? token, string? tenant) => _client.SendAsync(
        HttpMethod.Get, path, null, ("Authorization", token is null ? null : $"Bearer {token}"), ("X-Tenant-Id", tenant));
}
