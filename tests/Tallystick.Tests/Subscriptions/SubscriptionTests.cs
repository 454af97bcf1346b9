using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Testing.Time;
using Tallystick.Tests.Projections;

namespace Tallystick.Tests.Subscriptions;

public sealed class SubscriptionTests
{
    [Fact]
    public async Task Events_come_in_their_order_and_once_also_after_a_restart()
    {
        await using var world = new World();
        List<long> handled = [];
        var first = await RunAsync(world, new Scripted(handled));
        await world.AppendAsync("1", new OrderPlaced("ann", 1), new LineAdded(1), new Noise(1), new LineAdded(2));
        await world.ReachesAsync(first, "scripted", LogPosition.Of(4));
        await first.StopAsync(world.Soon);
        await world.AppendAsync("1", new LineAdded(3));
        var second = await RunAsync(world, new Scripted(handled));
        await world.ReachesAsync(second, "scripted", LogPosition.Of(5));

        Assert.Equal([2, 4, 5], handled);
    }

    [Fact]
    public async Task A_failing_event_is_retried_with_growing_delays_and_then_stops_the_subscription_alone()
    {
        await using var world = new World();
        var time = new ManualTime();
        var options = new SubscriptionOptions { Time = time, RetriesMax = 3, RetryDelayFirst = TimeSpan.FromSeconds(1), RetryDelayMax = TimeSpan.FromSeconds(60) };
        List<long> handled = [];
        await world.AppendAsync("1", new OrderPlaced("ann", 1), new LineAdded(1));
        var poison = await world.AppendAsync("1", new LineAdded(666));
        var head = await world.AppendAsync("1", new LineAdded(2));
        var failing = new Scripted(handled, (e, _) => e.Amount == 666 ? throw new InvalidOperationException("Poison.") : Verdict.Completed);
        var host = world.Host([new OrderSummaries()], [failing, new Echo()], options);
        await host.StartAsync(world.Soon);

        for (var retry = 1; retry <= 3; retry++)
        {
            var status = await host.WaitForStatusAsync(World.Acme, "scripted", s => s.State == SubscriptionState.Retrying && s.Failure!.Attempts == retry, world.Soon);
            Assert.Equal(poison, status.Failure!.Position);
            var delay = await time.AdvanceToNextAsync(world.Soon);
            Assert.InRange(delay.TotalSeconds, Math.Pow(2, retry - 1) * 0.5, Math.Pow(2, retry - 1));
        }

        var stopped = await world.IsAsync(host, "scripted", SubscriptionState.Stopped);
        await world.ReachesAsync(host, "order-summaries", head);
        await world.ReachesAsync(host, "echo", head);
        Assert.Equal((poison, "order.line-added", 4), (stopped.Failure!.Position, stopped.Failure.EventType, stopped.Failure.Attempts));
        Assert.Equal((await world.LogAsync())[2].Id, stopped.Failure.EventId);
        Assert.Equal([2], handled);
        Assert.Equal(LogPosition.Of(2), await world.Store.ReadCheckpointAsync(World.Acme, "scripted", world.Soon));
    }

    [Fact]
    public async Task A_handler_may_demand_a_retry_after_a_time_of_its_own()
    {
        await using var world = new World();
        var time = new ManualTime();
        List<long> handled = [];
        List<int> attempts = [];
        var host = await RunAsync(world, new Scripted(handled, (_, context) =>
        {
            attempts.Add(context.Attempt);
            return context.Attempt == 1 ? new Verdict.Retry("Not yet.", TimeSpan.FromMinutes(10)) : Verdict.Completed;
        }), new SubscriptionOptions { Time = time });
        var head = await world.AppendAsync("1", new OrderPlaced("ann", 1), new LineAdded(1));
        await world.IsAsync(host, "scripted", SubscriptionState.Retrying);
        await time.WhenAwaitedAsync(world.Soon);
        time.Advance(TimeSpan.FromMinutes(10));
        await world.ReachesAsync(host, "scripted", head);

        Assert.Equal([1, 2], attempts);
    }

