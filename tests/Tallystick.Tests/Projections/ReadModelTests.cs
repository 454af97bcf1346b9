using System.Globalization;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Subscriptions;
using Tallystick.Testing.Stores;
using Tallystick.Testing.Time;
using Tallystick.Tests.Subscriptions;

namespace Tallystick.Tests.Projections;

public sealed class ReadModelTests
{
    private readonly OrderSummaries _orders = new();

    [Fact]
    public async Task A_token_of_a_command_lets_a_read_see_what_the_command_did()
    {
        await using var world = new World();
        await world.StartAsync(_orders);
        var models = world.Models<OrderSummary>(_orders);
        for (var i = 0; i < 50; i++)
        {
            var token = await world.AppendAsync($"o{i}", new OrderPlaced("ann", i));

            var order = await models.FindAsync($"o{i}", ReadFreshness.AtLeast(token), world.Soon);

            Assert.Equal(i, order.Value!.Total);
            Assert.True(order.Reached >= token && order.Position == token);
        }
    }

    [Fact]
    public async Task A_token_of_an_event_that_does_not_concern_the_read_model_needs_no_write()
    {
        await using var world = new World();
        var first = await world.AppendAsync("1", new OrderPlaced("ann", 1));
        var host = await world.StartAsync(_orders);
        await world.ReachesAsync(host, _orders.Name, first);
        var token = await world.AppendAsync("1", new Noise(1), new Noise(2));

        var order = await world.Models<OrderSummary>(_orders).FindAsync("1", ReadFreshness.AtLeast(token), world.Soon);

        Assert.True(order.Reached >= token);
        await world.ReachesAsync(host, _orders.Name, token);
        Assert.Equal(first, await world.Store.ReadCheckpointAsync(World.Acme, _orders.Name, world.Soon));
    }

    [Fact]
    public async Task A_checkpoint_is_saved_after_many_events_that_do_not_concern_the_read_model()
    {
        await using var world = new World();
        var host = await world.StartAsync(_orders, World.Impatient with { IdleCheckpointInterval = 5 });
        await world.IsAsync(host, _orders.Name, SubscriptionState.Live);
        for (var i = 0; i < 12; i++)
            await world.ReachesAsync(host, _orders.Name, await world.AppendAsync("1", new Noise(i)));

        Assert.Equal(LogPosition.Of(10), await world.Store.ReadCheckpointAsync(World.Acme, _orders.Name, world.Soon));
    }

    [Fact]
    public async Task A_read_that_waits_is_woken_by_the_commit_and_makes_no_call_meanwhile()
    {
        await using var world = new World();
        var store = new FaultyStore(world.Store);
        var time = new ManualTime();
        await world.AppendAsync("1", new OrderPlaced("ann", 1));
        var reading = world.Models<OrderSummary>(_orders, time, store).FindAsync("1", ReadFreshness.AtLeast(LogPosition.Of(1)), world.Soon).AsTask();
        await time.WhenAwaitedAsync(world.Soon);
        await Drain();
        var calls = store.CallCount;
        await Drain();
        Assert.Equal(calls, store.CallCount);
        Assert.False(reading.IsCompleted);

        await world.StartAsync(_orders);

        Assert.Equal(1, (await reading).Value!.Total);
    }

    [Fact]
    public async Task A_read_model_that_stays_behind_gives_an_error_at_the_deadline_that_names_both_positions()
    {
        await using var world = new World();
        var time = new ManualTime();
        var orders = new OrderSummaries(isPoison: amount => amount == 666);
        var first = await world.AppendAsync("1", new OrderPlaced("ann", 1));
        var host = await world.StartAsync(orders);
        await world.ReachesAsync(host, orders.Name, first);
        var token = await world.AppendAsync("1", new LineAdded(666));
        await world.IsAsync(host, orders.Name, SubscriptionState.Stopped);

        var reading = world.Models<OrderSummary>(orders, time).FindAsync("1", ReadFreshness.AtLeast(token, TimeSpan.FromSeconds(2)), world.Soon).AsTask();
        await time.WhenAwaitedAsync(world.Soon);
        time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(reading.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));
        var error = await Assert.ThrowsAsync<ReadModelBehindException>(() => reading);

