using System.Collections.Immutable;
using Tallystick.Nodes;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Randomness;

namespace Tallystick.Tests.Nodes;

public sealed class WorkPlanTests
{
    private static readonly TimeSpan Left = TimeSpan.FromSeconds(5);

    [Fact]
    public void A_node_that_is_alone_takes_everything_and_a_place()
    {
        var plan = Plan("a", partitions: 3, leases: []);

        Assert.Equal((1, 3), (plan.Alive, plan.Share));
        Assert.Equal([0, 1, 2], plan.Taken);
        Assert.Equal(["work/node-000", "work/000", "work/001", "work/002"], Names(plan.Commit(Left, takes: true)));
    }

    [Fact]
    public void A_node_that_joins_takes_the_lowest_free_place_and_leaves_what_others_have()
    {
        var plan = Plan("c", 4, [Life(0, "a"), new("work/node-001", "b", 3, TimeSpan.Zero), Work(0, "a"), Work(1, "a"), Work(2, "a"), Work(3, "a")]);

        Assert.Equal((2, 2), (plan.Alive, plan.Share));
        Assert.Empty(plan.Taken);
        Assert.Equal(["work/node-001"], Names(plan.Commit(Left, takes: true)));
        Assert.Equal(["a", "a", "a", "a"], plan.Others());
    }

    [Fact]
    public void A_node_that_has_too_much_ends_it_first_and_gives_it_back_when_it_has_ended()
    {
        ImmutableArray<LeaseState> leases = [Life(0, "a"), Life(1, "b"), Work(0, "a"), Work(1, "a"), Work(2, "a"), Work(3, "a")];

        var first = Plan("a", 4, leases, running: [0, 1, 2, 3]);
        Assert.Equal([2, 3], first.Surplus);
        Assert.Equal([0, 1, 2, 3], first.Kept.Select(lease => WorkPlan.PartitionOf(lease.Name)!.Value));
        Assert.Empty(first.Given);

        var second = Plan("a", 4, leases, running: [0, 1], ending: [3]);
        Assert.Equal([0, 1, 3], second.Kept.Select(lease => WorkPlan.PartitionOf(lease.Name)!.Value));
        Assert.Equal(new Lease(TenantId.Platform, "work/002", "a", 1), Assert.Single(second.Given));
    }

    [Fact]
    public void Work_whose_lease_another_has_or_had_meanwhile_is_lost()
    {
        var plan = Plan("a", 4, [Life(0, "a"), Work(0, "b"), Work(1, "a", epoch: 3), new("work/002", null, 1, TimeSpan.Zero), Work(3, "a")], running: [0, 1, 2, 3]);

        Assert.Equal([0, 1, 2], plan.Lost);
        Assert.Equal(["b", null, null, null], plan.Others());
        Assert.Equal([2], plan.Taken);
    }

    [Fact]
    public void What_nobody_has_taken_is_still_the_nodes_own_after_its_time()
    {
        var plan = Plan("a", 2, [Life(0, "a"), new("work/000", "a", 1, TimeSpan.Zero), new("work/001", "b", 1, TimeSpan.Zero)], running: [0]);

        Assert.Empty(plan.Lost);
        Assert.Equal("work/000", Assert.Single(plan.Kept).Name);
        Assert.Equal([1], plan.Taken);
    }

    [Fact]
    public void A_node_that_leaves_gives_its_place_back_at_once_and_each_partition_when_its_work_has_ended()
    {
        ImmutableArray<LeaseState> leases = [Life(0, "a"), Work(0, "a"), Work(1, "a"), new("work/002", null, 4, TimeSpan.Zero)];
        var plan = Plan("a", 3, leases, ending: [1], isLeaving: true);

        Assert.Empty(plan.Taken);
        var commit = plan.Commit(Left, takes: true);
        Assert.Equal(["work/node-000", "work/001", "work/000"], Names(commit));
        Assert.IsType<LeaseChange.Release>(commit!.Leases[0]);
        Assert.Null(Plan("a", 3, [new("work/000", null, 1, TimeSpan.Zero)], isLeaving: true).Commit(Left, takes: true));
    }

