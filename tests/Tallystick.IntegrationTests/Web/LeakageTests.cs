using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing;
using Tallystick.Testing.Leaks;

namespace Tallystick.IntegrationTests.Web;

/// <summary>That the check finds leaks of endpoints: a sound application passes, and each with one leak fails by it.</summary>
public sealed class LeakageTests
{
    private static readonly Dictionary<string, (Action<WebApplication> Map, string Expected)> Leaky = new()
    {
        ["an endpoint that trusts the header"] = (TrustsHeader, "GET /latest naming the twin by the header X-Tenant-Id as tenant 'leakage-a' shows something of its twin 'leakage-b': the body of the answer has "),
        ["an endpoint that lets in whom the header names"] = (LetsIn,
            "GET /mode naming the twin by the header X-Tenant-Id: somebody of 'leakage-a' was let in for 'leakage-b', which the request named by the header X-Tenant-Id:\n"),
        ["an endpoint for administrators that lists everyone's data"] = (ListsEveryone, "GET /admin/jots as tenant 'leakage-b' shows something of its twin 'leakage-a': the body of the answer has "),
        ["a sum over all tenants"] = (SumsEveryone, "GET /pages as tenant 'leakage-a' is answered differently since its twin 'leakage-b' has data:\n"),
        ["no tenant that means everyone"] = (MeansEveryone, "GET /any naming no tenant as tenant 'leakage-a' shows something of its twin 'leakage-b': the body of the answer has "),
        ["a maintenance endpoint that works for all"] = (ClearsEveryone, "POST /maintenance/clear as tenant 'leakage-b' changed its twin 'leakage-a'. What is stored of the twin:\n"),
        ["a cache of answers by their path"] = (app => CachesBy(app, request => request.Path + request.QueryString), "GET /jots as tenant 'leakage-b' shows something of its twin 'leakage-a': the body of the answer has "),
        ["a cache of entity tags by their path"] = (CachesTags, "GET /tagged as tenant 'leakage-b' shows something of its twin 'leakage-a': a header of the answer has "),
        ["answers remembered by their idempotency key"] = (app => CachesBy(app, request => request.Headers["Idempotency-Key"].ToString()), "POST /jots as tenant 'leakage-b' shows something of its twin 'leakage-a': a header of the answer has "),
        ["a page token that carries the tenant"] = (CarriesTenant, "GET /all-jots with the twin's page token as tenant 'leakage-a' shows something of its twin 'leakage-b': the body of the answer has "),
        ["a header of the answer"] = (TellsInHeader, "GET /greeting as tenant 'leakage-b' shows something of its twin 'leakage-a': a header of the answer has "),
        ["an endpoint that was never answered"] = (app => app.MapGet("/locked", () => Results.StatusCode(403)),
            "Nothing is known of what never succeeded as tenant 'leakage-a'. Help by WithBody, WithValue or Generation, or excuse it by its name and a reason:\n  GET /locked: 403 to GET /locked"),
    };

