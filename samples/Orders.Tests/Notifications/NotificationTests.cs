using Sample.Notifications;
using Sample.Orders;
using Tallystick.Testing;

namespace Sample.Tests.Notifications;

public sealed class NotificationTests
{
    private static readonly DateTimeOffset Morning = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_notification_is_counted() =>
        Specification.For<NotificationDecider>()
            .Given(new NotificationSent("1", "Hello.", Morning))
            .When(new Notify("2", "Your order has been placed.", Morning))
            .Then(new NotificationSent("2", "Your order has been placed.", Morning))
            .ThenState(new Inbox(2));

    [Fact]
    public void A_notification_needs_a_text() =>
        Specification.For<NotificationDecider>()
            .When(new Notify("1", " ", Morning))
            .ThenRejected("notification-empty");

    [Fact]
    public void A_users_notifications_are_numbered_and_found_with_the_newest_first() =>
        Specification.ForProjection<NotificationList>()
            .Given("notification-ann", new NotificationSent("1", "Placed.", Morning), new NotificationSent("1", "Shipped.", Morning.AddDays(1)))
            .Given("notification-bob", new NotificationSent("2", "Placed.", Morning))
            .ThenDocument("ann/2", new ListedNotification("ann", 2, Morning.AddDays(1), "Shipped.", "1"))
            .ThenQuery<ListedNotification>(query => query.Where(one => one.UserId, "ann").OrderByDescending(one => one.Number), "ann/2", "ann/1");

    [Fact]
    public void A_customer_is_told_that_the_order_has_been_placed() =>
        Specification.ForSubscription<OrderNotifications>()
            .At(Morning)
            .When("order-1", new OrderPlaced("ann", "EUR", []))
            .ThenCommits("notification-ann", new NotificationSent("1", "Your order has been placed.", Morning))
            .ThenNothingWhenDeliveredAgain();

    [Fact]
    public void A_customer_is_told_why_the_order_has_been_cancelled() =>
        Specification.ForSubscription<OrderNotifications>()
            .At(Morning)
            .Given("order-1", new OrderPlaced("ann", "EUR", []))
            .When("order-1", new OrderCancelled("ann", "sold out"))
            .ThenCommits("notification-ann", new NotificationSent("1", "Your order has been cancelled: sold out", Morning));

    [Fact]
    public void A_customer_is_not_bothered_with_lines() =>
        Specification.ForSubscription<OrderNotifications>()
            .Given("order-1", new OrderPlaced("ann", "EUR", []))
            .When("order-1", new OrderLineAdded("ann", new OrderLine("tea", 2, 12.50m)))
            .ThenNothing();

    [Fact]
    public void Each_customer_hears_of_their_own_orders_alone() =>
        Specification.ForSubscription<OrderNotifications>()
            .At(Morning)
            .Given("order-1", new OrderPlaced("ann", "EUR", []))
            .When("order-2", new OrderPlaced("bob", "EUR", []))
            .ThenCommits(Specification.To("notification-bob", new NotificationSent("2", "Your order has been placed.", Morning)));
}
