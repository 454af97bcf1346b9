using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Tallystick.Events;
using Tallystick.Nodes;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Stores;

namespace Tallystick.Tests.Nodes;

/// <summary>Nodes that divide work which does nothing, over one database.</summary>
public sealed class WorkCoordinatorTests
{
    private static readonly NodeOptions Options = new() { WorkPartitions = 8 };

    /// <summary>One beat until a node is seen, one until another gives work up, one until it is taken.</summary>
    private static readonly TimeSpan Beats = Options.HeartbeatInterval * 3;

    [Fact]
    public void Work_spreads_over_the_nodes_that_join_within_a_few_beats()
    {
        using var machines = new Machines();
        var first = Node.Start(machines, "first");
        machines.RunUntil(() => first.Work.Running.Count == 8, TimeSpan.Zero, "one node has everything at once");
        var second = Node.Start(machines, "second");
        machines.RunUntil(() => (first.Work.Running.Count, second.Work.Running.Count) == (4, 4), Beats, "each has its half");
        var third = Node.Start(machines, "third");
        machines.RunUntil(() => third.Work.Running.Count == 2, Beats, "each has its third");

        Node[] nodes = [first, second, third];
        machines.RunFor(TimeSpan.FromMinutes(1), () => OneOwnerEach(nodes));
        Assert.Equal([3, 3, 2], nodes.Select(node => node.Work.Running.Count));
    }

    [Fact]
    public void The_work_of_a_node_that_dies_is_taken_when_its_leases_are_over_in_the_next_epoch()
    {
        using var machines = new Machines();
        var (first, second) = (Node.Start(machines, "first"), Node.Start(machines, "second"));
        machines.RunUntil(() => second.Work.Running.Count == 4, Beats, "each has its half");
        var mine = first.Work.Running.Keys.ToArray();
        first.Machine.Kill();

        machines.RunUntil(() => second.Work.Running.Count == 8, Options.LeaseDuration + Options.HeartbeatInterval, "the other has everything");
        Assert.All(mine, partition => Assert.True(second.Work.Running[partition].Epoch > first.Work.Running[partition].Epoch));
    }

    [Fact]
    public void A_node_that_stops_hands_its_work_over_at_the_others_next_beat()
    {
        using var machines = new Machines();
        var (first, second) = (Node.Start(machines, "first"), Node.Start(machines, "second"));
        machines.RunUntil(() => second.Work.Running.Count == 4, Beats, "each has its half");

        var stop = first.Machine.Do(() => first.Coordinator.StopAsync(CancellationToken.None));
        machines.RunUntil(() => stop.IsCompletedSuccessfully, TimeSpan.Zero, "it leaves at once");
        Assert.Empty(first.Work.Running);
        machines.RunUntil(() => second.Work.Running.Count == 8, Options.HeartbeatInterval, "the other has everything");
        Assert.Equal(machines.Leases().Where(lease => WorkPlan.PartitionOf(lease.Name) is null).Select(lease => lease.Owner), [null, "second"]);
    }

    [Fact]
    public void Work_that_has_not_ended_is_not_given_back()
    {
        using var machines = new Machines();
        var first = Node.Start(machines, "first");
        machines.RunUntil(() => first.Work.Running.Count == 8, TimeSpan.Zero, "one node has everything");
        first.Work.Hangs = new TaskCompletionSource();
        var second = Node.Start(machines, "second");

        machines.RunUntil(() => first.Work.Running.Count == 4, Beats, "half was told to end");
        machines.RunFor(TimeSpan.FromMinutes(1), () => Assert.Empty(second.Work.Running));
        first.Work.Hangs.SetResult();
        machines.RunUntil(() => second.Work.Running.Count == 4, Options.HeartbeatInterval, "it was given back when it had ended");
    }

    [Fact]
    public void A_node_that_can_not_renew_ends_its_work_before_another_can_have_it()
    {
        using var machines = new Machines();
        var (first, second) = (Node.Start(machines, "first"), Node.Start(machines, "second"));
        machines.RunUntil(() => second.Work.Running.Count == 4, Beats, "each has its half");
        var cut = first.Machine.Store.Inject(StoreFault.Busy.ForEver());

        machines.RunUntil(() => second.Work.Running.Count == 8, TimeSpan.FromSeconds(10), "the other has everything");
        Assert.Empty(first.Work.Running);
        Assert.Equal(0, second.Work.Overlaps);
        cut.Remove();
        machines.RunUntil(() => first.Work.Running.Count == 4, Beats, "the first is back");
        machines.RunFor(TimeSpan.FromMinutes(1), () => OneOwnerEach([first, second]));
    }

