using Tallystick.Testing;

namespace Tallystick.SimulationTests;

/// <summary>Snapshots, deployments that differ, upcasters and rules over the whole log under the simulation.</summary>
public sealed class LedgerSimulationTests
{
    [Fact]
    [Trait("Speed", "Slow")]
    public void The_ledger_survives_anything() => Seeds.Tell("the ledger", Seeds.OfLedger, Simulation.RunMany(
        Seeds.First, Seeds.OfLedger, tally => tally.AddLedger(), world => world.LedgerHolds(), LedgerWorld.Options, new SeedProgress(Seeds.OfLedger),
        TestContext.Current.CancellationToken));
}
