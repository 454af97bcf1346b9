using Sample.Orders;
using Tallystick.Testing;
using Tallystick.Testing.Specifications;

namespace Sample.Tests.Orders;

public sealed class OrderListTests
{
    private static readonly OrderLine Tea = new("tea", 2, 12.50m);
    private static readonly DateTimeOffset Morning = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    /// <summary>Two orders of Ann's and one of Bob's: what several tests begin with.</summary>
    private static ProjectionSpecification ThreeOrders() =>
        Specification.ForProjection<OrderList>()
            .At(Morning).Given("order-1", new OrderPlaced("ann", "EUR", [Tea]))
            .At(Morning.AddHours(1)).Given("order-2", new OrderPlaced("bob", "EUR", [Tea]))
            .At(Morning.AddHours(2)).Given("order-3", new OrderPlaced("ann", "USD", []))
            .Given("order-1", new OrderConfirmed("ann", "EUR", 25.00m));

    [Fact]
    public void A_placed_order_is_listed_with_the_time_of_its_placing() =>
        Specification.ForProjection<OrderList>()
            .At(Morning)
            .Given("order-1", new OrderPlaced("ann", "EUR", [Tea]))
            .ThenDocuments(("1", new ListedOrder(new Order(OrderStatus.Draft, "ann", "EUR", [Tea]), Version: 1, Morning)));

    [Fact]
    public void A_listed_order_follows_its_events() =>
        Specification.ForProjection<OrderList>()
            .At(Morning)
            .Given("order-1", new OrderPlaced("ann", "EUR", [Tea]), new OrderLineAdded("ann", new OrderLine("cup", 1, 4.00m)), new OrderLineRemoved("ann", "tea"))
            .Given("order-1", new OrderConfirmed("ann", "EUR", 4.00m), new OrderShipped("ann"))
            .ThenDocument("1", new ListedOrder(new Order(OrderStatus.Shipped, "ann", "EUR", [new OrderLine("cup", 1, 4.00m)]), Version: 5, Morning));

    [Fact]
    public void Orders_are_found_by_their_customer_in_the_order_of_their_placing() => ThreeOrders()
        .ThenQuery<ListedOrder>(query => query.Where(order => order.CustomerId, "ann").OrderByDescending(order => order.PlacedAt), "3", "1");

    [Fact]
    public void Orders_are_found_by_their_status() => ThreeOrders()
        .ThenQuery<ListedOrder>(query => query.Where(order => order.Status, OrderStatus.Confirmed), "1")
        .ThenQuery<ListedOrder>(query => query.Where(order => order.Status, OrderStatus.Draft), "2", "3")
        .ThenQuery<ListedOrder>(query => query.Where(order => order.Status, OrderStatus.Cancelled));
}