    [Fact]
    public void A_node_without_a_store_waits_from_beat_to_beat()
    {
        using var machines = new Machines();
        var node = Node.Start(machines, "first");
        machines.RunUntil(() => node.Work.Running.Count == 8, TimeSpan.Zero, "one node has everything");
        node.Machine.Store.Inject(StoreFault.Busy.ForEver());
        machines.RunUntil(() => node.Work.Running.Count == 0, Options.LeaseDuration, "it ends its work");
        var before = node.Machine.Store.CallCount;

        machines.RunFor(Options.HeartbeatInterval * 10);
        Assert.InRange(node.Machine.Store.CallCount - before, 9, 11);
    }

    [Fact]
    public void An_answer_that_never_comes_ends_the_work_in_time()
    {
        using var machines = new Machines();
        var (first, second) = (Node.Start(machines, "first"), Node.Start(machines, "second"));
        machines.RunUntil(() => second.Work.Running.Count == 4, Beats, "each has its half");
        var held = first.Machine.Store.Inject(StoreFault.Held.On(StoreOperation.Commit).ForEver());

        machines.RunUntil(() => second.Work.Running.Count == 8, TimeSpan.FromSeconds(10), "the other has everything");
        Assert.Empty(first.Work.Running);
        held.Remove();
        machines.RunUntil(() => first.Work.Running.Count == 4, Beats, "the first is back");
        machines.RunFor(TimeSpan.FromMinutes(1), () => OneOwnerEach([first, second]));
    }

    [Fact]
    public void The_time_of_a_lease_is_counted_from_when_its_renewal_was_sent()
    {
        using var machines = new Machines();
        var node = Node.Start(machines, "first");
        machines.RunUntil(() => node.Work.Running.Count == 8, TimeSpan.Zero, "one node has everything");
        // Every renewal takes effect at once, but its answer comes only after 3 of the 6 seconds.
        node.Machine.Store.After = call => call.Operation == StoreOperation.Commit ? new ValueTask(Task.Delay(TimeSpan.FromSeconds(3), node.Machine.Time)) : ValueTask.CompletedTask;
        var began = machines.Time.Now + Options.HeartbeatInterval;

        machines.RunUntil(() => node.Machine.Store.Commits.Length >= 3, TimeSpan.FromSeconds(3), "a renewal is under way");
        machines.RunUntil(() => node.Work.Running.Count == 0, TimeSpan.FromMinutes(1), "the renewal after it comes too late");
        // The renewal sent after 2 s is good until 8 s; the next is sent after 7 s, 2 s after the answer, and is answered after 10 s.
        Assert.Equal(began + Options.LeaseDuration, machines.Time.Now);
    }

    [Fact]
    public void A_node_that_wakes_up_after_losing_its_leases_ends_what_it_had()
    {
        using var machines = new Machines();
        var (first, second) = (Node.Start(machines, "first"), Node.Start(machines, "second"));
        machines.RunUntil(() => second.Work.Running.Count == 4, Beats, "each has its half");
        first.Machine.Freeze();
        machines.RunUntil(() => second.Work.Running.Count == 8, TimeSpan.FromSeconds(10), "the other has everything");

        Assert.Equal(4, first.Work.Running.Count);
        first.Machine.Thaw();
        machines.RunUntil(() => first.Work.Running.Count == 0, TimeSpan.Zero, "it notices at once");
        machines.RunUntil(() => (first.Work.Running.Count, second.Work.Running.Count) == (4, 4), Beats + Beats, "each has its half again");
    }

    [Fact]
    public void What_a_lost_answer_gave_is_given_back_and_taken_in_a_new_epoch()
    {
        using var machines = new Machines();
        var machine = machines.Add("first");
        var lost = machine.Store.Inject(StoreFault.LostAnswer.Where(call => call.Commit!.Leases.Length > 1).Times(1));
        var node = Node.Start(machines, "first", machine);

        machines.RunUntil(() => node.Work.Running.Count == 8, Options.HeartbeatInterval, "it finds its own leases");
        Assert.Equal(1, lost.Strikes);
        Assert.All(node.Work.Running.Values, lease => Assert.Equal(2, lease.Epoch));
    }

