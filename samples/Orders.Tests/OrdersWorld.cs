using Sample.Notifications;
using Sample.Orders;
using Sample.Users;
using Tallystick.Events;
using Tallystick.Testing;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Simulations;

namespace Sample.Tests;

/// <summary>The sample in a simulated world: what its users do, and what it promises them whatever happens.</summary>
public static class OrdersWorld
{
    private static readonly string[] Users = ["ann", "bob"];
    private static readonly string[] Orders = ["o1", "o2", "o3"];
    private static readonly string[] Skus = ["tea", "pen", "ink"];

    /// <summary>Few users and orders, with the same ids in all tenants, so that many commands meet at the same stream.</summary>
    public static SimulationOptions Options { get; } = new() { Workload = ActAsync };

    public static void EverythingHolds(this SimulatedWorld world)
    {
        world.EveryAcknowledgedOrderIsListed();
        world.EveryOrderIsListedAsItHappened();
        world.EveryChangeIsNotifiedOnce();
        world.SalesAreTheSumOfConfirmedOrders();
    }

    public static void EveryAcknowledgedOrderIsListed(this SimulatedWorld world)
    {
        foreach (var placed in world.Acknowledged.Where(acknowledged => acknowledged.Command is PlaceOrder))
        {
            SimulatedWorld.Demand(
                world.Documents<ListedOrder>(placed.Tenant).ContainsKey(placed.Stream.Key), $"{placed.Tenant}: {placed.Stream} was acknowledged, but isn't listed.");
        }
    }

    /// <summary>The list by another way than the projection's: without the decider, from the events alone.</summary>
    public static void EveryOrderIsListedAsItHappened(this SimulatedWorld world)
    {
        foreach (var tenant in world.Tenants)
        {
            var listed = world.Documents<ListedOrder>(tenant);
            var orders = world.Events(tenant).Where(e => e.Event is OrderEvent).ToLookup(e => e.Recorded.Stream.Key, e => e.Event);
            SimulatedWorld.Demand(listed.Count == orders.Count, $"{tenant}: {listed.Count} orders are listed, but {orders.Count} were placed.");
            foreach (var order in orders)
            {
                var expected = order.Any(e => e is OrderCancelled) ? OrderStatus.Cancelled
                    : order.Any(e => e is OrderShipped) ? OrderStatus.Shipped
                    : order.Any(e => e is OrderConfirmed) ? OrderStatus.Confirmed
                    : OrderStatus.Draft;
                var found = listed[order.Key];
                SimulatedWorld.Demand(
                    found.Status == expected && found.Version == order.Count(),
                    $"{tenant}: order {order.Key} is listed as {found.Status} at version {found.Version}, but it is {expected} at {order.Count()}.");
            }
        }
    }

    public static void EveryChangeIsNotifiedOnce(this SimulatedWorld world)
    {
        foreach (var tenant in world.Tenants)
        {
            var events = world.Events(tenant).ToArray();
            var changes = events.Count(e => e.Event is OrderPlaced or OrderConfirmed or OrderShipped or OrderCancelled);
            var sent = events.Count(e => e.Event is NotificationSent);
            SimulatedWorld.Demand(sent == changes, $"{tenant}: {changes} changes of orders, but {sent} notifications.");
            SimulatedWorld.Demand(world.Documents<ListedNotification>(tenant).Count == sent, $"{tenant}: not every notification is listed.");
        }
    }

    public static void SalesAreTheSumOfConfirmedOrders(this SimulatedWorld world)
    {
        foreach (var tenant in world.Tenants)
        {
            var confirmed = world.Events(tenant).Where(e => e.Event is OrderConfirmed).ToDictionary(e => e.Recorded.Stream, e => ((OrderConfirmed)e.Event).Total);
            foreach (var (recorded, e) in world.Events(tenant))
            {
                if (e is OrderCancelled)
                    confirmed.Remove(recorded.Stream);
            }

            var reported = world.Documents<SalesDay>(tenant).Values.Sum(day => day.Total);
            SimulatedWorld.Demand(reported == confirmed.Values.Sum(), $"{tenant}: sales of {reported} are reported, but {confirmed.Values.Sum()} were confirmed.");
        }
    }

    private static async Task ActAsync(SimulatedClient client)
    {
        var random = client.Randomness;
        var tenant = random.Pick(client.Tenants);
        var order = new StreamId(OrderDecider.StreamCategory, random.Pick(Orders));
        switch (client.Token(tenant) == LogPosition.Start ? 0 : random.Next(10))
        {
            case 0:
                var user = random.Pick(Users);
                await client.ExecuteAsync(tenant, new StreamId(UserDecider.StreamCategory, user), new RegisterUser($"{user} of {tenant}", $"{user}@{tenant}.example"));
                break;
            case 1:
                await client.FindAsync<ListedOrder>(tenant, order.Key, client.Token(tenant));
                break;
            case 2:
                await client.FindAsync<UserView>(tenant, random.Pick(Users));
                break;
            case 3:
                await client.StateAsync<Order>(tenant, order);
                break;
            default:
                // Whoever has changed something looks at once, and must see it.
                if (await client.ExecuteAsync(tenant, order, NextCommand(random)) is not null && random.Chance(0.5))
                    await client.FindAsync<ListedOrder>(tenant, order.Key, client.Token(tenant));
                break;
        }
    }

    private static OrderCommand NextCommand(SeededEntropy random) => random.Next(8) switch
    {
        0 or 1 or 2 => new PlaceOrder(random.Pick(Users), random.Pick("EUR", "USD"), [new OrderLine(random.Pick(Skus), random.Next(1, 4), random.Next(1, 500) / 100m)]),
        3 or 4 => new AddLine(random.Pick(Skus), random.Next(1, 4), random.Next(1, 500) / 100m),
        5 => new RemoveLine(random.Pick(Skus)),
        6 => new ConfirmOrder(),
        _ => random.Chance(0.5) ? new ShipOrder() : new CancelOrder("changed my mind"),
    };
}
