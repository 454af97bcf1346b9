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
    /// <summary>The sample without a workload of its own; with customers and orders that are known, or nothing would ever be placed.</summary>
    public static SimulationOptions RandomOrders { get; } = new()
    {
        Generation = GenerationOptions.Default.WithPool("customerId", "1", "2", "3").WithPool("orderId", "1", "2", "3"),
    };

    private static readonly (string Name, Action<TallystickBuilder> Application, SimulationOptions Options)[] Worlds =
    [
        ("orders", app => app.AddOrders(), OrdersWorld.Options),
        ("ledger", app => app.AddLedger(), LedgerWorld.Options),
        ("random", app => app.AddOrders(), RandomOrders),
    ];

    public static IEnumerable<string> Of(long firstSeed, int count) =>
        from world in Worlds
        from seed in Enumerable.Range(0, count).Select(i => firstSeed + i)
        select string.Create(CultureInfo.InvariantCulture, $"{world.Name} {seed} {Simulation.Run(seed, world.Application, null, world.Options).Hash}");
}