        Assert.True(error.IsTransient);
        Assert.Equal((token, first), (error.Wanted, error.Reached));
        Assert.Contains("Poison", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_beyond_the_head_of_the_log_ends_at_its_deadline()
    {
        await using var world = new World();
        var time = new ManualTime();
        var host = await world.StartAsync(_orders);
        await world.ReachesAsync(host, _orders.Name, await world.AppendAsync("1", new OrderPlaced("ann", 1)));

        var reading = world.Models<OrderSummary>(_orders, time).FindAsync("1", ReadFreshness.AtLeast(LogPosition.Of(1_000_000)), world.Soon).AsTask();
        await time.WhenAwaitedAsync(world.Soon);
        time.Advance(ReadFreshness.DefaultDeadline);
        var error = await Assert.ThrowsAsync<ReadModelBehindException>(() => reading);

        Assert.Contains("ends at 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_read_is_cancelled_and_not_late()
    {
        await using var world = new World();
        using var cancel = new CancellationTokenSource();
        var reading = world.Models<OrderSummary>(_orders, new ManualTime()).FindAsync("1", default, cancel.Token).AsTask();
        cancel.Cancel();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [Fact]
    public async Task Documents_are_found_by_equality_and_range_and_paged_in_order()
    {
        await using var world = new World();
        await world.StartAsync(_orders);
        LogPosition token = default;
        for (var i = 0; i < 30; i++)
            token = await world.AppendAsync($"o{i:00}", new OrderPlaced(i % 2 == 0 ? "ann" : "bob", i % 10));
        var fresh = ReadFreshness.AtLeast(token);
        var models = world.Models<OrderSummary>(_orders);

        var bob = await models.Where(order => order.Customer, "bob").PageAsync(fresh, world.Soon);
        Assert.Equal(15, bob.Items.Length);
        Assert.All(bob.Items, item => Assert.Equal("bob", item.Value!.Customer));
        Assert.Null(bob.Next);

        var middle = await models.Between(order => order.Total, 3m, 5m).OrderBy(order => order.Total).PageAsync(fresh, world.Soon);
        Assert.Equal([3m, 3m, 3m, 4m, 4m, 4m], middle.Items.Select(item => item.Value!.Total));

        var few = await models.Query().Before(order => order.Total, 2m).PageAsync(fresh, world.Soon);
        Assert.Equal([0m, 0m, 0m, 1m, 1m, 1m], few.Items.Select(item => item.Value!.Total).Order());
        var many = await models.Query().From(order => order.Total, 8m).PageAsync(fresh, world.Soon);
        Assert.Equal([8m, 8m, 8m, 9m, 9m, 9m], many.Items.Select(item => item.Value!.Total).Order());

        foreach (var descending in new[] { false, true })
        {
            var query = descending ? models.OrderByDescending(order => order.Total) : models.OrderBy(order => order.Total);
            List<OrderSummary> seen = [];
            string? next = null;
            do
            {
                var page = await query.Where(order => order.Status, OrderStatus.Draft).Take(4).After(next).PageAsync(fresh, world.Soon);
                seen.AddRange(page.Items.Select(item => item.Value!));
                next = page.Next;
            }
            while (next is not null);
            Assert.Equal(30, seen.Count);
            var expected = seen.OrderBy(order => order.Total).ThenBy(order => order.Id, StringComparer.Ordinal).ToList();
            if (descending)
                expected.Reverse();
            Assert.Equal(expected, seen);
        }
    }

    [Fact]
    public async Task An_index_that_is_not_declared_is_refused_by_naming_those_that_are()
    {
        await using var world = new World();
        var models = world.Models<OrderSummary>(_orders);

        var error = Assert.Throws<ArgumentException>(() => models.Where(order => order.Id, "1"));

        Assert.Contains("status, customer, total", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("!!!")]
    [InlineData("")]
    [InlineData("bm90IGpzb24")]
    [InlineData("e30")]
    [InlineData("bnVsbA")]
    [InlineData("eyJPcmRlckJ5IjoidG90YWwiLCJEZXNjZW5kaW5nIjpmYWxzZSwiVmFsdWUiOiJ4eSIsIktleSI6ImEifQ")]
    [InlineData("eyJPcmRlckJ5IjoidG90YWwiLCJEZXNjZW5kaW5nIjpmYWxzZSwiVmFsdWUiOiIiLCJLZXkiOiJhIn0")]
    public async Task A_malformed_page_token_is_an_argument_error(string token)
    {
        await using var world = new World();
        await world.StartAsync(_orders);

        await Assert.ThrowsAsync<ArgumentException>(async () =>
            await world.Models<OrderSummary>(_orders).OrderBy(order => order.Total).After(token).PageAsync(default, world.Soon));
    }

    [Fact]
    public async Task A_page_token_of_another_order_is_refused()
    {
        await using var world = new World();
        await world.StartAsync(_orders);
        await world.AppendAsync("1", new OrderPlaced("ann", 1));
        var token = await world.AppendAsync("2", new OrderPlaced("ann", 2));
        var models = world.Models<OrderSummary>(_orders);
        var page = await models.OrderBy(order => order.Total).Take(1).PageAsync(ReadFreshness.AtLeast(token), world.Soon);

        var error = await Assert.ThrowsAsync<ArgumentException>(async () =>
            await models.OrderByDescending(order => order.Total).After(page.Next).PageAsync(default, world.Soon));

        Assert.Contains("another order", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_type_that_no_projection_writes_is_refused_by_naming_those_that_there_are()
    {
        await using var world = new World();
        var catalog = new ReadModelCatalog(world.Store, world.Serializer, [_orders, new Customers()]);

        Assert.Contains("customers/totals", Assert.Throws<InvalidOperationException>(() => catalog.For<string>(World.Acme)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => catalog.For<OrderSummary>(default));
        Assert.NotNull(catalog.For<CustomerTotals>(World.Acme));
    }

    [Fact]
    public void A_freshness_has_a_deadline_even_as_default()
    {
        Assert.Equal(TimeSpan.FromSeconds(5), default(ReadFreshness).Deadline);
        Assert.Throws<ArgumentOutOfRangeException>(() => ReadFreshness.AtLeast(LogPosition.Of(1), TimeSpan.FromSeconds(-1)));
        Assert.Equal("1", LogPosition.Of(1).Value.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Lets everything that is ready run.</summary>
    private static async Task Drain()
    {
        for (var i = 0; i < 100; i++)
            await Task.Yield();
    }
}
