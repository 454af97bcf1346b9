using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Testing.Stores;
using Tallystick.Testing.Time;
using Tallystick.Tests.Subscriptions;

namespace Tallystick.Tests.Projections;

public sealed class RebuildTests
{
    private static readonly SubscriptionOptions SmallSteps = World.Impatient with { LiveBatchLength = 2, CatchUpPageLength = 2, CatchUpBatchLength = 2 };

    [Fact]
    public async Task Nothing_is_visible_until_the_first_build_is_complete()
    {
        await using var world = new World();
        var head = await world.AppendHistoryAsync(5);
        var orders = new OrderSummaries();
        var store = new FaultyStore(world.Store);
        var looked = 0;
        store.After = async call =>
        {
            var swapped = await world.Store.ReadCheckpointAsync(World.Acme, orders.Name, world.Soon) is not null;
            var lookup = await world.Store.FindDocumentsAsync(World.Acme, orders.Name, null, ["o1"], world.Soon);
            Assert.Equal(swapped, lookup.Generation == 1);
            looked += call.Operation == StoreOperation.Commit && !swapped ? 1 : 0;
        };
        var reading = world.Models<OrderSummary>(orders).FindAsync("o1", ReadFreshness.Any, world.Soon);
        var host = await world.StartAsync(orders, SmallSteps, store);

        var order = await reading;

        await world.ReachesAsync(host, orders.Name, head);
        Assert.True(order.IsFound && order.Reached >= head, $"{order}");
        Assert.True(looked > 3, $"looked {looked} times");
    }

