using System.Collections.Immutable;
using Sample.Orders;
using Tallystick;
using Tallystick.Events;
using Tallystick.Tenancy;

namespace Sample.Demo;

/// <summary>
/// A steady trickle of made-up orders, so that there is something to watch: about two commands a second for each tenant. Orders walk through
/// their states; a few are cancelled. It uses what every other part of the application uses.
/// </summary>
public sealed class DemoOrders(Tallystick.Tenancy.Tenants tenants, TimeProvider time, ILogger<DemoOrders> logger) : BackgroundService
{
    private const int OpenOrdersMax = 20;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly ImmutableArray<string> Customers = ["demo-ann", "demo-ben", "demo-eve", "demo-joe"];
    private static readonly ImmutableArray<(string Sku, decimal Price)> Goods =
        [("tea", 12.50m), ("coffee", 14.90m), ("honey", 7.20m), ("rice", 3.45m), ("olive-oil", 18.00m)];

    // Always the same story: it is made up anyway.
    private readonly Random _random = new(42);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        var open = FirstStart.Tenants.ToDictionary(tenant => tenant.Id, _ => new Queue<StreamId>());
        try
        {
            foreach (var (id, _) in FirstStart.Tenants)
            {
                var tenant = await tenants.GetAsync(TenantId.Parse(id), stoppingToken);
                foreach (var customer in Customers)
                    await FirstStart.EnsureUserAsync(tenant, customer, $"Demo customer {customer}", stoppingToken);
            }

            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                foreach (var (id, orders) in open)
                    await StepAsync(id, orders, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The application stops.
        }
    }

    /// <summary>A tenant that is suspended, or a store that fails for a time, only pauses the trickle.</summary>
    private async Task StepAsync(string id, Queue<StreamId> open, CancellationToken cancellationToken)
    {
        try
        {
            if (await tenants.FindAsync(TenantId.Parse(id), cancellationToken) is not TenantLookup.Found { Tenant: var tenant })
                return;
            if (open.Count < OpenOrdersMax && _random.Next(3) == 0)
            {
                var stream = tenant.NewStream(OrderDecider.StreamCategory);
                await tenant.ExecuteAsync(stream, MakeOrder(id), cancellationToken);
                open.Enqueue(stream);
            }
            else if (open.TryDequeue(out var order))
            {
                await WalkOnAsync(tenant, order, open, cancellationToken);
            }
        }
        catch (TallystickException error)
        {
            logger.LogWarning("The demo can't go on for {Tenant}: {Reason}", id, error.Message);
        }
    }

    private async Task WalkOnAsync(Tenant tenant, StreamId order, Queue<StreamId> open, CancellationToken cancellationToken)
    {
        var status = (await tenant.StateOf<Order>(order).NowAsync(cancellationToken)).State.Status;
        OrderCommand? next = (status, _random.Next(10)) switch
        {
            (OrderStatus.Draft or OrderStatus.Confirmed, 0) => new CancelOrder("The customer has changed their mind."),
            (OrderStatus.Draft, < 4) => MakeLine(),
            (OrderStatus.Draft, _) => new ConfirmOrder(),
            (OrderStatus.Confirmed, _) => new ShipOrder(),
            _ => null,
        };
        if (next is null)
            return;
        await tenant.ExecuteAsync(order, next, cancellationToken);
        open.Enqueue(order);
    }

    private PlaceOrder MakeOrder(string tenant)
    {
        var line = MakeLine();
        return new PlaceOrder(
            Customers[_random.Next(Customers.Length)], tenant == FirstStart.Tenants[0].Id ? "EUR" : "USD",
            [new OrderLine(line.Sku, line.Quantity, line.UnitPrice)]);
    }

    private AddLine MakeLine()
    {
        var (sku, price) = Goods[_random.Next(Goods.Length)];
        return new AddLine(sku, 1 + _random.Next(5), price);
    }
}
