using Sample;
using Sample.Tests;
using Tallystick.Testing;

namespace Tallystick.SimulationTests;

/// <summary>What the simulation must have met for its checks of leases to mean something.</summary>
public sealed class LeaseSimulationTests
{
    [Fact]
    [Trait("Speed", "Slow")]
    public void Nodes_stand_still_lose_their_connection_and_are_refused_when_they_are_late()
    {
        string[] wanted = ["stands still for", "has no connection to the store for", "refused, lease 'work/", "releases work/", "under work/", "while it is on its way"];
        var met = wanted.ToDictionary(text => text, _ => 0);
        for (var seed = 1; seed <= 60; seed++)
        {
            foreach (var line in Simulation.Run(seed, app => app.AddOrders(), null, OrdersWorld.Options with { ShrinkRunsMax = 0 }).Trace)
            {
                foreach (var text in wanted.Where(text => line.Contains(text, StringComparison.Ordinal)))
                    met[text]++;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", met.Select(pair => $"{pair.Key}: {pair.Value}")));
        Assert.All(met.Values, count => Assert.True(count >= 10, $"{count}"));
    }
}
