using Tallystick.Testing;
using Tallystick.Testing.Generation;
using Tallystick.Testing.Simulations;

namespace Sample.Tests;

/// <summary>The whole application, in a world in which everything fails that can.</summary>
public sealed class SimulationTests
{
    [Fact]
    public void The_whole_application_survives_anything() => Simulation.RunMany(
        firstSeed: 1, count: 50, app => app.AddOrders(), world => world.EverythingHolds(), OrdersWorld.Options, cancellationToken: TestContext.Current.CancellationToken);

    /// <summary>
    /// Without a workload of its own: random commands, also those that only the application gives itself. Customers must be known, or no order would ever
    /// be placed; and a notification is about an order, not about just any text.
    /// </summary>
    [Fact]
    public void It_survives_random_commands_too() => Simulation.RunMany(
        firstSeed: 1, count: 50, app => app.AddOrders(),
        world =>
        {
            world.EveryAcknowledgedOrderIsListed();
            world.EveryOrderIsListedAsItHappened();
            world.SalesAreTheSumOfConfirmedOrders();
        },
        new SimulationOptions { Generation = GenerationOptions.Default.WithPool("customerId", "1", "2", "3").WithPool("orderId", "1", "2", "3") },
        cancellationToken: TestContext.Current.CancellationToken);
}
