using System.Collections.Immutable;
using Tallystick.Commands;

namespace Sample.Orders;

/// <summary>Draft, then confirmed, then shipped; cancelled from draft or confirmed.</summary>
public sealed class OrderDecider : Decider<OrderCommand, OrderEvent, Order>
{
    public const string StreamCategory = "order";

    public override string Category => StreamCategory;

    public override Order InitialState => Order.None;

    public override Decision<OrderEvent> Decide(OrderCommand command, Order order) => (command, order.Status) switch
    {
        (PlaceOrder place, OrderStatus.None) => Place(place),
        (PlaceOrder, _) => Reject("order-exists", "This order is placed already."),
        (_, OrderStatus.None) => Reject("order-unknown", "There is no such order."),
        (AddLine add, OrderStatus.Draft) => Add(new OrderLine(add.Sku, add.Quantity, add.UnitPrice), order),
        (RemoveLine remove, OrderStatus.Draft) => order.Has(remove.Sku)
            ? Accept(new OrderLineRemoved(order.CustomerId!, remove.Sku))
            : Reject("line-unknown", $"The order has no line with the SKU '{remove.Sku}'."),
        (ConfirmOrder, OrderStatus.Draft) => order.Lines.IsEmpty
            ? Reject("order-empty", "An order without lines can't be confirmed.")
            : Accept(new OrderConfirmed(order.CustomerId!, order.Currency!, order.Total)),
        (ShipOrder, OrderStatus.Confirmed) => Accept(new OrderShipped(order.CustomerId!)),
        (CancelOrder cancel, OrderStatus.Draft or OrderStatus.Confirmed) => Accept(new OrderCancelled(order.CustomerId!, cancel.Reason)),
        _ => Reject("order-state", $"{command.GetType().Name} isn't possible while the order is {order.Status.ToString().ToLowerInvariant()}."),
    };

    public override Order Evolve(Order order, OrderEvent @event) => Apply(order, @event);

    public static Order Apply(Order order, OrderEvent @event) => @event switch
    {
        OrderPlaced placed => placed.Lines.Aggregate(
            new Order(OrderStatus.Draft, placed.CustomerId, placed.Currency, []), (next, line) => next.With(line)),
        OrderLineAdded added => order.With(added.Line),
        OrderLineRemoved removed => order.Without(removed.Sku),
        OrderConfirmed => order with { Status = OrderStatus.Confirmed },
        OrderShipped => order with { Status = OrderStatus.Shipped },
        OrderCancelled => order with { Status = OrderStatus.Cancelled },
        _ => order,
    };

    private static Decision<OrderEvent> Place(PlaceOrder place)
    {
        var placed = new OrderPlaced(place.CustomerId, place.Currency, place.Lines);
        return Apply(Order.None, placed).Lines.Any(line => line.Quantity > Order.QuantityMax) ? TooMany() : Accept(placed);
    }

    private static Decision<OrderEvent> Add(OrderLine line, Order order)
    {
        if (order.QuantityWith(line) > Order.QuantityMax)
            return TooMany();
        return order.With(line).Lines.Length > Order.LinesMax
            ? Reject("order-full", $"An order has at most {Order.LinesMax} lines.")
            : Accept(new OrderLineAdded(order.CustomerId!, line));
    }

    private static Decision<OrderEvent> TooMany() => Reject("line-quantity", $"A line has at most {Order.QuantityMax} pieces.");
}
