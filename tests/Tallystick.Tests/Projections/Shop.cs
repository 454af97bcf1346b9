using Tallystick.Events;
using Tallystick.Projections;

namespace Tallystick.Tests.Projections;

[EventType("order.placed")]
public sealed record OrderPlaced(string Customer, decimal Total);

[EventType("order.line-added")]
public sealed record LineAdded(decimal Amount);

[EventType("order.confirmed")]
public sealed record OrderConfirmed;

[EventType("order.cancelled")]
public sealed record OrderCancelled;

/// <summary>Concerns no projection.</summary>
[EventType("order.noise")]
public sealed record Noise(int Number);

[EventType("order.echoed")]
public sealed record Echoed(long Of);

public enum OrderStatus
{
    Draft,
    Confirmed,
}

public sealed record OrderSummary(string Id, string Customer, OrderStatus Status, decimal Total);

public sealed class OrderSummaries : Projection<OrderSummary>
{
    /// <param name="version">The version.</param>
    /// <param name="name">The name.</param>
    /// <param name="isPoison">Lines of this amount make the handler fail.</param>
    /// <param name="isPoisonCustomer">Orders of this customer make the handler fail.</param>
    public OrderSummaries(
        int version = 1, string name = "order-summaries", Func<decimal, bool>? isPoison = null, Func<string, bool>? isPoisonCustomer = null)
        : base(name, version)
    {
        Index(order => order.Status);
        Index(order => order.Customer);
        Index(order => order.Total);

        Create<OrderPlaced>((e, at) => isPoisonCustomer?.Invoke(e.Customer) == true
            ? throw new InvalidOperationException($"Poison: {e.Customer}.")
            : new OrderSummary(at.Stream.Key, e.Customer, OrderStatus.Draft, e.Total));
        Update<LineAdded>((order, e) => isPoison?.Invoke(e.Amount) == true
            ? throw new InvalidOperationException($"Poison: {e.Amount}.")
            : order with { Total = order.Total + e.Amount });
        Update<OrderConfirmed>((order, _) => order with { Status = OrderStatus.Confirmed });
        Delete<OrderCancelled>();
    }
}

public sealed record CustomerTotals(string Id, int Orders, decimal Total);

public sealed record OrderOwner(string Customer);

/// <summary>Two collections: who owns an order, and what each customer has ordered.</summary>
public sealed class Customers : Projection
{
    public Customers(bool namesKeys = true, Func<decimal, bool>? isPoison = null)
        : base("customers", version: 1)
    {
        Totals = Collection<CustomerTotals>("totals").Index(customer => customer.Total);
        Owners = Collection<OrderOwner>("owners");

        var placed = On<OrderPlaced>(async (e, at, documents, token) =>
        {
            documents.Put(Owners, at.Stream.Key, new OrderOwner(e.Customer));
            var present = await documents.FindAsync(Totals, e.Customer, token) ?? new CustomerTotals(e.Customer, 0, 0);
            documents.Put(Totals, e.Customer, present with { Orders = present.Orders + 1, Total = present.Total + e.Total });
        });
        var added = On<LineAdded>(async (e, at, documents, token) =>
        {
            // Written before the failure, so that a failing event would leave half of itself behind.
            documents.Put(Owners, "last-line", new OrderOwner(at.Stream.Key));
            documents.Put(Owners, $"line-{at.Position}", new OrderOwner(at.Stream.Key));
            if (isPoison?.Invoke(e.Amount) == true)
                throw new InvalidOperationException($"Poison: {e.Amount}.");
            var owner = await documents.FindAsync(Owners, at.Stream.Key, token);
            var present = await documents.FindAsync(Totals, owner!.Customer, token);
            documents.Put(Totals, owner.Customer, present! with { Total = present.Total + e.Amount });
        });
        On<OrderCancelled>((_, at, documents, _) =>
        {
            documents.Delete(Owners, at.Stream.Key);
            return ValueTask.CompletedTask;
        });
        if (namesKeys)
        {
            placed.Loads(Totals, (e, _) => e.Customer);
            added.Loads(Owners, (_, at) => at.Stream.Key);
        }
    }

    public DocumentCollection<CustomerTotals> Totals { get; }

    public DocumentCollection<OrderOwner> Owners { get; }
}
