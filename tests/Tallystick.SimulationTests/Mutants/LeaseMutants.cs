using System.Collections.Immutable;

namespace Tallystick.SimulationTests.Mutants;

/// <summary>The deliberate bugs in leases, and in what makes use of them.</summary>
internal static class LeaseMutants
{
    private const string TwoOwners = "Two owners";

    public static ImmutableArray<Mutant> All { get; } =
    [
        new("a write is accepted from a stale epoch", "orders", 300, "was accepted although it depends on lease")
        {
            Edits =
            [
                new("Tallystick/Storage/InMemory/InMemoryLeases.cs",
                    "return entry.Owner == lease.Owner && entry.Epoch == lease.Epoch ? null",
                    "return entry.Epoch >= lease.Epoch ? null"),
            ],
        },
        new("a lease has two owners", "orders", 100, "was accepted although lease")
        {
            Edits = [new("Tallystick/Storage/InMemory/InMemoryLeases.cs", "&& entry.Until > now\n", "&& entry.Until > now + acquire.Duration\n")],
        },
        new("a released lease begins again at epoch 1", "orders", 100, "acquired lease", "the leases were given")
        {
            Edits = [new("Tallystick/Storage/InMemory/InMemoryLeases.cs", "_ => new Entry(null, entry.Epoch, now),", "_ => new Entry(null, 0, now),")],
        },
        new("work goes on after its lease is given back", "orders", 100, TwoOwners)
        {
            Edits = [new("Tallystick/Nodes/WorkCoordinator.cs", "_ending[partition] = _work.EndAsync(partition);", "_ending[partition] = Task.CompletedTask;")],
        },
        new("a node that can't renew goes on", "orders", 300, TwoOwners)
        {
            Edits =
            [
                new("Tallystick/Nodes/WorkCoordinator.cs",
                    "NodeLog.Expired(_logger, NodeId, _running.Count, _options.LeaseDuration);\n        EndAll();",
                    "NodeLog.Expired(_logger, NodeId, _running.Count, _options.LeaseDuration);"),
                new("Tallystick/Nodes/WorkCoordinator.cs", "var left = _options.LeaseDuration - _time.GetElapsedTime(_renewedAt);", "var left = _options.LeaseDuration;"),
            ],
        },
        new("the time of a lease is counted from the answer", "orders", 2000, TwoOwners)
        {
            Edits = [new("Tallystick/Nodes/WorkCoordinator.cs", "_renewedAt = sentAt;", "_renewedAt = _time.GetTimestamp();")],
        },
        new("a runner commits without its lease", "orders", 50, "depends on no lease")
        {
            Edits = [new("Tallystick/Subscriptions/Runner.cs", "lease is null ? commit : commit.Under(lease)", "commit")],
        },
        new("work that was ended is never started again", "orders", 100, "runs on no node", "nothing is left")
        {
            Edits = [new("Tallystick/Nodes/WorkPlan.cs", "else if (room > 0 && (state is null || state.IsFree))", "else if (room > 0 && state is null)")],
        },
    ];
}
