using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tests.Subscriptions;

namespace Tallystick.Tests.Projections;

public sealed class FoldTests
{
    [Theory]
    [InlineData(1, 20_000, 5000)]
    [InlineData(2, 20_000, 5000)]
    [InlineData(7, 20_000, 5000)]
    [InlineData(1000, 20_000, 5000)]
    [InlineData(7, 3, 5000)]
    [InlineData(1000, 1, 2)]
    public async Task The_rows_are_the_same_whatever_the_batch_and_the_cache(int batch, int cache, int changed)
    {
        await using var world = new World();
        var head = await world.AppendHistoryAsync(12);
        var options = World.Impatient with
        {
            LiveBatchLength = batch, CatchUpPageLength = batch, CatchUpBatchLength = batch, CachedDocumentsMax = cache, ChangedDocumentsMax = changed,
        };

        var host = world.Host([new OrderSummaries(), new Customers(), new CustomersWithoutKeys()], [], options);
        await host.StartAsync(world.Soon);
        await world.ReachesAsync(host, "order-summaries", head);
        await world.ReachesAsync(host, "customers", head);
        await world.ReachesAsync(host, "customers2", head);
        // Further events, with documents in the cache and not.
        head = await world.AppendHistoryAsync(12, seed: 3, prefix: "p");
        await world.ReachesAsync(host, "order-summaries", head);
        await world.ReachesAsync(host, "customers", head);
        await world.ReachesAsync(host, "customers2", head);

        Assert.Equal(await world.ExpectedOrdersAsync(), await world.OrdersAsync());
        var totals = await world.RowsAsync("customers/totals");
        Assert.Equal(totals, await world.RowsAsync("customers2/totals"));
        Assert.Contains("c0", totals, StringComparison.Ordinal);
        Assert.Equal(await world.RowsAsync("customers/owners"), await world.RowsAsync("customers2/owners"));
    }

    [Fact]
    public async Task A_later_event_of_the_same_batch_sees_what_an_earlier_one_put()
    {
        await using var world = new World();
        await world.AppendAsync("1", new OrderPlaced("ann", 10), new LineAdded(5));
        var head = await world.AppendAsync("2", new OrderPlaced("ann", 1));
        var customers = new Customers();
        var host = await world.StartAsync(customers);
        await world.ReachesAsync(host, "customers", head);

        var ann = await world.Models<CustomerTotals>(customers).FindAsync("ann", cancellationToken: world.Soon);

        Assert.Equal(new CustomerTotals("ann", 2, 16), ann.Value);
        Assert.Equal(LogPosition.Of(3), ann.Position);
    }

