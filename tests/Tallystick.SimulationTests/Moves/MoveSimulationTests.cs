namespace Tallystick.SimulationTests.Moves;

/// <summary>Moves under many seeds.</summary>
public sealed class MoveSimulationTests
{
    [Fact]
    [Trait("Speed", "Slow")]
    public void A_tenant_that_is_moved_back_and_forth_loses_nothing_whatever_dies()
    {
        var failures = new SortedDictionary<long, string>();
        Parallel.For(0, Seeds.OfMoves, i =>
        {
            if (MoveSimulation.Run(Seeds.First + i) is not { } failure)
                return;
            lock (failures)
                failures.Add(i, failure);
        });
        Assert.True(failures.Count == 0, $"{failures.Count} of {Seeds.OfMoves} seeds fail. The first: {failures.Values.FirstOrDefault()}");
    }
}
