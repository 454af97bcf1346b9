using Sample.Notifications;
using Sample.Orders;
using Sample.Users;
using Tallystick.Testing;

namespace Sample.Tests;

/// <summary>What holds for every order, user and inbox, whatever commands arrive. Each check tries a hundred random histories.</summary>
public sealed class OrderPropertiesTests
{
    [Fact]
    public void The_total_is_always_the_sum_of_the_lines() =>
        Properties.Of<OrderDecider>().Always(order => order.Total == order.Lines.Sum(line => line.Quantity * line.UnitPrice));

    [Fact]
    public void No_two_lines_have_the_same_goods_at_the_same_price() =>
        Properties.Of<OrderDecider>().Always(order => order.Lines.DistinctBy(line => (line.Sku, line.UnitPrice)).Count() == order.Lines.Length);

    [Fact]
    public void Every_line_is_within_its_bounds() => Properties.Of<OrderDecider>()
        .Always(order => order.Lines.All(line => line.Quantity is >= 1 and <= Order.QuantityMax && line.UnitPrice is >= 0 and <= Order.UnitPriceMax))
        .Always(order => order.Lines.Length <= Order.LinesMax);

    [Fact]
    public void An_order_that_is_placed_has_a_customer_and_a_currency() =>
        Properties.Of<OrderDecider>().Always(order => (order.Status == OrderStatus.None) == (order.CustomerId is null) && (order.CustomerId is null) == (order.Currency is null));

    [Fact]
    public void Only_orders_with_lines_are_confirmed_and_shipped() =>
        Properties.Of<OrderDecider>().Always(order => order.Status is not (OrderStatus.Confirmed or OrderStatus.Shipped) || order.Lines.Length > 0);

    [Fact]
    public void What_is_shipped_or_cancelled_stays_as_it_is() => Properties.Of<OrderDecider>()
        .AlwaysAfter((before, command, decision, after) => before.Status is not (OrderStatus.Shipped or OrderStatus.Cancelled) || decision.IsRejected);

    [Fact]
    public void Random_histories_reach_every_status()
    {
        var reached = new HashSet<OrderStatus>();

        Properties.Of<OrderDecider>().WithSeed(1).Always(order => reached.Add(order.Status) || true);

        Assert.Equal(Enum.GetValues<OrderStatus>(), reached.Order());
    }

    [Fact]
    public void Orders_keep_the_rules_of_a_decider() => Properties.Of<OrderDecider>().KeepsTheRules().StatesSurviveSerialisation();

    [Fact]
    public void Users_keep_the_rules_of_a_decider() => Properties.Of<UserDecider>().KeepsTheRules().StatesSurviveSerialisation();

    [Fact]
    public void Inboxes_keep_the_rules_of_a_decider() => Properties.Of<NotificationDecider>().KeepsTheRules().SnapshotPlusTailEqualsFold();
}
