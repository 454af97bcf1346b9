using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Testing.Stores;
using Tallystick.Testing.Time;
using Tallystick.Tests.Projections;

namespace Tallystick.Tests.Subscriptions;

/// <summary>The process dies at every single call of the store in turn, before or after the call took effect; then another goes on.</summary>
public sealed class CrashTests
{
    /// <summary>What has died stays dead: it would try again only after an hour of a clock that stands still.</summary>
    private static SubscriptionOptions Mortal(int batch) => new()
    {
        RetryDelayFirst = TimeSpan.FromHours(1), RetryDelayMax = TimeSpan.FromHours(1), Time = new ManualTime(),
        LiveBatchLength = batch, CatchUpPageLength = batch, CatchUpBatchLength = batch * 2,
    };

    [Theory]
    [InlineData(3, false)]
    [InlineData(3, true)]
    [InlineData(100, false)]
    [InlineData(100, true)]
    public async Task A_first_build_survives_a_crash_at_any_step(int batch, bool after)
    {
        for (var call = 1; ; call++)
        {
            await using var world = new World();
            var head = await world.AppendHistoryAsync(5);
            if (!await CrashAsync(world, new OrderSummaries(), call, after, batch, head, () => Task.CompletedTask))
            {
                Assert.True(call > 8, $"only {call} calls");
                return;
            }

            await RecoverAsync(world, new OrderSummaries(), head, batch);
        }
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(3, true)]
    [InlineData(100, true)]
    public async Task A_rebuild_by_a_new_version_survives_a_crash_at_any_step(int batch, bool after)
    {
        for (var call = 1; ; call++)
        {
            await using var world = new World();
            var head = await world.AppendHistoryAsync(5);
            var first = await world.StartAsync(new OrderSummaries());
            await world.ReachesAsync(first, "order-summaries", head);
            await first.StopAsync(world.Soon);
            if (!await CrashAsync(world, new OrderSummaries(2), call, after, batch, head, () => Task.CompletedTask))
                return;
            // Nobody sees anything half-built, whenever it died.
            Assert.Equal(await world.ExpectedOrdersAsync(), await world.OrdersAsync());

            await RecoverAsync(world, new OrderSummaries(2), head, batch);
            Assert.Equal("", await world.RowsAsync("order-summaries", generation: 1));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Following_the_log_survives_a_crash_at_any_step(bool after)
    {
        for (var call = 1; ; call++)
        {
            await using var world = new World();
            var head = LogPosition.Start;
            if (!await CrashAsync(world, new OrderSummaries(), call, after, 100, LogPosition.Of(21), async () => head = await world.AppendHistoryAsync(5)))
                return;
            await RecoverAsync(world, new OrderSummaries(), head, 100);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_subscription_commits_happens_exactly_once_whenever_it_crashes(bool after)
    {
        for (var call = 1; ; call++)
        {
            await using var world = new World();
            var head = await world.AppendHistoryAsync(4);
            var store = new FaultyStore(world.Store);
            var died = store.Inject((after ? StoreFault.DeathAfterwards : StoreFault.Death).AtCall(call)).WhenStruckAsync(world.Soon);
            var host = world.Host([], [new Echo()], Mortal(3), store);
            await host.StartAsync(world.Soon);
            var done = world.ReachesAsync(host, "echo", head);
            var isDead = await Task.WhenAny(died, done) == died;
            await host.StopAsync(world.Soon);

            var next = world.Host([], [new Echo()]);
            await next.StartAsync(world.Soon);
            await world.ReachesAsync(next, "echo", head);
            var log = await world.LogAsync();
            var echoes = log.Where(e => e.Type == "order.echoed").Select(e => ((Echoed)world.Serializer.Deserialize(e)).Of);
            Assert.Equal(log.Where(e => e.Type == "order.line-added").Select(e => e.Position.Value), echoes);
            if (!isDead)
                return;
        }
    }

    [Fact]
    public async Task Failures_of_the_store_are_retried_without_end_and_visibly_and_are_nobodys_fault()
    {
        await using var world = new World();
        var head = await world.AppendHistoryAsync(3);
        var store = new FaultyStore(world.Store);
        var failures = 0;
        store.Before = call => call.Operation == StoreOperation.Commit && ++failures <= 50
            ? throw new IOException("The disk is on fire.")
            : ValueTask.CompletedTask;
        var host = world.Host(new OrderSummaries(), store: store);
        var seen = host.WaitForStatusAsync(World.Acme, "order-summaries", status => status.StoreError == "The disk is on fire.", world.Soon);
        await host.StartAsync(world.Soon);

        Assert.Equal(SubscriptionState.Retrying, (await seen).State);
        await world.ReachesAsync(host, "order-summaries", head);
        Assert.Equal(await world.ExpectedOrdersAsync(), await world.OrdersAsync());
    }

    [Fact]
    public async Task Two_hosts_on_the_same_store_never_apply_an_event_twice()
    {
        await using var world = new World();
        await world.AppendHistoryAsync(6);
        var options = World.Impatient with { LiveBatchLength = 2, CatchUpPageLength = 2, CatchUpBatchLength = 2 };
        var a = await world.StartAsync(new OrderSummaries(), options);
        var b = await world.StartAsync(new OrderSummaries(), options);
        var head = await world.AppendHistoryAsync(6, prefix: "p");
        await a.WaitForStatusAsync(World.Acme, "order-summaries", status => status.State is SubscriptionState.Live, world.Soon);
        await b.WaitForStatusAsync(World.Acme, "order-summaries", status => status.State is SubscriptionState.Live, world.Soon);
        await a.RebuildAsync(World.Acme, "order-summaries", world.Soon);
        head = await world.AppendHistoryAsync(6, prefix: "q");
        await world.ReachesAsync(a, "order-summaries", head);
        await world.ReachesAsync(b, "order-summaries", head);

        Assert.Equal(await world.ExpectedOrdersAsync(), await world.OrdersAsync());
    }

    [Fact]
    public async Task A_projection_does_not_stop_because_another_process_was_faster()
    {
        await using var world = new World();
        var first = await world.StartAsync(new OrderSummaries());
        await world.ReachesAsync(first, "order-summaries", await world.AppendAsync("1", new OrderPlaced("ann", 1)));
        await first.StopAsync(world.Soon);
        var head = await world.AppendAsync("2", new OrderPlaced("bob", 2));
        var (store, finds) = (new FaultyStore(world.Store), 0);
        store.Before = async call =>
        {
            // Between its reading of the checkpoint and of the documents (the state's is the first), another host does the work.
            if (call.Operation == StoreOperation.FindDocuments && ++finds == 2)
                await world.ReachesAsync(await world.StartAsync(new OrderSummaries()), "order-summaries", head);
        };

        var slow = await world.StartAsync(new OrderSummaries(), World.Impatient with { RetriesMax = 0 }, store);
        await world.ReachesAsync(slow, "order-summaries", head);

        Assert.True(finds >= 2);
        Assert.Equal(await world.ExpectedOrdersAsync(), await world.OrdersAsync());
    }

    [Fact]
    public async Task A_batch_that_comes_too_late_is_refused_whole()
    {
        await using var world = new World();
        var (store, late) = (new FaultyStore(world.Store), false);
        var rowsAfter = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var slow = await world.StartAsync(new OrderSummaries(), store: store);
        await world.ReachesAsync(slow, "order-summaries", await world.AppendAsync("1", new OrderPlaced("ann", 1)));
        store.Before = async call =>
        {
            if (call.Operation != StoreOperation.Commit || late)
                return;
            late = true;
            var fast = await world.StartAsync(new OrderSummaries());
            await world.ReachesAsync(fast, "order-summaries", await world.AppendAsync("1", new LineAdded(20)));
        };
        store.After = async call =>
        {
            if (call.Operation == StoreOperation.Commit)
                rowsAfter.TrySetResult(await world.OrdersAsync());
        };

        await world.AppendAsync("1", new LineAdded(10));

        Assert.Contains("Total = 31", await rowsAfter.Task.WaitAsync(world.Soon), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_version_that_was_swapped_out_while_it_waited_can_not_move_the_checkpoint()
    {
        await using var world = new World();
        var head = await world.AppendHistoryAsync(3);
        var old = await world.StartAsync(new OrderSummaries(1));
        await world.ReachesAsync(old, "order-summaries", head);
        var young = await world.StartAsync(new OrderSummaries(2));
        await world.ReachesAsync(young, "order-summaries", head);
        await young.StopAsync(world.Soon);

        head = await world.AppendAsync("x", new OrderPlaced("ann", 1));
        await old.WaitForStatusAsync(
            World.Acme, "order-summaries", s => s.State == SubscriptionState.Superseded || s.Position >= head, world.Soon);
        var again = await world.StartAsync(new OrderSummaries(2));
        await world.ReachesAsync(again, "order-summaries", head);

        Assert.Equal(SubscriptionState.Superseded, old.Status(World.Acme)[0].State);
        Assert.Equal(await world.ExpectedOrdersAsync(), await world.OrdersAsync());
    }

    private static async Task<bool> CrashAsync(
        World world, Projection projection, int call, bool after, int batch, LogPosition head, Func<Task> meanwhile)
    {
        var store = new FaultyStore(world.Store);
        var died = store.Inject((after ? StoreFault.DeathAfterwards : StoreFault.Death).AtCall(call)).WhenStruckAsync(world.Soon);
        var host = await world.StartAsync(projection, Mortal(batch), store);
        await meanwhile();
        var done = world.ReachesAsync(host, projection.Name, head);
        var isDead = await Task.WhenAny(died, done) == died;
        await host.StopAsync(world.Soon);
        return isDead;
    }

    private static async Task RecoverAsync(World world, Projection projection, LogPosition head, int batch)
    {
        var options = World.Impatient with { LiveBatchLength = batch, CatchUpPageLength = batch, CatchUpBatchLength = batch * 2 };
        var host = await world.StartAsync(projection, options);
        await world.ReachesAsync(host, projection.Name, head);
        var token = await world.AppendAsync("after", new OrderPlaced("ann", 1));
        await world.ReachesAsync(host, projection.Name, token);
        Assert.Equal(await world.ExpectedOrdersAsync(), await world.OrdersAsync());
        await host.StopAsync(world.Soon);
    }
}

/// <summary>Answers each added line with an event of its own, in the checkpoint's commit.</summary>
public sealed class Echo : Subscription
{
    public Echo()
        : base("echo") => On<LineAdded>((_, context, _) =>
        {
            var echo = context.BeginCommit().Append(new StreamId("echo", "1"), ExpectedVersion.Any, context.NewEvent(new Echoed(context.At.Position.Value)));
            return new(new Verdict.Complete(echo));
        });
}