    [Fact]
    public async Task A_read_model_over_an_empty_log_becomes_visible_at_once()
    {
        await using var world = new World();
        var orders = new OrderSummaries();
        await world.StartAsync(orders);

        var none = await world.Models<OrderSummary>(orders).FindAsync("1", ReadFreshness.Any, world.Soon);

        Assert.False(none.IsFound);
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    public async Task Another_version_is_built_beside_the_old_documents_and_swapped_in_one_commit(int before, int after)
    {
        await using var world = new World();
        var head = await world.AppendHistoryAsync(5);
        var first = await world.StartAsync(new OrderSummaries(before));
        await world.ReachesAsync(first, "order-summaries", head);
        await first.StopAsync(world.Soon);
        var complete = await world.RowsAsync("order-summaries");
        var store = new FaultyStore(world.Store);
        store.After = async _ => Assert.Equal(complete, await world.RowsAsync("order-summaries"));

        var second = await world.StartAsync(new OrderSummaries(after), SmallSteps, store);
        await world.ReachesAsync(second, "order-summaries", head);

        var page = await world.Store.QueryDocumentsAsync(World.Acme, new DocumentQuery("order-summaries"), world.Soon);
        Assert.Equal(2, page.Generation);
        Assert.Equal(complete, await world.RowsAsync("order-summaries"));
        Assert.Equal("", await world.RowsAsync("order-summaries", generation: 1));
        Assert.Null(await world.Store.ReadCheckpointAsync(World.Acme, "order-summaries@2", world.Soon));
    }

    [Fact]
    public async Task A_new_index_is_built_without_a_new_version_and_queries_wait_for_it()
    {
        await using var world = new World();
        var head = await world.AppendHistoryAsync(5);
        var first = await world.StartAsync(new Plain(indexed: false));
        await world.ReachesAsync(first, "plain", head);
        await first.StopAsync(world.Soon);
        var indexed = new Plain(indexed: true);
        var time = new ManualTime();

        var query = world.Models<OrderSummary>(indexed, time).Where(order => order.Customer, "c1");
        var early = query.PageAsync(default, world.Soon).AsTask();
        await time.WhenAwaitedAsync(world.Soon);
        var byKey = await world.Models<OrderSummary>(indexed, time).FindAsync("o1", default, world.Soon);
        Assert.True(byKey.IsFound);
        Assert.False(early.IsCompleted);
        await world.StartAsync(indexed);

        Assert.NotEmpty((await early).Items);
    }

    [Fact]
    public async Task A_document_of_an_older_shape_gives_a_clear_error_while_the_new_one_is_built()
    {
        await using var world = new World();
        var first = await world.StartAsync(new OrderSummaries(1));
        await world.ReachesAsync(first, "order-summaries", await world.AppendAsync("1", new OrderPlaced("ann", 1)));
        await first.StopAsync(world.Soon);

        var error = await Assert.ThrowsAsync<TallystickException>(async () =>
            await world.Models<OtherShape>(new OtherSummaries()).FindAsync("1", default, world.Soon));

        Assert.True(error.IsTransient);
        Assert.Contains("written by version 1; version 2 is still being built", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rebuild_beside_the_live_documents_never_lets_readers_see_less_than_before()
    {
        await using var world = new World();
        var orders = new OrderSummaries();
        var head = await world.AppendHistoryAsync(10);
        var store = new FaultyStore(world.Store);
        var host = await world.StartAsync(orders, SmallSteps, store);
        await world.ReachesAsync(host, orders.Name, head);
        var models = world.Models<OrderSummary>(orders);
        var (appended, seen, reached, looked) = (0, 0m, LogPosition.Start, 0);
        string? wrong = null;
        using var one = new SemaphoreSlim(1);
        store.After = async call =>
        {
            // One look at a time: a page that is read ahead ends whenever it likes.
            await one.WaitAsync(world.Soon);
            try
            {
                if (appended < 40 && call.Operation == StoreOperation.ReadLog)
                    await world.AppendAsync($"n{appended++}", new OrderPlaced("ann", 1));
                var page = await models.Query().Take(1000).PageAsync(default, world.Soon);
                var total = page.Items.Sum(item => item.Value!.Total);
                if (total < seen || page.Reached < reached)
                    wrong ??= $"{total} at {page.Reached} after {seen} at {reached}";
                (seen, reached) = (total, page.Reached);
                looked++;
            }
            finally
            {
                one.Release();
            }
        };

        var building = host.WaitForStatusAsync(World.Acme, orders.Name, status => status.Rebuild is { EventsFolded: > 2 }, world.Soon);
        await host.RebuildAsync(World.Acme, orders.Name, world.Soon);
        var progress = await building;
        await world.ReachesAsync(host, orders.Name, LogPosition.Of(head.Value + 40));
        var last = await world.AppendAsync("last", new OrderPlaced("ann", 1));
        await world.ReachesAsync(host, orders.Name, last);

        Assert.Equal(SubscriptionState.Rebuilding, progress.State);
        // The live documents' runner may have looked, and so appended, once before the rebuild began.
        Assert.InRange(progress.Rebuild!.Target.Value, head.Value, head.Value + 40);
        Assert.Null(wrong);
        Assert.True(looked > 50, $"looked {looked} times");
        Assert.Equal(await world.ExpectedOrdersAsync(), await world.OrdersAsync());
        Assert.Equal(2, (await world.Store.QueryDocumentsAsync(World.Acme, new DocumentQuery(orders.Name), world.Soon)).Generation);
    }

    [Fact]
    public async Task A_rebuild_that_fails_is_given_up_visibly_and_the_live_documents_go_on()
    {
        await using var world = new World();
        var isPoison = false;
        var orders = new OrderSummaries(isPoison: amount => isPoison && amount == 7);
        await world.AppendAsync("1", new OrderPlaced("ann", 1), new LineAdded(7));
        var host = await world.StartAsync(orders);
        await world.IsAsync(host, orders.Name, SubscriptionState.Live);
        isPoison = true;
        await host.RebuildAsync(World.Acme, orders.Name, world.Soon);

        var status = await host.WaitForStatusAsync(World.Acme, orders.Name, status => status.RebuildFailure is not null, world.Soon);
        var head = await world.AppendAsync("2", new OrderPlaced("bob", 2));
        await world.ReachesAsync(host, orders.Name, head);

        Assert.Equal(LogPosition.Of(2), status.RebuildFailure!.Position);
        Assert.Equal(await world.ExpectedOrdersAsync(), await world.OrdersAsync());
        Assert.Equal("", await world.RowsAsync(orders.Name, generation: 2));
    }

    [Fact]
    public async Task A_rebuild_is_not_begun_twice_and_a_newer_version_leaves_nothing_of_it_behind()
    {
        await using var world = new World();
        var head = await world.AppendHistoryAsync(5);
        var store = new FaultyStore(world.Store);
        var host = await world.StartAsync(new OrderSummaries(), SmallSteps, store);
        await world.ReachesAsync(host, "order-summaries", head);
        // The rebuild gets as far as its first batch.
        var held = store.Inject(StoreFault.Held.On(StoreOperation.Commit).AtCall(3));
        await host.RebuildAsync(World.Acme, "order-summaries", world.Soon);
        await held.WhenStruckAsync(world.Soon);
        var again = host.RebuildAsync(World.Acme, "order-summaries", world.Soon);
        held.Remove();
        Assert.Contains("is being rebuilt already", (await Assert.ThrowsAsync<InvalidOperationException>(() => again)).Message, StringComparison.Ordinal);
        await world.IsAsync(host, "order-summaries", SubscriptionState.Live);

        // The next one is never finished: the host ends in the middle of it, and the next host has another version.
        held = store.Inject(StoreFault.Held.On(StoreOperation.Commit).AtCall(3));
        await host.RebuildAsync(World.Acme, "order-summaries", world.Soon);
        await held.WhenStruckAsync(world.Soon);
        await host.StopAsync(world.Soon);
        Assert.NotNull(await world.Store.ReadCheckpointAsync(World.Acme, "order-summaries@3", world.Soon));
        var next = await world.StartAsync(new OrderSummaries(2));
        await world.ReachesAsync(next, "order-summaries", head);
        await world.ReachesAsync(next, "order-summaries", await world.AppendAsync("x", new OrderPlaced("ann", 1)));

        Assert.Null(await world.Store.ReadCheckpointAsync(World.Acme, "order-summaries@3", world.Soon));
        Assert.Equal("", await world.RowsAsync("order-summaries", generation: 3));
        Assert.Equal(4, (await world.Store.QueryDocumentsAsync(World.Acme, new DocumentQuery("order-summaries"), world.Soon)).Generation);
        Assert.Equal(await world.ExpectedOrdersAsync(), await world.OrdersAsync());
    }

    [Fact]
    public async Task A_running_older_version_gives_way_to_a_newer_one_and_can_be_resumed()
    {
        await using var world = new World();
        var head = await world.AppendHistoryAsync(5);
        var old = await world.StartAsync(new OrderSummaries(1));
        await world.ReachesAsync(old, "order-summaries", head);
        var young = await world.StartAsync(new OrderSummaries(2));
        await world.ReachesAsync(young, "order-summaries", head);
        head = await world.AppendAsync("x", new OrderPlaced("ann", 1));
        await world.ReachesAsync(young, "order-summaries", head);
        await world.IsAsync(old, "order-summaries", SubscriptionState.Superseded);

        await old.ResumeAsync(World.Acme, "order-summaries", world.Soon);
        await world.ReachesAsync(old, "order-summaries", head);
        head = await world.AppendAsync("y", new OrderPlaced("ann", 1));
        await world.ReachesAsync(old, "order-summaries", head);
        await world.IsAsync(young, "order-summaries", SubscriptionState.Superseded);

        Assert.Equal(await world.ExpectedOrdersAsync(), await world.OrdersAsync());
    }

    [Fact]
    public async Task A_skipped_event_is_skipped_again_by_a_rebuild_and_by_a_new_version()
    {
        await using var world = new World();
        await world.AppendAsync("1", new OrderPlaced("ann", 1));
        var poison = await world.AppendAsync("1", new LineAdded(666));
        var host = await world.StartAsync(new OrderSummaries(isPoison: amount => amount == 666));
        await world.IsAsync(host, "order-summaries", SubscriptionState.Stopped);
        await host.SkipAsync(World.Acme, "order-summaries", poison, "A typing error.", "eve", world.Soon);
        await world.IsAsync(host, "order-summaries", SubscriptionState.Live);
        var skipped = Assert.Single(await world.LogAsync(), recorded => recorded.Type == "tallystick.event-skipped");
        Assert.Equal(new StreamId("subscription", "order-summaries"), skipped.Stream);
        var expected = await world.ExpectedOrdersAsync(leaveOut: recorded => recorded.Position == poison);

        await host.RebuildAsync(World.Acme, "order-summaries", world.Soon);
        await world.IsAsync(host, "order-summaries", SubscriptionState.Live);
        Assert.Equal(expected, await world.OrdersAsync());
        await host.StopAsync(world.Soon);
        var next = await world.StartAsync(new OrderSummaries(version: 2));
        await world.IsAsync(next, "order-summaries", SubscriptionState.Live);

        Assert.Equal(expected, await world.OrdersAsync());
        Assert.Equal(3, (await world.Store.QueryDocumentsAsync(World.Acme, new DocumentQuery("order-summaries"), world.Soon)).Generation);
    }

    private sealed record OtherShape(string Id, string Buyer);

    private sealed class OtherSummaries : Projection<OtherShape>
    {
        public OtherSummaries()
            : base("order-summaries", version: 2) => Create<OrderPlaced>((e, at) => new OtherShape(at.Stream.Key, e.Customer));
    }

    private sealed class Plain : Projection<OrderSummary>
    {
        public Plain(bool indexed)
            : base("plain", version: 1)
        {
            if (indexed)
                Index(order => order.Customer);
            Create<OrderPlaced>((e, at) => new OrderSummary(at.Stream.Key, e.Customer, default, e.Total));
        }
    }
}