    [Fact]
    public async Task A_handler_may_stop_or_have_an_event_skipped_by_its_verdict()
    {
        await using var world = new World();
        List<long> handled = [];
        var host = await RunAsync(world, new Scripted(handled, (e, _) => e.Amount switch
        {
            1 => new Verdict.Skip("Not worth it."),
            2 => new Verdict.Stop("The printer is out of paper."),
            _ => Verdict.Completed,
        }));
        await world.AppendAsync("1", new OrderPlaced("ann", 1), new LineAdded(1), new LineAdded(3), new LineAdded(2), new LineAdded(4));
        var stopped = await world.IsAsync(host, "scripted", SubscriptionState.Stopped);
        Assert.Equal((LogPosition.Of(4), "The printer is out of paper.", 1), (stopped.Failure!.Position, stopped.Failure.Error, stopped.Failure.Attempts));
        Assert.Single(await world.LogAsync(), e => e.Type == "tallystick.event-skipped");

        await host.SkipAsync(World.Acme, "scripted", LogPosition.Of(4), "No paper to be had.", "eve", world.Soon);
        await world.ReachesAsync(host, "scripted", LogPosition.Of(7));

        Assert.Equal([3, 5], handled);
        Assert.Equal(2, (await world.LogAsync()).Count(e => e.Type == "tallystick.event-skipped"));
    }

    [Fact]
    public async Task A_commit_that_is_refused_or_of_another_tenant_is_the_handlers_failure()
    {
        await using var world = new World();
        List<long> handled = [];
        var host = await RunAsync(world, new Scripted(handled, (e, context) => new Verdict.Complete(e.Amount == 1
            ? context.BeginCommit().Append(context.At.Stream, ExpectedVersion.NoStream, context.NewEvent(new Echoed(1)))
            : Commit.For(World.Umbrella))));
        await world.AppendAsync("1", new OrderPlaced("ann", 1), new LineAdded(1), new LineAdded(2));

        var refused = await world.IsAsync(host, "scripted", SubscriptionState.Stopped);
        await host.SkipAsync(World.Acme, "scripted", LogPosition.Of(2), "r", "b", world.Soon);
        var foreign = await host.WaitForStatusAsync(World.Acme, "scripted", s => s.State == SubscriptionState.Stopped && s.Failure!.Position.Value == 3, world.Soon);

        Assert.Contains("version 3", refused.Failure!.Error, StringComparison.Ordinal);
        Assert.Contains("umbrella", foreign.Failure!.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_subscription_may_start_now_and_filter_by_tags()
    {
        await using var world = new World();
        List<long> handled = [];
        var head = await world.AppendAsync("1", new OrderPlaced("ann", 1), new LineAdded(1));
        var host = await RunAsync(world, new Scripted(handled) { Start = SubscriptionStart.Now, Demand = EventQuery.Tagged("vip") });
        await world.ReachesAsync(host, "scripted", head);
        await world.AppendAsync("1", new LineAdded(2));
        var tagged = world.Serializer.Serialize(new LineAdded(3)) with { Tags = ["vip"] };
        await world.Store.CommitAsync(Commit.For(World.Acme).Append(new StreamId("order", "1"), ExpectedVersion.Any, tagged), world.Soon);
        await world.ReachesAsync(host, "scripted", LogPosition.Of(4));

        Assert.Equal([4], handled);
    }

    [Fact]
    public async Task A_transient_failure_of_the_store_inside_a_handler_is_not_the_handlers_fault()
    {
        await using var world = new World();
        List<long> handled = [];
        var failures = 0;
        var host = await RunAsync(world, new Scripted(handled, (_, _) => ++failures <= 20 ? throw new TallystickException("Busy.", isTransient: true) : Verdict.Completed));
        var head = await world.AppendAsync("1", new OrderPlaced("ann", 1), new LineAdded(1));

        await world.ReachesAsync(host, "scripted", head);

        Assert.Equal(21, failures);
    }

    private static async Task<SubscriptionHost> RunAsync(World world, Subscription subscription, SubscriptionOptions? options = null)
    {
        var host = world.Host([], [subscription], options);
        await host.StartAsync(world.Soon);
        return host;
    }

    private sealed class Scripted : Subscription
    {
        public Scripted(List<long> handled, Func<LineAdded, SubscriptionContext, Verdict>? script = null)
            : base("scripted") => On<LineAdded>((e, context, _) =>
            {
                var verdict = script?.Invoke(e, context) ?? Verdict.Completed;
                if (verdict is Verdict.Complete)
                    handled.Add(context.At.Position.Value);
                return new(verdict);
            });

        public SubscriptionStart Start { get; init; }

        public EventQuery? Demand { get; init; }

        public override SubscriptionStart StartsAt => Start;

        public override EventQuery? Filter => Demand;
    }
}
