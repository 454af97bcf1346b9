using Sample.Notifications;
using Sample.Orders;
using Sample.Users;
using Tallystick.Commands;
using Tallystick.Storage;
using Tallystick.Testing;
using Tallystick.Testing.Specifications;

namespace Sample.Tests;

/// <summary>The application as a whole, without HTTP: commands, and all that they set in motion.</summary>
public sealed class WholeApplicationTests
{
    [Fact]
    public async Task An_order_leads_to_a_notification_that_is_listed()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var session = await TrackedSession.StartAsync(app => app.AddOrders(), cancellationToken: cancellationToken);
        await session.ExecuteAsync("acme", "user-ann", new RegisterUser("Ann", "ann@example.com"), cancellationToken);

        var order = await session.ExecuteAsync("acme", "order-1", new PlaceOrder("ann", "EUR", []), cancellationToken);

        var placed = order.Events[0].Recorded.Time;
        order
            .ThenEvents(
                Specification.To("order-1", new OrderPlaced("ann", "EUR", [])),
                Specification.To("notification-ann", new NotificationSent("1", "Your order has been placed.", placed)))
            .ThenDocument("1", new ListedOrder(new Order(OrderStatus.Draft, "ann", "EUR", []), 1, placed))
            .ThenDocument("ann/1", new ListedNotification("ann", 1, placed, "Your order has been placed.", "1"));
        Assert.Same(order.Events[0], order.Events[1].CausedBy);
    }

    [Fact]
    public async Task A_refused_order_causes_nothing()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var session = await TrackedSession.StartAsync(app => app.AddOrders(), cancellationToken: cancellationToken);

        var order = await session.ExecuteAsync("acme", "order-1", new PlaceOrder("nobody", "EUR", []), cancellationToken);

        Assert.IsType<CommandResult.Rejected>(order.Result);
        order.ThenEvents();
    }
}
