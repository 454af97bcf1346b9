using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Testing.Stores;
using Tallystick.Tests.Subscriptions;

namespace Tallystick.Tests.Projections;

/// <summary>Documents on their way between handlers and the store: what can't be read, written or named, and what comes late.</summary>
public sealed class DocumentTests
{
    [Fact]
    public async Task A_document_that_does_not_fit_its_type_any_more_stops_the_projection_and_names_the_cure()
    {
        await using var world = new World();
        var first = await world.StartAsync(new OrderSummaries());
        await world.ReachesAsync(first, "order-summaries", await world.AppendAsync("1", new OrderPlaced("ann", 1)));
        await first.StopAsync(world.Soon);
        var head = await world.AppendAsync("1", new LineAdded(1));
        var rows = await world.OrdersAsync();
        var host = await world.StartAsync(new Reshaped());

        var stopped = await world.IsAsync(host, "order-summaries", SubscriptionState.Stopped);

        Assert.Equal(head, stopped.Failure!.Position);
        Assert.Contains("Document '1' of 'order-summaries' doesn't fit ReshapedOrder", stopped.Failure.Error, StringComparison.Ordinal);
        Assert.Contains("raise the projection's version", stopped.Failure.Error, StringComparison.Ordinal);
        Assert.Equal(rows, await world.OrdersAsync());
    }

    [Fact]
    public async Task Documents_that_can_not_be_read_are_the_stores_fault_and_not_the_events()
    {
        await using var world = new World();
        var first = await world.StartAsync(new OrderSummaries());
        await world.ReachesAsync(first, "order-summaries", await world.AppendAsync("1", new OrderPlaced("ann", 1)));
        await first.StopAsync(world.Soon);
        var head = await world.AppendAsync("1", new LineAdded(1));
        var store = new FaultyStore(world.Store);
        store.Inject(StoreFault.Fail("bad sector", () => new IOException("The disk has a bad sector.")).On(StoreOperation.FindDocuments)
            .Where(call => call.Argument is "order-summaries").Times(20));
        var host = world.Host(new OrderSummaries(), World.Impatient with { RetriesMax = 0 }, store);
        var seen = host.WaitForStatusAsync(World.Acme, "order-summaries", status => status.StoreError is not null, world.Soon);
        await host.StartAsync(world.Soon);

        Assert.Equal("The disk has a bad sector.", (await seen).StoreError);
        await world.ReachesAsync(host, "order-summaries", head);
        Assert.Equal(await world.ExpectedOrdersAsync(), await world.OrdersAsync());
    }

    [Fact]
    public async Task An_event_whose_document_can_not_be_written_as_json_is_found_and_stops_the_projection_alone()
    {
        await using var world = new World();
        for (var i = 1; i <= 20; i++)
            await world.AppendAsync($"o{i}", new OrderPlaced("ann", i));
        var poison = await world.AppendAsync("zero", new OrderPlaced("ann", 0));
        await world.AppendAsync("after", new OrderPlaced("ann", 1));
        var host = await world.StartAsync(new Shares());

        var stopped = await world.IsAsync(host, "shares", SubscriptionState.Stopped);

        Assert.Equal(poison, stopped.Failure!.Position);
        Assert.Equal(LogPosition.Of(20), await world.Store.ReadCheckpointAsync(World.Acme, "shares@1", world.Soon));
    }

    [Fact]
    public async Task A_document_without_a_key_is_its_events_failure()
    {
        await using var world = new World();
        await world.AppendAsync("1", new OrderPlaced("", 1));
        var host = await world.StartAsync(new Customers(namesKeys: false));

        Assert.Contains("'customers/totals' has an empty key", (await world.IsAsync(host, "customers", SubscriptionState.Stopped)).Failure!.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_document_that_is_put_while_it_is_still_being_read_stays_as_it_was_put()
    {
        await using var world = new World();
        var store = new FaultyStore(world.Store) { Before = async _ => await Task.Yield() };
        var host = await world.StartAsync(new Hasty(), store: store);
        await world.ReachesAsync(host, "hasty", await world.AppendAsync("1", new OrderPlaced("ann", 1)));
        await host.StopAsync(world.Soon);
        // After a restart nothing is in memory.
        host = await world.StartAsync(new Hasty(), store: store);
        await world.ReachesAsync(host, "hasty", await world.AppendAsync("1", new LineAdded(1)));

        Assert.Contains("\"customer\":\"ann, put\"", await world.RowsAsync("hasty/owners"), StringComparison.Ordinal);
        Assert.Contains("\"customer\":\"found ann, put\"", await world.RowsAsync("hasty/seen"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Documents_that_are_read_only_when_they_are_needed_may_come_late()
    {
        await using var world = new World();
        await world.AppendHistoryAsync(5);
        var store = new FaultyStore(world.Store) { Before = async _ => await Task.Yield() };
        // The event's customer is the document's key, so it can't be known and loaded before.
        var host = await world.StartAsync(new FirstOrders(), World.Impatient with { CachedDocumentsMax = 1, LiveBatchLength = 1 }, store);
        await world.ReachesAsync(host, "first-orders", LogPosition.Of(21));

        Assert.Equal(3, (await world.Store.QueryDocumentsAsync(World.Acme, new DocumentQuery("first-orders"), world.Soon)).Items.Length);
    }

    private sealed record Share(string Id, double Value);

    /// <summary>Divides by the order's total, which may be nothing: JSON has no number for that.</summary>
    private sealed class Shares : Projection<Share>
    {
        public Shares()
            : base("shares", version: 1) => Create<OrderPlaced>((e, at) => new Share(at.Stream.Key, 1 / (double)e.Total));
    }

    /// <summary>Puts a document before it has awaited what it asked for.</summary>
    private sealed class Hasty : Projection
    {
        public Hasty()
            : base("hasty", version: 1)
        {
            var owners = Collection<OrderOwner>("owners");
            var seen = Collection<OrderOwner>("seen");
            On<OrderPlaced>((e, at, documents, _) =>
            {
                documents.Put(owners, at.Stream.Key, new OrderOwner(e.Customer));
                return ValueTask.CompletedTask;
            });
            On<LineAdded>(async (_, at, documents, token) =>
            {
                var finding = documents.FindAsync(owners, at.Stream.Key, token);
                documents.Put(owners, at.Stream.Key, new OrderOwner("ann, put"));
                documents.Put(seen, at.Stream.Key, new OrderOwner($"found {(await finding)?.Customer}"));
            });
        }
    }

    private sealed record ReshapedOrder(string Id, int Customer, OrderStatus Status, decimal Total);

    /// <summary>Its document has changed, and somebody forgot to raise the version.</summary>
    private sealed class Reshaped : Projection<ReshapedOrder>
    {
        public Reshaped()
            : base("order-summaries", version: 1)
        {
            Index(order => order.Status);
            Index(order => order.Customer);
            Index(order => order.Total);
            Update<LineAdded>((order, e) => order with { Total = order.Total + e.Amount });
        }
    }

    /// <summary>What each customer ordered first; the document's key is the event's.</summary>
    private sealed class FirstOrders : Projection<OrderOwner>
    {
        public FirstOrders()
            : base("first-orders", version: 1) => Upsert<OrderPlaced>((e, _) => e.Customer, (present, _, at) => present ?? new OrderOwner(at.Stream.Key));
    }
}
