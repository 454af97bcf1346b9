using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Sample.Authentication;
using Tallystick.Storage;
using Tallystick.Testing;
using Tallystick.Testing.Specifications;
using static Tallystick.Testing.Specifications.ApiRequest;

namespace Sample.Tests;

/// <summary>The application as its clients see it, on a test server and a store in memory.</summary>
public sealed class OrdersApiTests : IAsyncLifetime
{
    private static readonly string[] Settings =
        ["--Tokens:Key", "a key for tests alone, of 32 bytes or more", "--Tokens:Issuer", "tests", "--Tokens:Audience", "tests", "--Logging:LogLevel:Default", "Warning"];

    private readonly WebApplication _app = OrdersApplication.Build(Settings, builder =>
    {
        builder.WebHost.UseTestServer();
        builder.Services.Replace(ServiceDescriptor.Singleton<IStore>(new InMemoryStore()));
    });

    public async ValueTask InitializeAsync() => await _app.StartAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private string Token(string user, string tenant) => _app.Services.GetRequiredService<AccessTokens>().Make(user, Roles.Customer, tenant).Token;

    /// <summary>Requests of a user of the tenant acme, in which Ann is registered as the user {ann}.</summary>
    private ApiSpecification Acme() => Specification.ForApi(_app.GetTestClient())
        .As(Token("ann", "acme")).With("X-Tenant-Id", "acme")
        .Given(Post("/users", new { name = "Ann", email = "ann@example.com" }))
        .ThenHeader("Location", "/users/{ann}");

    private static object Order(string customer) => new { customerId = customer, currency = "EUR", lines = new[] { new { sku = "tea", quantity = 2, unitPrice = 12.50m } } };

    [Fact]
    public Task An_order_can_be_placed_confirmed_and_read() => Acme()
        .When(Post("/orders", Order("{ann}"))).Then(201)
        .ThenHeader("Location", "/orders/{order}")
        .ThenJson(new { id = "{order}", version = 1 })
        .When(Post("/orders/{order}/confirm")).Then(200)
        .ThenJson("""{ "version": 2, "position": "{confirmed}" }""")
        .When(Get("/orders/{order}").With("At-Least-Position", "{confirmed}")).Then(200)
        .ThenHeader("ETag", "\"2\"")
        .ThenJson(new { customerId = "{ann}", status = "confirmed", total = 25.00m, lines = new[] { new { sku = "tea" } } })
        .RunAsync(TestContext.Current.CancellationToken);

    [Fact]
    public Task A_rule_that_refuses_is_a_problem_with_its_code() => Acme()
        .Given(Post("/orders", new { customerId = "{ann}", currency = "EUR", lines = Array.Empty<object>() }))
        .ThenHeader("Location", "/orders/{order}")
        .When(Post("/orders/{order}/confirm"))
        .Then(422).ThenProblem("order-empty")
        .RunAsync(TestContext.Current.CancellationToken);

    [Fact]
    public Task A_malformed_order_is_told_every_fault() => Acme()
        .When(Post("/orders", new { customerId = "{ann}", currency = "euro", lines = new[] { new { sku = "", quantity = 1, unitPrice = 1.00m } } }))
        .Then(400).ThenProblem("invalid")
        .ThenJson("""{ "errors": { "currency": ["{currency}"], "lines[0].sku": ["{sku}"] } }""")
        .RunAsync(TestContext.Current.CancellationToken);

    [Fact]
    public Task A_token_of_one_tenant_opens_no_other() => Acme()
        .With("X-Tenant-Id", "globex")
        .When(Get("/orders")).Then(403)
        .RunAsync(TestContext.Current.CancellationToken);

    [Fact]
    public Task Who_places_an_order_finds_a_notification() => Acme()
        .When(Post("/orders", Order("{ann}"))).Then(201)
        .ThenJson("""{ "position": "{placed}" }""")
        .When(Get("/notifications/{ann}").With("At-Least-Position", "{placed}")).Then(200)
        .ThenJson("""{ "items": [{ "text": "Your order has been placed." }] }""")
        .RunAsync(TestContext.Current.CancellationToken);
}
