using Tallystick.Pipeline;

namespace Tallystick.Tests.Pipeline;

public sealed class PipelineTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Steps_run_from_the_first_to_the_handler_and_back()
    {
        var pipeline = new PipelineBuilder<List<string>, int>()
            .Use("one", new Tracing("one"))
            .Use("two", new Tracing("two"))
            .Build(Handler);
        var trace = new List<string>();

        Assert.Equal(1, await pipeline.InvokeAsync(trace, Token));
        Assert.Equal(["one in", "two in", "handler", "two out", "one out"], trace);
        Assert.Equal(["one", "two"], pipeline.Steps);
    }

    [Fact]
    public async Task A_pipeline_without_steps_is_its_handler() =>
        Assert.Equal(1, await new PipelineBuilder<List<string>, int>().Build(Handler).InvokeAsync([], Token));

    [Fact]
    public async Task A_step_can_answer_without_the_rest()
    {
        var pipeline = new PipelineBuilder<List<string>, int>().Use("stop", (_, _, _) => new(42)).Use("never", new Tracing("never")).Build(Handler);
        var trace = new List<string>();

        Assert.Equal(42, await pipeline.InvokeAsync(trace, Token));
        Assert.Empty(trace);
    }

    [Fact]
    public async Task A_step_that_calls_next_three_times_runs_all_of_the_rest_three_times()
    {
        var pipeline = new PipelineBuilder<List<string>, int>()
            .Use("again", async (request, next, ct) => await next(request, ct) + await next(request, ct) + await next(request, ct))
            .Use("inner", new Tracing("inner"))
            .Build(Handler);
        var trace = new List<string>();

        Assert.Equal(3, await pipeline.InvokeAsync(trace, Token));
        Assert.Equal(Enumerable.Repeat(new[] { "inner in", "handler", "inner out" }, 3).SelectMany(x => x), trace);
    }

    [Fact]
    public async Task Retries_of_concurrent_requests_do_not_disturb_each_other()
    {
        var gates = new[] { new TaskCompletionSource(), new TaskCompletionSource() };
        var pipeline = new PipelineBuilder<(int Id, List<string> Trace), int>()
            .Use("twice", async (request, next, ct) =>
            {
                await next(request, ct);
                await gates[request.Id].Task;
                return await next(request, ct);
            })
            .Use("inner", (request, next, ct) =>
            {
                request.Trace.Add("inner");
                return next(request, ct);
            })
            .Build((request, _) =>
            {
                request.Trace.Add("handler");
                return new(request.Id);
            });
        List<string> first = [], second = [];
        var one = pipeline.InvokeAsync((0, first), Token).AsTask();
        var two = pipeline.InvokeAsync((1, second), Token).AsTask();
        gates[1].SetResult();
        gates[0].SetResult();

        var answers = await Task.WhenAll(one, two);
        Assert.Equal([0, 1], answers);
        Assert.Equal(["inner", "handler", "inner", "handler"], first);
        Assert.Equal(first, second);
    }

    [Fact]
    public void Steps_are_placed_before_and_after_named_ones_replaced_and_removed()
    {
        var builder = new PipelineBuilder<List<string>, int>().Use("a", new Tracing("a")).Use("b", new Tracing("b"));
        builder.UseBefore("a", "before-a", new Tracing("x")).UseAfter("a", "after-a", new Tracing("x")).UseAfter("b", "last", new Tracing("x"));
        Assert.Equal(["before-a", "a", "after-a", "b", "last"], builder.Steps);

        builder.Remove("b").Replace("a", new Tracing("new a"));
        Assert.Equal(["before-a", "a", "after-a", "last"], builder.Steps);

        builder.UseBefore("last", "f", (request, next, ct) => next(request, ct)).UseAfter("last", "g", (request, next, ct) => next(request, ct));
        Assert.Equal(["before-a", "a", "after-a", "f", "last", "g"], builder.Steps);
    }

    [Fact]
    public async Task A_replaced_step_is_no_longer_called()
    {
        var pipeline = new PipelineBuilder<List<string>, int>().Use("a", new Tracing("old")).Replace("a", new Tracing("new")).Build(Handler);
        var trace = new List<string>();
        await pipeline.InvokeAsync(trace, Token);
        Assert.Equal(["new in", "handler", "new out"], trace);
    }

    [Fact]
    public void A_pipeline_does_not_change_with_its_builder()
    {
        var builder = new PipelineBuilder<List<string>, int>().Use("a", new Tracing("a"));
        var pipeline = builder.Build(Handler);
        builder.Use("b", new Tracing("b"));
        Assert.Equal(["a"], pipeline.Steps);
    }

    [Fact]
    public void An_unknown_name_is_answered_with_those_that_exist()
    {
        var builder = new PipelineBuilder<List<string>, int>().Use("alpha", new Tracing("a")).Use("beta", new Tracing("b"));
        Action[] wrong =
        [
            () => builder.UseBefore("gamma", "x", new Tracing("x")),
            () => builder.UseAfter("gamma", "x", new Tracing("x")),
            () => builder.Replace("gamma", new Tracing("x")),
            () => builder.Remove("gamma"),
        ];
        foreach (var action in wrong)
        {
            var message = Assert.Throws<ArgumentException>(action).Message;
            Assert.Contains("'gamma'", message, StringComparison.Ordinal);
            Assert.Contains("'alpha', 'beta'", message, StringComparison.Ordinal);
        }

        Assert.Contains("none", Assert.Throws<ArgumentException>(
            () => new PipelineBuilder<int, int>().Remove("x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_can_not_be_used_twice()
    {
        var builder = new PipelineBuilder<List<string>, int>().Use("alpha", new Tracing("a"));
        var message = Assert.Throws<ArgumentException>(() => builder.UseAfter("alpha", "alpha", new Tracing("b"))).Message;
        Assert.Contains("already has a step 'alpha'", message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => builder.Use(" ", new Tracing("b")));
    }

    [Fact]
    public void Passing_through_steps_allocates_nothing()
    {
        var pipeline = new PipelineBuilder<object, int>().Use("one", new PassThrough()).Use("two", new PassThrough()).Build((_, _) => new(1));
        var request = new object();
        var sum = Run(pipeline, request, 100);

        var before = GC.GetAllocatedBytesForCurrentThread();
        sum += Run(pipeline, request, 1000);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
        Assert.Equal(1100, sum);
    }

    private static int Run(Pipeline<object, int> pipeline, object request, int count)
    {
        var sum = 0;
        for (var i = 0; i < count; i++)
        {
            var answer = pipeline.InvokeAsync(request, CancellationToken.None);
            sum += answer.IsCompletedSuccessfully ? answer.GetAwaiter().GetResult() : 0;
        }

        return sum;
    }

    private static ValueTask<int> Handler(List<string> trace, CancellationToken cancellationToken)
    {
        trace.Add("handler");
        return new(1);
    }

    private sealed class Tracing(string name) : IPipelineStep<List<string>, int>
    {
        public async ValueTask<int> InvokeAsync(List<string> request, PipelineNext<List<string>, int> next, CancellationToken cancellationToken)
        {
            request.Add($"{name} in");
            var answer = await next(request, cancellationToken);
            request.Add($"{name} out");
            return answer;
        }
    }

    private sealed class PassThrough : IPipelineStep<object, int>
    {
        public ValueTask<int> InvokeAsync(object request, PipelineNext<object, int> next, CancellationToken cancellationToken) =>
            next(request, cancellationToken);
    }
}
