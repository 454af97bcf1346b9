using Tallystick.Testing;
using Tallystick.Testing.Simulations;

namespace Tallystick.SimulationTests;

/// <summary>What a failing run tells.</summary>
public sealed class FailureReportTests
{
    [Fact]
    public void A_failing_run_prints_its_seed_the_shortest_schedule_found_and_a_trace()
    {
        var asItIs = Run(LedgerWorld.Options with { ShrinkRunsMax = 0 });
        var shrunk = Run(LedgerWorld.Options);

        Assert.True(shrunk.Deviations <= 5 && shrunk.Deviations < asItIs.Deviations, $"{shrunk.Deviations} decisions are left of {asItIs.Deviations}.");
        Assert.Equal(asItIs.Deviations, shrunk.DeviationsAtFirst);
        var text = shrunk.Describe();
        Assert.StartsWith("Seed 1: tenant-", text, StringComparison.Ordinal);
        Assert.Contains($"The shortest schedule that was found to fail has {shrunk.Deviations} decisions", text, StringComparison.Ordinal);
        Assert.Contains("new Withdraw(", text, StringComparison.Ordinal);
        Assert.Contains($"See it again with seed 1: the trace's hash is then {shrunk.Hash}.", text, StringComparison.Ordinal);
        Assert.Equal(text, Run(LedgerWorld.Options).Describe());
    }

    [Fact]
    public void Many_runs_tell_of_the_lowest_seed_that_fails() => Assert.StartsWith(
        "Seed 1: tenant-",
        Assert.Throws<CheckFailedException>(() => Simulation.RunMany(
            1, 4, tally => tally.AddLedger(), NothingIsWithdrawn, LedgerWorld.Options with { ShrinkRunsMax = 0 }, cancellationToken: TestContext.Current.CancellationToken)).Message,
        StringComparison.Ordinal);

    private static SimulationRun Run(SimulationOptions options) => Simulation.Try(1, tally => tally.AddLedger(), NothingIsWithdrawn, options);

    /// <summary>False of any run in which a single withdrawal is accepted.</summary>
    private static void NothingIsWithdrawn(SimulatedWorld world)
    {
        foreach (var tenant in world.Tenants)
            SimulatedWorld.Demand(!world.Events(tenant).Any(e => e.Event is Withdrawn), $"{tenant}: something was withdrawn.");
    }
}
