using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.AspNetCore;
using Tallystick.Tenancy;

namespace Tallystick.IntegrationTests.Web;

/// <summary>Where a request may name its tenant, and in which order that counts.</summary>
public sealed class TenantSourceTests
{
    private const string Ann = "sub=ann;tenant=acme";
    private const string Both = "sub=eve;tenant=acme;tenant=globex";

    [Fact]
    public async Task The_header_names_the_tenant_by_default()
    {
        await using var app = await StartAsync(_ => { });
        Assert.Equal((200, "acme ann"), await app.GetAsync("/who", Ann, ("X-Tenant-Id", "acme")));
        AssertProblem(400, "tenant-missing", await app.GetAsync("/who", Ann));
    }

    [Fact]
    public async Task The_host_name_names_the_tenant()
    {
        await using var app = await StartAsync(tenancy => tenancy.FromHost("{tenant}.shop.example"));
        Assert.Equal((200, "acme ann"), await app.GetAsync("http://acme.shop.example/who", Ann));
        Assert.Equal((200, "acme ann"), await app.GetAsync("http://ACME.Shop.Example:8080/who", Ann));
        AssertProblem(403, "tenant-mismatch", await app.GetAsync("http://globex.shop.example/who", Ann));
        foreach (var host in (string[])["shop.example", "a.acme.shop.example", "acme.shop.example.evil.example", "acmeshop.example"])
            AssertProblem(400, "tenant-missing", await app.GetAsync($"http://{host}/who", Ann));
    }

    [Fact]
    public async Task The_path_names_the_tenant()
    {
        await using var app = await StartAsync(tenancy => tenancy.FromPath());
        Assert.Equal((200, "acme ann"), await app.GetAsync("/t/acme/who", Ann));
        AssertProblem(403, "tenant-mismatch", await app.GetAsync("/t/globex/who", Ann));
        AssertProblem(400, "tenant-invalid", await app.GetAsync("/t/$platform/who", Ann));
        AssertProblem(400, "tenant-missing", await app.GetAsync("/who", Ann, ("X-Tenant-Id", "acme")));
    }

    [Fact]
    public async Task The_token_names_the_tenant_of_those_who_belong_to_one()
    {
        await using var app = await StartAsync(tenancy => tenancy.FromClaim());
        Assert.Equal((200, "acme ann"), await app.GetAsync("/who", Ann));
        AssertProblem(400, "tenant-missing", await app.GetAsync("/who", Both));
        AssertProblem(400, "tenant-missing", await app.GetAsync("/who", "sub=bob"));
    }

    [Theory]
    [InlineData(true, "globex eve")]
    [InlineData(false, "acme eve")]
    public async Task The_first_source_that_names_a_tenant_decides(bool isHeaderFirst, string expected)
    {
        await using var app = await StartAsync(tenancy => _ = isHeaderFirst
            ? tenancy.FromHeader().FromHost("{tenant}.shop.example").FromClaim()
            : tenancy.FromHost("{tenant}.shop.example").FromHeader().FromClaim());
        Assert.Equal((200, expected), await app.GetAsync("http://acme.shop.example/who", Both, ("X-Tenant-Id", "globex")));
        Assert.Equal((200, "globex eve"), await app.GetAsync("/who", Both, ("X-Tenant-Id", "globex")));
        Assert.Equal((200, "acme eve"), await app.GetAsync("http://acme.shop.example/who", Both));
        Assert.Equal((200, "acme ann"), await app.GetAsync("/who", Ann));
    }

    [Fact]
    public async Task The_token_is_verified_by_the_claim_that_was_named()
    {
        await using var app = await StartAsync(tenancy => tenancy.FromHeader("Org").VerifiedByClaim("org"));
        Assert.Equal((200, "acme ann"), await app.GetAsync("/who", "sub=ann;org=acme", ("Org", "acme")));
        AssertProblem(403, "tenant-mismatch", await app.GetAsync("/who", Ann, ("Org", "acme")));
    }

    [Fact]
    public async Task Nothing_is_told_about_a_tenant_for_which_the_token_is_not()
    {
        await using var app = await StartAsync(_ => { });
        var (known, unknown) = (await app.GetAsync("/who", Ann, ("X-Tenant-Id", "globex")), await app.GetAsync("/who", Ann, ("X-Tenant-Id", "nowhere")));
        AssertProblem(403, "tenant-mismatch", known);
        Assert.Equal(known.Text.Split("traceId")[0], unknown.Text.Split("traceId")[0]);
        Assert.Equal((await app.GetAsync("/who", null, ("X-Tenant-Id", "globex"))).Status, (await app.GetAsync("/who", null)).Status);
        AssertProblem(401, "unauthorized", await app.GetAsync("/who", null, ("X-Tenant-Id", "nowhere")));
        AssertProblem(404, "tenant-unknown", await app.GetAsync("/who", "sub=x;tenant=nowhere", ("X-Tenant-Id", "nowhere")));
    }

    [Fact]
    public async Task The_installations_own_log_can_not_be_reached_even_with_a_claim_for_it()
    {
        await using var app = await StartAsync(tenancy => tenancy.FromHeader().FromClaim());
        AssertProblem(400, "tenant-invalid", await app.GetAsync("/who", "sub=x;tenant=$platform", ("X-Tenant-Id", "$platform")));
        AssertProblem(400, "tenant-invalid", await app.GetAsync("/who", "sub=x;tenant=$platform"));
    }

    [Fact]
    public async Task Where_no_tenant_is_asked_for_there_is_none()
    {
        await using var app = await StartAsync(_ => { });
        Assert.Equal((200, "open"), await app.GetAsync("/open", null));
        var (status, text) = await app.GetAsync("/smuggled", Ann, ("X-Tenant-Id", "acme"));
        Assert.Equal(500, status);
        Assert.DoesNotContain("RequireTenant", text, StringComparison.Ordinal);
        Assert.Equal((200, "acme ann"), await app.GetAsync("/marked", Ann, ("X-Tenant-Id", "acme")));
    }

    [Theory]
    [InlineData("{tenant}")]
    [InlineData("shop.example")]
    [InlineData("{tenant}.{tenant}.example")]
    public async Task A_host_pattern_that_can_not_name_a_tenant_is_refused_at_once(string pattern) =>
        await Assert.ThrowsAsync<ArgumentException>(() => StartAsync(tenancy => tenancy.FromHost(pattern)));

    private static Task<WebApp> StartAsync(Action<TenancyBuilder> tenancy) => WebApp.StartAsync(tenancy, app =>
    {
        app.MapGet("/who", (Tenant tenant) => $"{tenant.Id} {tenant.Metadata.UserId}");
        app.MapGet("/t/{tenant}/who", (Tenant bound) => $"{bound.Id} {bound.Metadata.UserId}");
        app.MapGet("/open", () => "open");
        app.MapGet("/smuggled", (HttpContext context) => context.RequestServices.GetRequiredService<Tenant>().Id.ToString());
        app.MapGet("/marked", (HttpContext context) => Describe(context.RequestServices.GetRequiredService<Tenant>())).RequireTenant();
    });

    private static string Describe(Tenant tenant) => $"{tenant.Id} {tenant.Metadata.UserId}";

    private static void AssertProblem(int status, string code, (int Status, string Text) answer)
    {
        Assert.Equal(status, answer.Status);
        Assert.Contains($"\"code\":\"{code}\"", answer.Text, StringComparison.Ordinal);
    }
}
