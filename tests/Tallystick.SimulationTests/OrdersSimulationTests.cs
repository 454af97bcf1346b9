using Sample;
using Sample.Tests;
using Tallystick.Testing;
using Tallystick.Testing.Simulations;

namespace Tallystick.SimulationTests;

/// <summary>The sample under the simulation, with as many seeds as there is time for.</summary>
public sealed class OrdersSimulationTests
{
    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        var first = Simulation.Run(1, app => app.AddOrders(), world => world.EverythingHolds(), OrdersWorld.Options);
        var second = Simulation.Run(1, app => app.AddOrders(), world => world.EverythingHolds(), OrdersWorld.Options);
        Assert.Equal(first.Trace, second.Trace);
        Assert.Equal((first.Hash, first.Steps), (second.Hash, second.Steps));
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public void The_sample_survives_anything() => Seeds.Tell("the sample", Seeds.Count, Simulation.RunMany(
        Seeds.First, Seeds.Count, app => app.AddOrders(), world => world.EverythingHolds(), OrdersWorld.Options, new SeedProgress(Seeds.Count),
        TestContext.Current.CancellationToken));
}
