using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.AspNetCore;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.IntegrationTests.Web;

/// <summary>An operator acts as a tenant: explicitly, if a policy allows it, and never without a trace.</summary>
public sealed class ActAsTests
{
    private const string Olga = "sub=olga;role=operator";
    private const string Ann = "sub=ann;tenant=acme";

    private static readonly TenantId Acme = TenantId.Parse("acme");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_operator_acts_as_a_tenant_and_its_log_tells_who_why_and_with_which_request()
    {
        await using var app = await StartAsync();
        var answer = await app.GetAsync("/who", Olga, [.. As("acme", "ticket 42"), ("X-Correlation-Id", "request-1")]);
        Assert.Equal((200, "acme olga"), answer);
        var recorded = Assert.Single(await LogAsync(app, Acme));
        Assert.Equal(("tallystick.acted-as", "tallystick.audit-act-as", "olga"), (recorded.Type, recorded.Stream.ToString(), recorded.Metadata.UserId));
        var acted = JsonSerializer.Deserialize<ActedAs>(recorded.Payload.Span, JsonSerializerOptions.Web);
        Assert.Equal(new ActedAs("olga", "ticket 42", "request-1", "GET", "/who"), acted);
        Assert.Empty(await LogAsync(app, TenantId.Parse("globex")));
    }

    [Fact]
    public async Task What_is_recorded_comes_before_the_request_and_without_it_nothing_is_done()
    {
        await using var app = await StartAsync();
        await app.Get<Tenants>().ExecuteAsync(Acme, new TenantCommand.SetLimits(new TenantLimits(StoredBytes: 0)), null, Token);
        AssertProblem(507, "storage-full", await app.GetAsync("/who", Olga, As("acme", "x")));
        await app.Get<Tenants>().ExecuteAsync(Acme, new TenantCommand.SetLimits(TenantLimits.None), null, Token);
        var before = await app.GetAsync("/count", Olga, As("acme", "x"));
        Assert.Equal((200, "1"), before);
    }

    [Fact]
    public async Task Nobody_acts_as_a_tenant_whom_the_policy_does_not_allow()
    {
        await using var app = await StartAsync();
        var (known, unknown) = (await app.GetAsync("/who", Ann, As("globex", "x")), await app.GetAsync("/who", Ann, As("nowhere", "x")));
        AssertProblem(403, "act-as-forbidden", known);
        Assert.Equal(known.Text.Split("traceId")[0], unknown.Text.Split("traceId")[0]);
        Assert.Equal(401, (await app.GetAsync("/who", null, As("acme", "x"))).Status);
        Assert.Empty(await LogAsync(app, TenantId.Parse("globex")));
    }

    [Fact]
    public async Task A_policy_may_look_at_the_tenant_and_the_reason()
    {
        await using var app = await StartAsync(policy => policy.RequireAssertion(context => context.Resource is ActAsRequest { Reason: "fire" } asked && asked.Tenant == Acme));
        Assert.Equal((200, "acme olga"), await app.GetAsync("/who", Olga, As("acme", "fire")));
        AssertProblem(403, "act-as-forbidden", await app.GetAsync("/who", Olga, As("acme", "boredom")));
        AssertProblem(403, "act-as-forbidden", await app.GetAsync("/who", Olga, As("globex", "fire")));
    }

    [Fact]
    public async Task Without_a_policy_nobody_acts_as_any_tenant()
    {
        await using var app = await WebApp.StartAsync(_ => { }, Map);
        AssertProblem(403, "act-as-forbidden", await app.GetAsync("/who", Olga, As("acme", "x")));
        AssertProblem(403, "act-as-forbidden", await app.GetAsync("/who", "sub=eve;tenant=acme", [.. As("acme", "x"), ("X-Tenant-Id", "acme")]));
    }

