using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Projections;

namespace Sample.Orders;

/// <summary>An order as it is answered.</summary>
public sealed record OrderView(
    string Id, string CustomerId, OrderStatus Status, string Currency, ImmutableArray<OrderLine> Lines, decimal Total, long Version,
    long Position, DateTimeOffset PlacedAt)
{
    public static OrderView Of(string id, Order order, StreamVersion version, LogPosition position, DateTimeOffset placedAt) => new(
        id, order.CustomerId!, order.Status, order.Currency!, order.Lines, order.Total, version.Value, position.Value, placedAt);

    public static OrderView Of(ReadModelDocument<ListedOrder> found) =>
        Of(found.Key, found.Value!.Order, StreamVersion.Of(found.Value.Version), found.Position, found.Value.PlacedAt);
}

/// <summary>An order in the list.</summary>
public sealed record ListedOrder(Order Order, long Version, DateTimeOffset PlacedAt)
{
    public OrderStatus Status => Order.Status;

    public string? CustomerId => Order.CustomerId;

    public ListedOrder After(OrderEvent @event, EventContext at) =>
        this with { Order = OrderDecider.Apply(Order, @event), Version = at.Version.Value };
}

/// <summary>The orders, to be found by their status and customer. They are folded by the decider itself.</summary>
public sealed class OrderList : Projection<ListedOrder>
{
    public OrderList()
        : base("orders", version: 1)
    {
        Index(order => order.Status);
        Index(order => order.CustomerId);
        Index(order => order.PlacedAt);

        Create<OrderPlaced>((e, at) => new ListedOrder(Order.None, 0, at.Time).After(e, at));
        Update<OrderLineAdded>((order, e, at) => order.After(e, at));
        Update<OrderLineRemoved>((order, e, at) => order.After(e, at));
        Update<OrderConfirmed>((order, e, at) => order.After(e, at));
        Update<OrderShipped>((order, e, at) => order.After(e, at));
        Update<OrderCancelled>((order, e, at) => order.After(e, at));
    }
}