    [Fact]
    public void Nodes_that_beat_at_the_same_moment_agree_in_the_end()
    {
        using var machines = new Machines();
        var nodes = Enumerable.Range(1, 6).Select(n => machines.Add($"node-{n}")).ToArray();
        foreach (var machine in nodes)
        {
            // Between each one's read and its commit, all others read as well.
            machine.Store.Before = call => call.Operation == StoreOperation.Commit ? new ValueTask(Task.Delay(TimeSpan.FromMilliseconds(10), machine.Time)) : ValueTask.CompletedTask;
        }

        var all = nodes.Select(machine => Node.Start(machines, machine.Name, machine)).ToArray();
        machines.RunUntil(() => all.Sum(node => node.Work.Running.Count) == 8 && all.All(node => node.Work.Running.Count <= 2), TimeSpan.FromSeconds(20), "all have a part");
        machines.RunFor(TimeSpan.FromMinutes(1), () => OneOwnerEach(all));
    }

    [Fact]
    public void A_beat_is_one_read_and_one_commit()
    {
        using var machines = new Machines();
        var node = Node.Start(machines, "first");
        machines.RunUntil(() => node.Work.Running.Count == 8, TimeSpan.Zero, "one node has everything");
        var before = node.Machine.Store.CallCount;

        machines.RunFor(Options.HeartbeatInterval * 30);
        Assert.Equal(60, node.Machine.Store.CallCount - before);
    }

    [Fact]
    public void Another_number_of_partitions_than_the_databases_is_refused()
    {
        using var machines = new Machines();
        Node.Start(machines, "first");
        machines.RunFor(TimeSpan.Zero);
        var machine = machines.Add("second");
        var second = new WorkCoordinator(machine.Store, (Options with { WorkPartitions = 16, NodeId = "second" }).For(StoreLimits.Default, Entropy.System), machine.Time, new Work(), NullLogger.Instance);

        var start = machine.Do(() => second.StartAsync(CancellationToken.None));
        machines.RunUntil(() => start.IsCompleted, TimeSpan.Zero, "it is refused at once");
        Assert.Contains("Set WorkPartitions to 8.", Assert.IsType<InvalidOperationException>(start.Exception!.InnerException).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HeartbeatInterval", 0, 6, 8)]
    [InlineData("LeaseDuration", 4, 7, 8)]
    [InlineData("LeaseDuration", 4, 86_401, 8)]
    [InlineData("WorkPartitions", 2, 6, 0)]
    [InlineData("WorkPartitions", 2, 6, 1001)]
    public void Options_out_of_range_are_refused_by_name(string option, int beat, int lease, int partitions)
    {
        var options = new NodeOptions { HeartbeatInterval = TimeSpan.FromSeconds(beat), LeaseDuration = TimeSpan.FromSeconds(lease), WorkPartitions = partitions };
        Assert.Contains(option, Assert.Throws<ArgumentException>(() => options.For(StoreLimits.Default, Entropy.System)).Message, StringComparison.Ordinal);
        Assert.Contains("NodeId", Assert.Throws<ArgumentException>(() => new NodeOptions { NodeId = "" }.For(StoreLimits.Default, Entropy.System)).Message, StringComparison.Ordinal);
        Assert.NotEqual(new NodeOptions().For(StoreLimits.Default, Entropy.System).NodeId, new NodeOptions().For(StoreLimits.Default, Entropy.System).NodeId);
    }

    private static void OneOwnerEach(Node[] nodes) =>
        Assert.All(nodes.SelectMany(node => node.Work.Running.Keys).GroupBy(partition => partition), group => Assert.Single(group));

    private sealed record Node(Machine Machine, Work Work, WorkCoordinator Coordinator)
    {
        public static Node Start(Machines machines, string name, Machine? machine = null)
        {
            machine ??= machines.Add(name);
            var work = new Work { Database = machines };
            var options = (Options with { NodeId = name }).For(StoreLimits.Default, Entropy.System);
            var coordinator = new WorkCoordinator(machine.Store, options, machine.Time, work, NullLogger.Instance);
            machine.Do(() => coordinator.StartAsync(CancellationToken.None));
            return new Node(machine, work, coordinator);
        }
    }

    /// <summary>Work that is only noted.</summary>
    private sealed class Work : IPartitionWork
    {
        public Machines? Database { get; init; }

        public SortedDictionary<int, Lease> Running { get; } = [];

        public TaskCompletionSource? Hangs { get; set; }

        /// <summary>How often it was started under a lease that the database doesn't give it.</summary>
        public int Overlaps { get; private set; }

        public void Start(int partition, Lease lease)
        {
            Running.Add(partition, lease);
            if (Database is not null && !Database.LeasesNow().Any(state => state.Name == lease.Name && state.Owner == lease.Owner && state.Epoch == lease.Epoch))
                Overlaps++;
        }

        public Task EndAsync(int partition)
        {
            Running.Remove(partition);
            return Hangs?.Task ?? Task.CompletedTask;
        }

        public void Seen(ImmutableArray<string?> others)
        {
        }
    }
}