    [Fact]
    public async Task A_request_that_is_not_explicit_is_refused()
    {
        await using var app = await StartAsync();
        AssertProblem(400, "act-as-reason-missing", await app.GetAsync("/who", Olga, ("Tallystick-Act-As", "acme")));
        AssertProblem(400, "act-as-reason-missing", await app.GetAsync("/who", Olga, As("acme", " ")));
        AssertProblem(400, "act-as-reason-missing", await app.GetAsync("/who", Olga, As("acme", new string('x', 501))));
        AssertProblem(400, "tenant-invalid", await app.GetAsync("/who", Olga, As("$platform", "x")));
        AssertProblem(400, "tenant-ambiguous", await app.GetAsync("/who", Olga, [.. As("acme", "x"), ("X-Tenant-Id", "globex")]));
        AssertProblem(404, "tenant-unknown", await app.GetAsync("/who", Olga, As("nowhere", "x")));
        AssertProblem(403, "tenant-mismatch", await app.GetAsync("/who", Olga, ("X-Tenant-Id", "acme")));
        Assert.Empty(await LogAsync(app, Acme));
    }

    [Fact]
    public async Task A_tenant_over_its_limits_is_answered_with_what_they_are_and_when_to_come_again()
    {
        await using var app = await WebApp.StartAsync(_ => { }, Map);
        await app.Get<Tenants>().ExecuteAsync(Acme, new TenantCommand.SetLimits(new TenantLimits(CommandsPerSecond: 0.001)), null, Token);
        using var response = await SendAsync(app);
        using var again = await SendAsync(app);
        Assert.Equal((429, 1), ((int)again.StatusCode, again.Headers.RetryAfter is null ? 0 : 1));
        Assert.InRange(again.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(900), TimeSpan.FromSeconds(1001));
        AssertProblem(429, "too-many-commands", (429, await again.Content.ReadAsStringAsync(Token)));
    }

    [Fact]
    public async Task A_deleted_tenant_is_refused_with_what_can_be_done()
    {
        await using var app = await WebApp.StartAsync(_ => { }, Map);
        await app.Get<Tenants>().DeleteAsync(Acme, "left", null, null, Token);
        AssertProblem(403, "tenant-deleted", await app.GetAsync("/who", Ann, ("X-Tenant-Id", "acme")));
    }

    private static async Task<HttpResponseMessage> SendAsync(WebApp app)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/rename");
        request.Headers.Add("X-User", Ann);
        request.Headers.Add("X-Tenant-Id", "acme");
        return await app.Client.SendAsync(request, Token);
    }

    private static Task<WebApp> StartAsync(Action<Microsoft.AspNetCore.Authorization.AuthorizationPolicyBuilder>? policy = null) => WebApp.StartAsync(
        tenancy => tenancy.FromHeader().FromClaim().AllowActAs("operators"), Map,
        tally => tally.Services.AddAuthorizationBuilder().AddPolicy("operators", policy ?? (one => one.RequireClaim("role", "operator"))));

    private static void Map(WebApplication app)
    {
        app.MapGet("/who", (Tenant tenant) => $"{tenant.Id} {tenant.Metadata.UserId}");
        app.MapGet("/count", async (Tenant tenant, IStore store) => $"{(await store.ReadHeadAsync(tenant.Id, default)).Position}");
        // Any command will do; the catalog's decider is always there.
        app.MapGet("/rename", async (Tenant tenant) => (await tenant.ExecuteAsync(new StreamId(TenantDecider.StreamCategory, "x"), new TenantCommand.Create("x"), default)).ToHttp());
    }

    private static (string Name, string Value)[] As(string tenant, string reason) => [("Tallystick-Act-As", tenant), ("Tallystick-Act-As-Reason", reason)];

    private static async Task<IReadOnlyList<RecordedEvent>> LogAsync(WebApp app, TenantId tenant) =>
        (await app.Get<IStore>().ReadLogAsync(tenant, new LogRead(LogPosition.Start, 100), Token)).Events;

    private static void AssertProblem(int status, string code, (int Status, string Text) answer)
    {
        Assert.True(status == answer.Status, $"{answer.Status}: {answer.Text}");
        Assert.Contains($"\"code\":\"{code}\"", answer.Text, StringComparison.Ordinal);
    }
}
