using System.Globalization;
using Sample;
using Sample.Tests;
using Tallystick.Testing;
using Tallystick.Testing.Generation;
using Tallystick.Testing.Simulations;

namespace Tallystick.SimulationTests;

/// <summary>The hashes of some runs, one a line.</summary>
public static class RunHashes
{
    /// <summary>The worlds, each with what its random commands need in order to get anywhere.</summary>
    private static readonly (string Name, Action<TallystickBuilder> Application, SimulationOptions Options)[] Worlds =
    [
        ("orders", app => app.AddOrders(), OrdersWorld.Options),
        ("ledger", app => app.AddLedger(), LedgerWorld.Options),
        ("random", app => app.AddOrders(), new SimulationOptions { Generation = GenerationOptions.Default.WithPool("customerId", "1", "2").WithPool("orderId", "1", "2") }),
    ];

    public static IEnumerable<string> Of(long firstSeed, int count) =>
        from world in Worlds
        from seed in Enumerable.Range(0, count).Select(i => firstSeed + i)
        select string.Create(CultureInfo.InvariantCulture, $"{world.Name} {seed} {Simulation.Run(seed, world.Application, null, world.Options).Hash}");
}