    [Fact]
    public void Without_taking_a_beat_only_keeps()
    {
        var plan = Plan("a", 3, [Life(0, "a"), Work(0, "a")], running: [0]);

        Assert.Equal(["work/node-000", "work/000"], Names(plan.Commit(Left, takes: false)));
        Assert.Null(Plan("a", 3, []).Commit(Left, takes: false));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whoever_comes_and_goes_the_work_is_spread_within_a_few_beats(long seed)
    {
        var random = new SeededEntropy(seed);
        for (var run = 0; run < 30; run++)
        {
            var partitions = random.Next(1, 40);
            var nodes = new SortedDictionary<string, SortedDictionary<int, Lease>>(StringComparer.Ordinal);
            var leases = new SortedDictionary<string, LeaseState>(StringComparer.Ordinal);
            for (var change = 0; change < 8; change++)
            {
                if (nodes.Count == 0 || random.Chance(0.6))
                    nodes.Add($"node {run}.{change}", []);
                else
                    Die(nodes, leases, random.Pick([.. nodes.Keys]));
                for (var beat = 0; beat < 4; beat++)
                {
                    foreach (var node in nodes.Keys)
                        Beat(node, partitions, nodes[node], leases);
                }

                var share = nodes.Count == 0 ? 0 : (partitions + nodes.Count - 1) / nodes.Count;
                Assert.All(nodes.Values, running => Assert.InRange(running.Count, 0, share));
                Assert.Equal(nodes.Count == 0 ? 0 : partitions, nodes.Values.Sum(running => running.Count));
                Assert.InRange(leases.Keys.Count(name => WorkPlan.PartitionOf(name) is null), nodes.Count, 8);
            }
        }
    }

    private static void Die(SortedDictionary<string, SortedDictionary<int, Lease>> nodes, SortedDictionary<string, LeaseState> leases, string node)
    {
        nodes.Remove(node);
        foreach (var (name, lease) in leases.Where(pair => pair.Value.Owner == node).ToArray())
            leases[name] = lease with { Remaining = TimeSpan.Zero };
    }

    private static void Beat(string node, int partitions, SortedDictionary<int, Lease> running, SortedDictionary<string, LeaseState> leases)
    {
        var plan = WorkPlan.Make([.. leases.Values], partitions, new NodeWork(node, running, [], IsLeaving: false));
        Assert.Empty(plan.Lost);
        foreach (var change in plan.Commit(Left, takes: true)!.Leases)
        {
            var epoch = leases.GetValueOrDefault(change.Name)?.Epoch ?? 0;
            leases[change.Name] = change switch
            {
                LeaseChange.Release => new LeaseState(change.Name, null, epoch, TimeSpan.Zero),
                LeaseChange.Acquire => new LeaseState(change.Name, node, epoch + 1, Left),
                _ => leases[change.Name],
            };
            if (change is LeaseChange.Acquire && WorkPlan.PartitionOf(change.Name) is { } partition)
                running.Add(partition, new Lease(TenantId.Platform, change.Name, node, epoch + 1));
        }

        foreach (var partition in plan.Surplus)
            running.Remove(partition);
    }

    private static WorkPlan Plan(
        string node, int partitions, ImmutableArray<LeaseState> leases, int[]? running = null, int[]? ending = null, bool isLeaving = false) =>
        WorkPlan.Make(leases, partitions, new NodeWork(
            node, new SortedDictionary<int, Lease>((running ?? []).ToDictionary(n => n, n => new Lease(TenantId.Platform, WorkPlan.NameOf(n), node, 1))), ending ?? [], isLeaving));

    private static LeaseState Life(int place, string owner) => new($"work/node-{place:000}", owner, 1, Left);

    private static LeaseState Work(int partition, string owner, long epoch = 1) => new(WorkPlan.NameOf(partition), owner, epoch, Left);

    private static IEnumerable<string> Names(Commit? commit) => commit!.Leases.Select(change => change.Name);
}
