using System.Collections.Immutable;
using Tallystick.Events;

namespace Sample.Orders;

/// <summary>What happened to an order. Each event names the customer, so that whoever reacts to it needs no look-up.</summary>
public abstract record OrderEvent([property: EventTag("customer")] string CustomerId);

[EventType("order.placed")]
public sealed record OrderPlaced(string CustomerId, string Currency, ImmutableArray<OrderLine> Lines) : OrderEvent(CustomerId);

[EventType("order.line-added")]
public sealed record OrderLineAdded(string CustomerId, OrderLine Line) : OrderEvent(CustomerId);

[EventType("order.line-removed")]
public sealed record OrderLineRemoved(string CustomerId, string Sku) : OrderEvent(CustomerId);

[EventType("order.confirmed")]
public sealed record OrderConfirmed(string CustomerId, string Currency, decimal Total) : OrderEvent(CustomerId);

[EventType("order.shipped")]
public sealed record OrderShipped(string CustomerId) : OrderEvent(CustomerId);

[EventType("order.cancelled")]
public sealed record OrderCancelled(string CustomerId, string Reason) : OrderEvent(CustomerId);
