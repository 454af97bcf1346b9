using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Testing.Stores;
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

    [Fact]
    public async Task An_event_is_not_given_up_when_another_process_is_past_it_already()
    {
        await using var world = new World();
        var head = await world.AppendAsync("1", new LineAdded(1));
        List<long> handled = [];
        var store = new FaultyStore(world.Store);
        // In the moment in which it wants to record that it stops, another host does what failed here.
        var overtaken = store.Inject(StoreFault.Meanwhile(async _ => await world.ReachesAsync(await RunAsync(world, new Scripted(handled)), "scripted", head))
            .On(StoreOperation.Commit));
        var host = world.Host(
            [], [new Scripted([], (_, _) => throw new InvalidOperationException("Not here."))], World.Impatient with { RetriesMax = 0 }, store);
        await host.StartAsync(world.Soon);
        await overtaken.WhenStruckAsync(world.Soon);

        Assert.Null((await world.ReachesAsync(host, "scripted", head)).Failure);
        Assert.Equal([1], handled);
        Assert.Equal(head, await world.Store.ReadCheckpointAsync(World.Acme, "scripted", world.Soon));
    }

    [Fact]
    public async Task A_handler_without_a_verdict_has_failed()
    {
        await using var world = new World();
        var host = await RunAsync(world, new Silent());
        await world.AppendAsync("1", new LineAdded(1));

        var stopped = await world.IsAsync(host, "silent", SubscriptionState.Stopped);

        Assert.Equal("The handler of 'silent' gave no verdict.", stopped.Failure!.Error);
    }

    [Fact]
    public async Task A_subscription_that_contradicts_itself_is_refused_when_it_is_made_or_hosted()
    {
        await using var world = new World();
        Assert.Contains("handles LineAdded twice", Assert.Throws<InvalidOperationException>(() => new Silent(times: 2)).Message, StringComparison.Ordinal);
        Assert.Contains("handles no event", Assert.Throws<InvalidOperationException>(() => world.Host([], [new Silent(times: 0)])).Message, StringComparison.Ordinal);
        var narrow = Assert.Throws<InvalidOperationException>(() => world.Host([], [new Scripted([]) { Demand = EventQuery.OfTypes("order.placed") }]));
        Assert.Contains("matches none of the event types", narrow.Message, StringComparison.Ordinal);
        foreach (var options in new[] { new SubscriptionOptions { RetriesMax = -1 }, new() { RetryDelayFirst = TimeSpan.FromHours(2), RetryDelayMax = TimeSpan.FromHours(1) } })
            Assert.Contains("RetryDelayFirst", Assert.Throws<ArgumentException>(() => world.Host([], [new Scripted([])], options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handler_that_is_cancelled_because_the_host_stops_has_not_failed_and_gets_its_event_again()
    {
        await using var world = new World();
        var head = await world.AppendAsync("1", new LineAdded(1));
        var waiting = new Waiting();
        var host = await RunAsync(world, waiting, World.Impatient with { RetriesMax = 0 });
        await waiting.Entered.Task.WaitAsync(world.Soon);
        await host.StopAsync(world.Soon);

        Assert.Equal((SubscriptionState.Ended, null), (host.Status(World.Acme)[0].State, host.Status(World.Acme)[0].Failure));
        Assert.Null(await world.Store.ReadCheckpointAsync(World.Acme, "waiting", world.Soon));
        waiting.IsPatient = false;
        await world.ReachesAsync(await RunAsync(world, waiting), "waiting", head);
        Assert.Equal([1, 1], waiting.Attempts);
    }

    private static async Task<SubscriptionHost> RunAsync(World world, Subscription subscription, SubscriptionOptions? options = null)
    {
        var host = world.Host([], [subscription], options);
        await host.StartAsync(world.Soon);
        return host;
    }

    /// <summary>Handles an event so many times, and says nothing about it.</summary>
    private sealed class Silent : Subscription
    {
        public Silent(int times = 1)
            : base("silent")
        {
            for (var i = 0; i < times; i++)
                On<LineAdded>((_, _, _) => new(default(Verdict)!));
        }
    }

    private sealed class Waiting : Subscription
    {
        public Waiting()
            : base("waiting") => On<LineAdded>(async (_, context, token) =>
            {
                Attempts.Add(context.Attempt);
                Entered.TrySetResult();
                if (IsPatient)
                    await Task.Delay(Timeout.InfiniteTimeSpan, token);
                return Verdict.Completed;
            });

        public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<int> Attempts { get; } = [];

        public bool IsPatient { get; set; } = true;
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
