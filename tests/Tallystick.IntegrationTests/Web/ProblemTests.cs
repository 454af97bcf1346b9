using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tallystick.AspNetCore;
using Tallystick.AspNetCore.Problems;
using Tallystick.Storage;

namespace Tallystick.IntegrationTests.Web;

/// <summary>Failures as problem details.</summary>
public sealed class ProblemTests
{
    public static TheoryData<string, int, string> Failures => new()
    {
        { "bug", 500, "internal-error" },
        { "store", 503, "store-unavailable" },
        { "damaged", 500, "internal-error" },
        { "limit", 400, "limit-exceeded" },
        { "event", 413, "body-too-large" },
        { "bad", 400, "bad-request" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_failure_is_a_problem_that_tells_nothing_of_the_inside(string what, int status, string code)
    {
        await using var app = await StartAsync();
        var (actual, text) = await app.GetAsync($"/fail/{what}", null);
        Assert.Equal(status, actual);
        Assert.Equal(code, (string?)JsonNode.Parse(text)!["code"]);
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_its_client_gave_up_gets_no_answer_and_leaves_nothing_in_the_log()
    {
        using var aborted = new CancellationTokenSource();
        await aborted.CancelAsync();
        var context = new DefaultHttpContext { RequestAborted = aborted.Token };
        var log = new CountingLogger();
        await new ProblemMiddleware(_ => throw new OperationCanceledException(aborted.Token), new WebOptions(), log).InvokeAsync(context);
        Assert.Equal((499, 0), (context.Response.StatusCode, log.Count));
        await new ProblemMiddleware(_ => throw new OperationCanceledException(), new WebOptions(), log).InvokeAsync(new DefaultHttpContext());
        Assert.Equal(1, log.Count);
    }

    [Fact]
    public void Differences_of_json_are_found_in_members_and_lists()
    {
        Assert.Equal(["a 1>2", "b.c null>3", "d[1] \"x\">null"], Changes("""{"a":1,"b":{},"d":["w","x","y"]}""", """{"a":2,"b":{"c":3},"d":["w","y"]}"""));
        Assert.Equal(["[0] 1>2", "[1] null>3"], Changes("[1,9]", "[2,3,9]"));
        Assert.Equal([" null>{}"], Changes("null", "{}"));
        Assert.Empty(Changes("""{"a":[{"b":1.50}]}""", """{"a":[{"b":1.50}]}"""));
    }

    private static IEnumerable<string> Changes(string from, string to) =>
        JsonDifference.Between(JsonNode.Parse(from), JsonNode.Parse(to))
            .Select(change => $"{change.Path} {change.From?.ToJsonString() ?? "null"}>{change.To?.ToJsonString() ?? "null"}");

    private static Task<WebApp> StartAsync() => WebApp.StartAsync(tenancy => tenancy.FromHeader(), app =>
    {
        app.MapGet("/fail/{what}", IResult (string what) => throw (what switch
        {
            "store" => new TallystickException("secret", isTransient: true),
            "damaged" => new TallystickException("secret"),
            "limit" => new LimitExceededException(nameof(StoreLimits.TagsPerEventMax), 2, 1, "The event"),
            "event" => new LimitExceededException(nameof(StoreLimits.EventBytesMax), 2, 1, "The event"),
            "bad" => new BadHttpRequestException("bad"),
            _ => new InvalidOperationException("secret"),
        }));
    });

    private sealed class CountingLogger : ILogger<ProblemMiddleware>
    {
        public int Count { get; private set; }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Count++;
    }
}