    [Fact]
    public async Task An_update_of_a_missing_document_stops_the_projection_unless_it_says_to_ignore_it()
    {
        await using var world = new World();
        await world.AppendAsync("1", new LineAdded(5));
        var head = await world.AppendAsync("2", new OrderPlaced("ann", 1));
        var host = world.Host([new OrderSummaries(), new Forgiving()], []);
        await host.StartAsync(world.Soon);

        var stopped = await world.IsAsync(host, "order-summaries", SubscriptionState.Stopped);
        await world.ReachesAsync(host, "forgiving", head);

        Assert.Equal(LogPosition.Of(1), stopped.Failure!.Position);
        Assert.Contains("isn't there", stopped.Failure.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Creating_a_document_twice_stops_the_projection()
    {
        await using var world = new World();
        await world.AppendAsync("1", new OrderPlaced("ann", 1), new OrderPlaced("bob", 2));
        var host = await world.StartAsync(new OrderSummaries());

        var stopped = await world.IsAsync(host, "order-summaries", SubscriptionState.Stopped);

        Assert.Equal(LogPosition.Of(2), stopped.Failure!.Position);
    }

    [Fact]
    public async Task A_failing_event_leaves_nothing_of_itself_behind_and_all_before_it_is_saved()
    {
        await using var world = new World();
        await world.AppendAsync("1", new OrderPlaced("ann", 1), new LineAdded(2));
        var poison = await world.AppendAsync("1", new LineAdded(666));
        await world.AppendAsync("1", new LineAdded(3));
        // The first build shows nothing before it is complete, so begin with what succeeds.
        var customers = new Customers(isPoison: amount => amount == 666);
        var host = await world.StartAsync(customers);
        var stopped = await world.IsAsync(host, "customers", SubscriptionState.Stopped);

        Assert.Equal(poison, stopped.Failure!.Position);
        Assert.Equal(LogPosition.Of(2), await world.Store.ReadCheckpointAsync(World.Acme, "customers@1", world.Soon));
        var rows = await world.RowsAsync("customers/owners", generation: 1);
        Assert.DoesNotContain($"line-{poison}", rows, StringComparison.Ordinal);
        Assert.Contains("line-2", rows, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_whose_document_is_too_large_to_be_stored_is_found_and_stops_the_projection_alone()
    {
        await using var world = new World();
        for (var i = 0; i < 20; i++)
            await world.AppendAsync($"o{i}", new OrderPlaced("ann", i));
        var poison = await world.AppendAsync("big", new OrderPlaced("ann", 4242));
        await world.AppendAsync("after", new OrderPlaced("ann", 1));
        var host = await world.StartAsync(new Bloated());

        var stopped = await world.IsAsync(host, "bloated", SubscriptionState.Stopped);

        Assert.Equal(poison, stopped.Failure!.Position);
        Assert.Contains("DocumentBytesMax", stopped.Failure.Error, StringComparison.Ordinal);
        Assert.Equal(LogPosition.Of(20), await world.Store.ReadCheckpointAsync(World.Acme, "bloated@1", world.Soon));
    }

    [Fact]
    public async Task An_event_that_was_renamed_since_is_still_read()
    {
        await using var world = new World();
        var serializer = new EventSerializer(
            new EventTypes([typeof(OrderPlaced), typeof(LineAdded), typeof(OrderConfirmed), typeof(OrderCancelled)], [new Renamed()]),
            new IdGenerator(TimeProvider.System, Entropy.System));
        var old = new NewEvent(Guid.Empty, "order.created", 1, """{"customer":"ann","total":3}"""u8.ToArray(), []);
        await world.Store.CommitAsync(Commit.For(World.Acme).Append(new StreamId("order", "1"), ExpectedVersion.NoStream, old), world.Soon);
        await using var host = new SubscriptionHost(world.Store, serializer, [new OrderSummaries()], []);
        host.AddTenant(World.Acme);
        await host.StartAsync(world.Soon);
        await world.ReachesAsync(host, "order-summaries", LogPosition.Of(1));

        Assert.Contains("ann", await world.RowsAsync("order-summaries"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_that_nobody_handles_are_not_even_deserialised()
    {
        await using var world = new World();
        var unreadable = new NewEvent(Guid.Empty, "of.another.application", 1, "not json"u8.ToArray(), []);
        await world.Store.CommitAsync(Commit.For(World.Acme).Append(new StreamId("x", "1"), ExpectedVersion.NoStream, unreadable), world.Soon);
        var head = await world.AppendAsync("1", new OrderPlaced("ann", 1));
        var host = await world.StartAsync(new OrderSummaries());

        await world.ReachesAsync(host, "order-summaries", head);
    }

    [Fact]
    public async Task An_event_that_can_not_be_read_stops_the_projection_at_it()
    {
        await using var world = new World();
        await world.AppendAsync("1", new OrderPlaced("ann", 1));
        var unreadable = new NewEvent(Guid.Empty, "order.placed", 1, "{}"u8.ToArray(), []);
        await world.Store.CommitAsync(Commit.For(World.Acme).Append(new StreamId("order", "2"), ExpectedVersion.NoStream, unreadable), world.Soon);
        var host = await world.StartAsync(new OrderSummaries());

        var stopped = await world.IsAsync(host, "order-summaries", SubscriptionState.Stopped);

        Assert.Equal(LogPosition.Of(2), stopped.Failure!.Position);
        Assert.Equal("order.placed", stopped.Failure.EventType);
    }

    [Fact]
    public void A_projection_that_contradicts_itself_is_refused_when_it_is_made()
    {
        Assert.Contains("twice", Assert.Throws<InvalidOperationException>(() => new Wrong(handlesTwice: true)).Message, StringComparison.Ordinal);
        Assert.Contains("can't be indexed", Assert.Throws<NotSupportedException>(() => new Wrong(indexesDouble: true)).Message, StringComparison.Ordinal);
        Assert.Contains("one property", Assert.Throws<ArgumentException>(() => new Wrong(indexesTwoSteps: true)).Message, StringComparison.Ordinal);
        Assert.Contains("index 'id' twice", Assert.Throws<ArgumentException>(() => new Wrong(indexesTwice: true)).Message, StringComparison.Ordinal);
        Assert.Contains("collection 'empty/things' twice", Assert.Throws<InvalidOperationException>(() => new Empty(collections: 2)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new OrderSummaries(name: "Order Summaries"));
        Assert.Throws<ArgumentOutOfRangeException>(() => new OrderSummaries(version: 0));
    }

    [Fact]
    public async Task A_projection_without_handlers_or_documents_is_refused_and_one_that_runs_can_not_be_changed()
    {
        await using var world = new World();
        Assert.Contains("handles no event", Assert.Throws<InvalidOperationException>(() => world.Host(new Empty(collections: 1))).Message, StringComparison.Ordinal);
        Assert.Contains("no collection", Assert.Throws<InvalidOperationException>(() => world.Host(new Empty(handles: true))).Message, StringComparison.Ordinal);
        var running = new Empty(collections: 1, handles: true);
        world.Host(running);
        Assert.Contains("already runs", Assert.Throws<InvalidOperationException>(running.AddMore).Message, StringComparison.Ordinal);
    }

    private sealed class Empty : Projection
    {
        public Empty(int collections = 0, bool handles = false)
            : base("empty", version: 1)
        {
            for (var i = 0; i < collections; i++)
                AddMore();
            if (handles)
                On<OrderPlaced>((_, _, _, _) => ValueTask.CompletedTask);
        }

        public void AddMore() => Collection<OrderOwner>("things");
    }

    private sealed class Forgiving : Projection<OrderSummary>
    {
        public Forgiving()
            : base("forgiving", version: 1)
        {
            Upsert<OrderPlaced>((_, at) => at.Stream.Key, (present, e, at) => present ?? new OrderSummary(at.Stream.Key, e.Customer, default, e.Total));
            Update<LineAdded>((order, e) => order with { Total = order.Total + e.Amount }, whenMissing: WhenMissing.Ignore);
        }
    }

    private sealed record Fat(string Id, string Text);

    private sealed class Bloated : Projection<Fat>
    {
        public Bloated()
            : base("bloated", version: 1) =>
            Create<OrderPlaced>((e, at) => new Fat(at.Stream.Key, new string('x', e.Total == 4242 ? 5 * 1024 * 1024 : 10)));
    }

    private sealed class Renamed() : Upcaster("order.created", 1, 1, "order.placed")
    {
        public override System.Text.Json.Nodes.JsonObject Upcast(System.Text.Json.Nodes.JsonObject payload) => payload;
    }

    private sealed record Measured(string Id, double Length, OrderOwner Owner);

    private sealed class Wrong : Projection<Measured>
    {
        public Wrong(bool handlesTwice = false, bool indexesDouble = false, bool indexesTwoSteps = false, bool indexesTwice = false)
            : base("wrong", version: 1)
        {
            Delete<OrderPlaced>();
            if (handlesTwice)
                Delete<OrderPlaced>();
            if (indexesDouble)
                Index(document => document.Length);
            for (var i = 0; indexesTwice && i < 2; i++)
                Index(document => document.Id);
            if (indexesTwoSteps)
                Index(document => document.Owner.Customer);
        }
    }

    /// <summary>The same as <see cref="Customers"/>, loading each document when it is asked for.</summary>
    private sealed class CustomersWithoutKeys : Projection
    {
        public CustomersWithoutKeys()
            : base("customers2", version: 1)
        {
            var totals = Collection<CustomerTotals>("totals").Index(customer => customer.Total);
            var owners = Collection<OrderOwner>("owners");
            On<OrderPlaced>(async (e, at, documents, token) =>
            {
                documents.Put(owners, at.Stream.Key, new OrderOwner(e.Customer));
                var present = await documents.FindAsync(totals, e.Customer, token) ?? new CustomerTotals(e.Customer, 0, 0);
                documents.Put(totals, e.Customer, present with { Orders = present.Orders + 1, Total = present.Total + e.Total });
            });
            On<LineAdded>(async (e, at, documents, token) =>
            {
                documents.Put(owners, "last-line", new OrderOwner(at.Stream.Key));
                documents.Put(owners, $"line-{at.Position}", new OrderOwner(at.Stream.Key));
                var owner = await documents.FindAsync(owners, at.Stream.Key, token);
                var present = await documents.FindAsync(totals, owner!.Customer, token);
                documents.Put(totals, owner.Customer, present! with { Total = present.Total + e.Amount });
            });
            On<OrderCancelled>((_, at, documents, _) =>
            {
                documents.Delete(owners, at.Stream.Key);
                return ValueTask.CompletedTask;
            });
        }
    }
}