    public static TheoryData<string> Leaks => [.. Leaky.Keys];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Leaks))]
    public async Task A_leak_is_found_and_named(string leak)
    {
        var (map, expected) = Leaky[leak];

        var message = (await Assert.ThrowsAsync<CheckFailedException>(() => CheckAsync(map))).Message;

        Assert.True(message.StartsWith(expected, StringComparison.Ordinal), message);
    }

    [Fact]
    public async Task A_sound_application_passes()
    {
        var report = await CheckAsync(_ => { });

        foreach (var operation in (string[])["POST /jots", "GET /jots/{id} with the twin's id", "GET /jots naming the twin by the header X-Tenant-Id", "GET /jots naming no tenant", "GET /jots with the twin's page token", "POST /jots with a key of the twin's"])
            Assert.Contains(operation, report.Operations);
    }

    [Fact]
    public async Task What_is_excused_is_reported_with_its_reason()
    {
        var report = await CheckAsync(app => app.MapGet("/locked", () => Results.StatusCode(403)), options => options.Excuse("GET /locked", "nobody may"));

        Assert.Equal(("GET /locked", "nobody may"), Assert.Single(report.Excused));
    }

    [Fact]
    public async Task An_answer_that_changes_by_itself_is_said_to()
    {
        var calls = 0;
        void Map(WebApplication app) => app.MapGet("/calls", () => $"call {Interlocked.Increment(ref calls)}");

        var message = (await Assert.ThrowsAsync<CheckFailedException>(() => CheckAsync(Map))).Message;
        await CheckAsync(Map, options => options.Varies("GET /calls", "it counts"));

        Assert.Contains("LeakageOptions.Varies(\"GET /calls\", …)", message, StringComparison.Ordinal);
    }

    private static async Task<LeakageReport> CheckAsync(Action<WebApplication> map, Func<LeakageOptions, LeakageOptions>? change = null)
    {
        IServiceProvider? services = null;
        await using var app = await WebApp.StartAsync(
            tenancy => tenancy.FromHeader(), web =>
            {
                services = web.Services;
                map(web);
                Jots.Map(web);
            },
            Jots.Add);
        var options = new LeakageOptions { Services = services!, Client = app.ClientOf, Seed = 7 };
        return await Leakage.CheckAsync(change?.Invoke(options) ?? options, Token);
    }

    private static void TrustsHeader(WebApplication app) => app.MapGet("/latest", async (HttpRequest request, Tenants tenants, CancellationToken cancellationToken) =>
        TenantId.TryParse(request.Headers["X-Tenant-Id"], out var id) && await tenants.FindAsync(id, cancellationToken) is TenantLookup.Found found
            ? Results.Ok(await Jots.PageAsync(found.Tenant, null, cancellationToken)) : Results.NotFound());

    private static void LetsIn(WebApplication app) => app.MapGet("/mode", ([FromHeader(Name = "X-Tenant-Id")] string tenant) => tenant.Length > 0 ? "on" : "off");

    private static void ListsEveryone(WebApplication app) => app.MapGet("/admin/jots", async (Tenants tenants, CancellationToken cancellationToken) =>
        await OfEveryoneAsync(tenants, cancellationToken));

    private static void SumsEveryone(WebApplication app) => app.MapGet("/pages", async (Tenants tenants, Tenant tenant, CancellationToken cancellationToken) =>
    {
        var sum = 0;
        foreach (var listing in (await tenants.ListAsync(LogPosition.Start, 100, cancellationToken)).Items)
        {
            var page = await (await tenants.GetAsync(listing.Id, cancellationToken)).ReadModels<JotLine>().Query().PageAsync(default, cancellationToken);
            sum += page.Items.Sum(item => item.Value!.Pages) % 1000;
        }

        return sum;
    });

    private static void MeansEveryone(WebApplication app) => app.MapGet("/any", async (HttpRequest request, Tenants tenants, CancellationToken cancellationToken) =>
        request.Headers.ContainsKey("X-Tenant-Id") ? [] : await OfEveryoneAsync(tenants, cancellationToken));

    private static void ClearsEveryone(WebApplication app) => app.MapPost("/maintenance/clear", async (Tenants tenants, Tenant tenant, CancellationToken cancellationToken) =>
    {
        foreach (var listing in (await tenants.ListAsync(LogPosition.Start, 100, cancellationToken)).Items)
        {
            var other = await tenants.GetAsync(listing.Id, cancellationToken);
            await other.CommitAsync(other.BeginCommit().Change(new DocumentChange.Delete(new CollectionId("jots", 1), "1")), cancellationToken);
        }

        return Results.NoContent();
    });

    /// <summary>Remembers what was answered with success, under something of the request.</summary>
    private static void CachesBy(WebApplication app, Func<HttpRequest, string> keyOf)
    {
        var cache = new ConcurrentDictionary<string, (int Status, string? Type, string? Location, byte[] Body)>();
        app.Use(async (context, next) =>
        {
            var key = keyOf(context.Request);
            if (key.Length == 0 || key.StartsWith("/openapi", StringComparison.Ordinal) || context.Request.Method != (key[0] == '/' ? "GET" : "POST"))
            {
                await next();
                return;
            }

            if (!cache.TryGetValue(key, out var answer))
            {
                var body = context.Response.Body;
                using var buffer = new MemoryStream();
                context.Response.Body = buffer;
                await next();
                context.Response.Body = body;
                answer = (context.Response.StatusCode, context.Response.ContentType, context.Response.Headers.Location, buffer.ToArray());
                if (answer.Status < 300)
                    cache.TryAdd(key, answer);
            }

            (context.Response.StatusCode, context.Response.ContentType, context.Response.Headers.Location) = (answer.Status, answer.Type, answer.Location);
            await context.Response.Body.WriteAsync(answer.Body, context.RequestAborted);
        });
    }

    private static void CachesTags(WebApplication app)
    {
        var tags = new ConcurrentDictionary<string, string>();
        app.MapGet("/tagged", async (HttpResponse response, Tenant tenant, CancellationToken cancellationToken) =>
        {
            var page = await Jots.PageAsync(tenant, null, cancellationToken);
            response.Headers.ETag = tags.AddOrUpdate("/tagged", _ => TagOf(page), (_, tag) => page.Texts.Count > 0 && tag == TagOf(new JotPage([], null)) ? TagOf(page) : tag);
            return page;
        });

        static string TagOf(JotPage page) => $"\"{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(page.Texts))))}\"";
    }

    private static void CarriesTenant(WebApplication app) => app.MapGet("/all-jots", async (string? after, Tenants tenants, Tenant tenant, CancellationToken cancellationToken) =>
    {
        var (whose, from) = after is null ? (tenant.Id.Value, null) : (after.Split('|')[0], after.Split('|')[1]);
        var page = await Jots.PageAsync(await tenants.GetAsync(TenantId.Parse(whose), cancellationToken), from, cancellationToken);
        return page with { Next = page.Next is null ? null : $"{whose}|{page.Next}" };
    });

    private static void TellsInHeader(WebApplication app)
    {
        var last = "nothing";
        app.MapGet("/greeting", async (HttpResponse response, Tenant tenant, CancellationToken cancellationToken) =>
        {
            response.Headers["X-Last"] = last;
            last = (await Jots.PageAsync(tenant, null, cancellationToken)).Texts is [var text, ..] ? text : last;
            return "hello";
        });
    }

    private static async Task<List<string>> OfEveryoneAsync(Tenants tenants, CancellationToken cancellationToken)
    {
        var all = new List<string>();
        foreach (var listing in (await tenants.ListAsync(LogPosition.Start, 100, cancellationToken)).Items)
            all.AddRange((await Jots.PageAsync(await tenants.GetAsync(listing.Id, cancellationToken), null, cancellationToken)).Texts);
        return all;
    }
}
