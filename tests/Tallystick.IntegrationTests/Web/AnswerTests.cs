using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Tallystick.AspNetCore;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.IntegrationTests.Web;

/// <summary>Results of commands as answers, and what endpoints are given.</summary>
public sealed class AnswerTests
{
    private const string Ann = "sub=ann;tenant=acme";
    private static readonly StreamId Order = new("order", "1");
    private static readonly (string, string) Acme = ("X-Tenant-Id", "acme");

    [Theory]
    [InlineData("conflict", 409, "version-conflict", null)]
    [InlineData("conflict", 412, "version-mismatch", "\"1\"")]
    [InlineData("condition", 409, "version-conflict", "\"1\"")]
    [InlineData("other-stream", 409, "version-conflict", "\"1\"")]
    [InlineData("rejected", 422, "too-late", null)]
    [InlineData("mapped", 404, "order-unknown", null)]
    [InlineData("forbidden", 403, "forbidden", null)]
    [InlineData("reused", 422, "idempotency-key-reused", null)]
    [InlineData("invalid", 400, "invalid", null)]
    public async Task A_result_is_answered_by_its_kind(string kind, int status, string code, string? ifMatch)
    {
        await using var app = await StartAsync();
        (string, string)[] headers = ifMatch is null ? [] : [("If-Match", ifMatch)];
        var answer = await app.GetAsync($"/result/{kind}", null, headers);
        Assert.Equal((status, code), (answer.Status, (string?)JsonNode.Parse(answer.Text)!["code"]));
    }

    [Fact]
    public async Task A_read_is_given_the_deadline_that_was_configured()
    {
        await using var app = await StartAsync(options => options with { ReadDeadline = TimeSpan.FromSeconds(2) });
        Assert.Equal((200, "7 00:00:02"), await app.GetAsync("/freshness", Ann, Acme, ("At-Least-Position", "7")));
        Assert.Equal((200, "0 00:00:05"), await app.GetAsync("/freshness", Ann, Acme));
    }

    [Fact]
    public async Task A_commands_events_carry_the_user_the_correlation_and_the_trace()
    {
        // Without anyone who listens there are no spans.
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
        };
        ActivitySource.AddActivityListener(listener);
        await using var app = await StartAsync();
        var (_, text) = await app.GetAsync("/metadata", Ann, Acme, ("X-Correlation-Id", "c-1"), ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        Assert.StartsWith("ann c-1 00-0af7651916cd43dd8448eb211c80319c-", text, StringComparison.Ordinal);
        Assert.StartsWith("ann 0af7651916cd43dd8448eb211c80319c ", (await app.GetAsync(
            "/metadata", Ann, Acme, ("X-Correlation-Id", "not fit"), ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_application_is_ready_as_long_as_its_store_answers()
    {
        await using var app = await StartAsync();
        Assert.Equal(200, (await app.GetAsync("/health/ready", null)).Status);
        await app.GetAsync("/break-the-store", null);
        Assert.Equal(503, (await app.GetAsync("/health/ready", null)).Status);
        Assert.Equal(200, (await app.GetAsync("/health/live", null)).Status);
    }

    private static CommandResult Make(string kind) => kind switch
    {
        "conflict" => new CommandResult.Conflict(Order, ExpectedVersion.Exactly(1), StreamVersion.Of(2)),
        "condition" => new CommandResult.Conflict(Order, ExpectedVersion.Exactly(1), StreamVersion.Of(1))
        {
            Reason = new Refusal.QueryMatched(EventQuery.Tagged("a:b"), LogPosition.Start, LogPosition.Of(1)),
        },
        "other-stream" => new CommandResult.Conflict(Order, ExpectedVersion.Exactly(1), StreamVersion.Of(1))
        {
            Reason = new Refusal.WrongVersion(new StreamId("user", "1"), ExpectedVersion.NoStream, StreamVersion.Of(1)),
        },
        "rejected" => new CommandResult.Rejected(new Rejection("too-late", "It is too late.")),
        "mapped" => new CommandResult.Rejected(new Rejection("order-unknown", "There is no such order.")),
        "forbidden" => new CommandResult.Forbidden("only-adults"),
        "reused" => new CommandResult.KeyReused("k"),
        _ => new CommandResult.Invalid([new ValidationFailure("a", "b")]),
    };

    private static Task<WebApp> StartAsync(Func<WebOptions, WebOptions>? change = null) => WebApp.StartAsync(tenancy => tenancy.FromHeader(), app =>
    {
        app.MapTallystickHealth();
        app.MapGet("/result/{kind}", (string kind) => Make(kind).ToHttp());
        app.MapGet("/freshness", (Tenant _, ReadFreshness freshness) => string.Create(CultureInfo.InvariantCulture, $"{freshness.Position} {freshness.Deadline}"));
        app.MapGet("/metadata", (Tenant tenant) => $"{tenant.Metadata.UserId} {tenant.Metadata.CorrelationId} {tenant.Metadata.TraceParent}");
        app.MapGet("/break-the-store", async (IStore store) => await store.DisposeAsync());
    }, change: options => (change is null ? options : change(options)).Reject("order-unknown", 404));
}
