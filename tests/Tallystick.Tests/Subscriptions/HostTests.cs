using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Testing.Stores;
using Tallystick.Testing.Time;
using Tallystick.Tests.Projections;

namespace Tallystick.Tests.Subscriptions;

public sealed class HostTests
{
    [Fact]
    public async Task A_poison_event_stops_one_projection_and_the_others_go_on()
    {
        await using var world = new World();
        await world.AppendAsync("1", new OrderPlaced("ann", 1));
        var poison = await world.AppendAsync("1", new LineAdded(666));
        var head = await world.AppendAsync("1", new OrderConfirmed());
        var host = world.Host([new OrderSummaries(name: "sick", isPoison: amount => amount == 666), new OrderSummaries()], [new Echo()]);
        await host.StartAsync(world.Soon);

        var stopped = await world.IsAsync(host, "sick", SubscriptionState.Stopped);
        await world.ReachesAsync(host, "order-summaries", head);
        await world.ReachesAsync(host, "echo", head);

        Assert.Equal((poison, 6), (stopped.Failure!.Position, stopped.Failure.Attempts));
        var state = await world.Store.FindDocumentsAsync(World.Acme, "$projections", 1, ["sick"], world.Soon);
        Assert.Contains("Poison", System.Text.Encoding.UTF8.GetString(state.Items[0]!.Body.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stopped_projection_goes_on_when_it_is_resumed_after_a_repair_and_a_restart_tries_again_too()
    {
        await using var world = new World();
        await world.AppendAsync("1", new OrderPlaced("ann", 1));
        var head = await world.AppendAsync("1", new LineAdded(666));
        var sick = true;
        var orders = new OrderSummaries(isPoison: _ => sick);
        var host = await world.StartAsync(orders);
        await world.IsAsync(host, orders.Name, SubscriptionState.Stopped);
        await host.ResumeAsync(World.Acme, orders.Name, world.Soon);
        await world.IsAsync(host, orders.Name, SubscriptionState.Stopped);
        await host.StopAsync(world.Soon);

        var second = await world.StartAsync(orders);
        await world.IsAsync(second, orders.Name, SubscriptionState.Stopped);
        sick = false;
        await second.ResumeAsync(World.Acme, orders.Name, world.Soon);
        await world.ReachesAsync(second, orders.Name, head);

        Assert.Equal(await world.ExpectedOrdersAsync(), await world.OrdersAsync());
        var state = await world.Store.FindDocumentsAsync(World.Acme, "$projections", 1, [orders.Name], world.Soon);
        Assert.DoesNotContain("Poison", System.Text.Encoding.UTF8.GetString(state.Items[0]!.Body.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commands_that_do_not_fit_the_state_get_a_clear_error()
    {
        await using var world = new World();
        var head = await world.AppendAsync("1", new OrderPlaced("ann", 1), new LineAdded(666));
        var host = world.Host([new OrderSummaries(name: "sick", isPoison: _ => true), new OrderSummaries()], [new Echo()]);
        await host.StartAsync(world.Soon);
        await world.ReachesAsync(host, "order-summaries", head);
        await world.ReachesAsync(host, "echo", head);
        await world.IsAsync(host, "sick", SubscriptionState.Stopped);

        Assert.Contains("stopped", await Refusal(host.ResumeAsync(World.Acme, "order-summaries", world.Soon)), StringComparison.Ordinal);
        Assert.Contains("stopped", await Refusal(host.SkipAsync(World.Acme, "order-summaries", head, "r", "b", world.Soon)), StringComparison.Ordinal);
        Assert.Contains("position 1", await Refusal(host.SkipAsync(World.Acme, "sick", LogPosition.Of(1), "r", "b", world.Soon)), StringComparison.Ordinal);
        Assert.Contains("can't be rebuilt", await Refusal(host.RebuildAsync(World.Acme, "sick", world.Soon)), StringComparison.Ordinal);
        Assert.Contains("can't be rebuilt", await Refusal(host.RebuildAsync(World.Acme, "echo", world.Soon)), StringComparison.Ordinal);
        Assert.Contains("sick, order-summaries, echo", (await Assert.ThrowsAsync<ArgumentException>(() => host.ResumeAsync(World.Acme, "none", world.Soon))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => host.ResumeAsync(World.Umbrella, "sick", world.Soon));
        await host.StopAsync(world.Soon);
        await Assert.ThrowsAsync<InvalidOperationException>(() => host.ResumeAsync(World.Acme, "sick", world.Soon));

        static async Task<string> Refusal(Task command) => (await Assert.ThrowsAsync<InvalidOperationException>(() => command)).Message;
    }

    [Fact]
    public async Task Commands_that_are_under_way_or_waiting_when_the_host_stops_are_told_so()
    {
        await using var world = new World();
        var store = new FaultyStore(world.Store);
        var poison = await world.AppendAsync("1", new OrderPlaced("ann", 666));
        var host = world.Host([], [new Refusing()], store: store);
        await host.StartAsync(world.Soon);
        await world.IsAsync(host, "refusing", SubscriptionState.Stopped);
        var held = store.Inject(StoreFault.Held.On(StoreOperation.Commit));

        var skipping = host.SkipAsync(World.Acme, "refusing", poison, "r", "b", world.Soon);
        await held.WhenStruckAsync(world.Soon);
        var resuming = host.ResumeAsync(World.Acme, "refusing", world.Soon);
        await host.StopAsync(world.Soon);

        foreach (var command in new[] { skipping, resuming })
            Assert.Equal("'refusing' ended before it could do that.", (await Assert.ThrowsAsync<InvalidOperationException>(() => command)).Message);
        Assert.Single(await world.LogAsync());
    }

    [Fact]
    public async Task What_is_started_added_removed_or_stopped_a_second_time_stays_as_it_is()
    {
        await using var world = new World();
        var head = await world.AppendAsync("1", new OrderPlaced("ann", 1));
        var host = await world.StartAsync(new OrderSummaries());
        host.AddTenant(World.Acme);
        await host.StartAsync(world.Soon);
        await world.ReachesAsync(host, "order-summaries", head);
        await host.RemoveTenantAsync(World.Umbrella, world.Soon);

        Assert.Equal(SubscriptionState.Live, Assert.Single(host.Status(World.Acme)).State);
        await host.StopAsync(world.Soon);
        await host.StopAsync(world.Soon);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => host.StartAsync(world.Soon));
        Assert.Throws<ObjectDisposedException>(() => host.AddTenant(World.Umbrella));
    }

    [Fact]
    public async Task An_idle_runner_makes_no_call_and_an_event_of_another_tenant_does_not_wake_it()
    {
        await using var world = new World();
        var store = new FaultyStore(world.Store);
        var head = await world.AppendHistoryAsync(3);
        var host = world.Host([new OrderSummaries(), new Customers()], [new Echo()], store: store);
        await host.StartAsync(world.Soon);
        await world.ReachesAsync(host, "order-summaries", head);
        await world.ReachesAsync(host, "customers", head);
        await world.ReachesAsync(host, "echo", head);
        // The echoes wake the projections too: wait until nobody has anything to do.
        var end = LogPosition.Of((await world.LogAsync()).Length);
        foreach (var name in new[] { "order-summaries", "customers", "echo" })
            await world.ReachesAsync(host, name, end);
        await SettledAsync(store);
        var calls = store.CallCount;

        await world.AppendAsync(World.Umbrella, "1", new OrderPlaced("ann", 1));
        await SettledAsync(store);

        Assert.Equal(calls, store.CallCount);
    }

    [Fact]
    public async Task Starting_reads_nothing_that_grows_with_the_log()
    {
        List<int> calls = [];
        foreach (var size in new[] { 2, 200 })
        {
            await using var world = new World();
            var head = await world.AppendHistoryAsync(size);
            var first = await world.StartAsync(new OrderSummaries());
            await world.ReachesAsync(first, "order-summaries", head);
            await first.StopAsync(world.Soon);
            var store = new FaultyStore(world.Store);
            var second = await world.StartAsync(new OrderSummaries(), store: store);
            await world.ReachesAsync(second, "order-summaries", head);
            await SettledAsync(store);
            calls.Add(store.CallCount);
        }

        Assert.Equal(calls[0], calls[1]);
        Assert.True(calls[0] <= 8, $"{calls[0]} calls");
    }

    [Fact]
    public async Task Tenants_are_isolated_and_come_and_go_while_it_runs()
    {
        await using var world = new World();
        var orders = new OrderSummaries(isPoison: amount => amount == 666);
        await world.AppendAsync("1", new OrderPlaced("ann", 1), new LineAdded(666));
        var host = await world.StartAsync(orders);
        await world.IsAsync(host, orders.Name, SubscriptionState.Stopped);
        var theirs = await world.AppendAsync(World.Umbrella, "1", new OrderPlaced("bob", 2));
        Assert.Empty(host.Status(World.Umbrella));
        host.AddTenant(World.Umbrella);
        await world.ReachesAsync(host, orders.Name, theirs, World.Umbrella);

        var bob = await world.Models<OrderSummary>(orders, tenant: World.Umbrella).FindAsync("1", default, world.Soon);
        Assert.Equal("bob", bob.Value!.Customer);
        Assert.Equal(SubscriptionState.Stopped, Assert.Single(host.Status(World.Acme)).State);
        await host.RemoveTenantAsync(World.Umbrella, world.Soon);
        Assert.Empty(host.Status(World.Umbrella));
    }

    [Fact]
    public async Task Only_so_many_batches_run_at_once()
    {
        await using var world = new World();
        await world.AppendHistoryAsync(5);
        var (running, most) = (0, 0);
        var store = new FaultyStore(world.Store)
        {
            Before = async call =>
            {
                if (call.Operation == StoreOperation.ReadLog)
                    most = Math.Max(most, Interlocked.Increment(ref running));
                await Task.Yield();
            },
            After = call =>
            {
                if (call.Operation == StoreOperation.ReadLog)
                    Interlocked.Decrement(ref running);
                return ValueTask.CompletedTask;
            },
        };
        var names = Enumerable.Range(0, 8).Select(i => $"orders-{i}").ToArray();
        var host = world.Host(names.Select(name => new OrderSummaries(name: name)), [], World.Impatient with { ConcurrentBatchesMax = 1 }, store);
        await host.StartAsync(world.Soon);
        foreach (var name in names)
            await world.IsAsync(host, name, SubscriptionState.Live);

        Assert.Equal(1, most);
    }

    [Fact]
    public async Task Everything_stays_on_the_scheduler_where_it_was_started()
    {
        await using var world = new World();
        var scheduler = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;
        var head = await world.AppendHistoryAsync(5);
        var elsewhere = 0;
        var store = new FaultyStore(world.Store)
        {
            Before = _ =>
            {
                if (TaskScheduler.Current != scheduler)
                    elsewhere++;
                return ValueTask.CompletedTask;
            },
        };
        var orders = new OrderSummaries(isPoison: amount => amount == 777);
        var host = world.Host([orders, new Customers()], [new Echo()], World.Impatient with { ConcurrentBatchesMax = 1, LiveBatchLength = 3 }, store);
        await Task.Factory.StartNew(() => host.StartAsync(world.Soon), world.Soon, TaskCreationOptions.None, scheduler).Unwrap();
        await world.ReachesAsync(host, "echo", head);
        await world.ReachesAsync(host, "customers", head);
        await world.AppendAsync("o1", new LineAdded(777));
        await world.IsAsync(host, orders.Name, SubscriptionState.Stopped);
        await host.ResumeAsync(World.Acme, orders.Name, world.Soon);
        await host.StopAsync(world.Soon);

        Assert.Equal(0, elsewhere);
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_ever_for_a_handler_that_hangs()
    {
        await using var world = new World();
        var time = new ManualTime();
        var hang = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await world.AppendAsync("1", new LineAdded(1));
        var host = new SubscriptionHost(world.Store, world.Serializer, [], [new Hanging(entered, hang.Task)], new SubscriptionOptions { Time = time });
        host.AddTenant(World.Acme);
        await host.StartAsync(world.Soon);
        await entered.Task.WaitAsync(world.Soon);

        var stopping = host.StopAsync(world.Soon);
        await time.WhenAwaitedAsync(world.Soon);
        time.Advance(TimeSpan.FromSeconds(31));
        var error = await Assert.ThrowsAsync<TimeoutException>(() => stopping);

        Assert.Contains("hanging of acme", error.Message, StringComparison.Ordinal);
        hang.SetResult();
    }

    [Fact]
    public void Names_that_are_used_twice_events_that_are_not_registered_and_options_out_of_range_are_refused()
    {
        var world = new World();
        Assert.Throws<ArgumentException>(() => world.Host([new OrderSummaries(), new OrderSummaries(2)], []));
        Assert.Throws<ArgumentException>(() => world.Host(new OrderSummaries(), new SubscriptionOptions { LiveBatchLength = 0 }));
        var empty = new EventSerializer(new EventTypes([], []), new IdGenerator(TimeProvider.System, Entropy.System));
        Assert.Throws<InvalidOperationException>(() => new SubscriptionHost(world.Store, empty, [new OrderSummaries()], []));
    }

    private static async Task SettledAsync(FaultyStore store)
    {
        for (var (calls, quiet) = (store.CallCount, 0); quiet < 200; quiet++)
        {
            await Task.Yield();
            if (store.CallCount != calls)
                (calls, quiet) = (store.CallCount, 0);
        }
    }

    private sealed class Refusing : Subscription
    {
        public Refusing()
            : base("refusing") => On<OrderPlaced>((_, _, _) => new(new Verdict.Stop("No.")));
    }

    private sealed class Hanging : Subscription
    {
        public Hanging(TaskCompletionSource entered, Task until)
            : base("hanging") => On<LineAdded>(async (_, _, _) =>
            {
                entered.TrySetResult();
                await until;
                return Verdict.Completed;
            });
    }
}
