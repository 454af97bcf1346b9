using System.Globalization;
using Sample;
using Sample.Tests;
using Tallystick.SimulationTests.Moves;
using Tallystick.Testing;
using Tallystick.Testing.Simulations;

namespace Tallystick.SimulationTests.Mutants;

/// <summary>What is called inside of a <see cref="MutantContext"/>; only texts and numbers pass its border.</summary>
public static class MutantRuns
{
    public static string? FirstFailure(string world, long firstSeed, int count)
    {
        for (var seed = firstSeed; seed < firstSeed + count; seed++)
        {
            if (world == "moves")
            {
                if (MoveSimulation.Run(seed) is { } lost)
                    return string.Create(CultureInfo.InvariantCulture, $"{seed - firstSeed + 1}|{lost}");
                continue;
            }

            // The report of the seed as it is: looking for a shorter schedule would take most of the time.
            var run = world switch
            {
                "orders" => Simulation.Try(seed, app => app.AddOrders(), w => w.EverythingHolds(), OrdersWorld.Options with { ShrinkRunsMax = 0 }),
                "random" => Simulation.Try(seed, app => app.AddOrders(), null, RunHashes.RandomOrders with { ShrinkRunsMax = 0 }),
                _ => Simulation.Try(seed, tally => tally.AddLedger(), w => w.LedgerHolds(), LedgerWorld.Options with { ShrinkRunsMax = 0 }),
            };
            if (run.Failure is not null)
                return string.Create(CultureInfo.InvariantCulture, $"{seed - firstSeed + 1}|{run.Failure}");
        }

        return null;
    }
}
