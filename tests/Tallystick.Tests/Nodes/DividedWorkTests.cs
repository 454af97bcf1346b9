using Tallystick.Nodes;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;
using Tallystick.Testing.Simulations;
using Tallystick.Testing.Stores;
using Tallystick.Tests.Tenancy;
using static Tallystick.Tests.Nodes.DividedNodes;

namespace Tallystick.Tests.Nodes;

/// <summary>Several processes over several databases: the work of each is divided by leases that lie in it.</summary>
public sealed class DividedWorkTests : IDisposable
{
    private static readonly TimeSpan Beats = TimeSpan.FromSeconds(8), TakeOver = TimeSpan.FromSeconds(15);

    private readonly DividedNodes _nodes = new();

    public void Dispose() => _nodes.Dispose();

    [Fact]
    public void Each_databases_work_is_divided_and_moves_when_a_node_dies()
    {
        var (first, second, tenants) = BothInEverything();
        foreach (var database in new[] { "main", "eu-2", "own/own-1" })
            Assert.Equal(["first", "second"], _nodes.HoldersOf(database));
        Assert.All(new[] { first, second }, node => Assert.Contains(tenants, tenant => Names.Any(name => node.IsRunning(tenant, name))));

        first.Machine.Kill();
        foreach (var tenant in tenants)
            second.Write(tenant, "after");
        _nodes.RunUntilDone(TakeOver, tenants, second);
        foreach (var database in new[] { "main", "eu-2", "own/own-1" })
            Assert.Equal(["second"], _nodes.HoldersOf(database));
        Assert.Equal(tenants.Select(tenant => $"{tenant}/after").Order(StringComparer.Ordinal), _nodes.PlatformRows().Where(key => key.EndsWith("/after", StringComparison.Ordinal)));
        DemandEchoes(second, tenants);
    }

    [Fact]
    public void A_node_that_wakes_up_after_losing_its_leases_can_write_in_no_database()
    {
        var (first, second, tenants) = BothInEverything();
        first.Machine.Freeze();
        foreach (var tenant in tenants)
            second.Write(tenant, "after");
        _nodes.RunUntilDone(TakeOver, tenants, second);
        var before = Everything(first, tenants);
        first.Machine.Thaw();
        _nodes.Machines.RunFor(TimeSpan.FromSeconds(1));

        Assert.Equal(before, Everything(first, tenants));
        DemandEchoes(second, tenants);
        var databases = first.Opened.Select(pair => (pair.Key, pair.Value)).Append(("main", first.Machine.Store));
        foreach (var (name, store) in databases)
        {
            var fences = store.Commits.SelectMany(commit => commit.Fences).Distinct().ToArray();
            Assert.NotEmpty(fences);
            foreach (var fence in fences)
            {
                // What it was about to write when it was stopped, with no other guard.
                var late = Commit.For(name == "main" ? TenantId.Platform : tenants[^1]).Under(fence).Save("late", Tallystick.Events.LogPosition.Of(1));
                var task = _nodes.Database(name).CommitAsync(late, CancellationToken.None).AsTask();
                Assert.IsType<Refusal.LeaseLost>(Assert.IsType<CommitResult.Refused>(_nodes.Machines.Get(task)).Reason);
            }
        }
    }

    [Fact]
    public void Whatever_is_written_for_a_tenant_depends_on_a_lease_of_the_database_where_it_is_written()
    {
        var (first, second, tenants) = BothInEverything();
        foreach (var node in new[] { first, second })
        {
            foreach (var (name, store) in node.Opened.Select(pair => (pair.Key, pair.Value)).Append(("main", node.Machine.Store)))
            {
                var commits = store.Commits.Where(commit => commit.Documents.Length > 0 || (commit.Checkpoints.Length > 0 && commit.Checkpoints[0].Name != WorkCoordinator.PartitionsCheckpoint)).ToArray();
                Assert.All(commits, commit => Assert.Single(commit.Fences));
                var known = _nodes.Leases(name).Select(lease => lease.Name).ToHashSet(StringComparer.Ordinal);
                Assert.All(commits, commit => Assert.Contains(commit.Fences[0].Name, known));
            }
        }

        Assert.Contains(_nodes.Leases("main"), lease => lease.Name == $"platform/{AllNotes.ListName}@shard-1");
        Assert.DoesNotContain(_nodes.Leases("main"), lease => lease.Name == $"platform/{AllNotes.ListName}@{tenants[0]}");
    }

    [Fact]
    public void A_database_that_one_process_has_for_itself_needs_no_leases_beside_a_shared_one()
    {
        var first = _nodes.Start("first");
        var tenants = first.Create(Alone, "file-1", "file-2");
        foreach (var tenant in tenants)
            first.Write(tenant, "n");
        _nodes.RunUntilDone(TimeSpan.FromSeconds(1), tenants, first);

        Assert.Empty(_nodes.Leases("file/file-1"));
        Assert.All(first.Opened["file/file-1"].Commits, commit => Assert.Empty(commit.Fences));
        // But the platform's rows are where others write as well.
        Assert.All(first.Machine.Store.Commits.Where(commit => commit.Documents.Length > 0), commit => Assert.StartsWith("platform/", Assert.Single(commit.Fences).Name, StringComparison.Ordinal));
        Assert.Equal(["file-1/n", "file-2/n"], _nodes.PlatformRows());
    }

    [Fact]
    public void An_idle_database_is_closed_in_spite_of_its_beats_and_gives_its_leases_back()
    {
        var first = _nodes.Start("first", idle: TimeSpan.FromMinutes(5));
        var tenants = first.Create(Own, "own-1");
        first.Write(tenants[0], "n");
        _nodes.RunUntilDone(Beats, tenants, first);
        Assert.Equal(["first"], _nodes.HoldersOf("own/own-1"));

        _nodes.Machines.RunUntil(() => first.OpenNow.Count == 0, TimeSpan.FromMinutes(11), "it is closed");
        Assert.Equal([""], _nodes.HoldersOf("own/own-1"));
        Assert.Empty(first.Get<SubscriptionHost>().Status(tenants[0]));
        var calls = first.Opened["own/own-1"].CallCount;
        _nodes.Machines.RunFor(TimeSpan.FromMinutes(1));
        Assert.Equal(calls, first.Opened["own/own-1"].CallCount);
        first.Write(tenants[0], "m");
        _nodes.RunUntilDone(Beats, tenants, first);
    }

    [Fact]
    public void A_node_whose_database_is_closed_leaves_the_work_to_the_one_that_needs_it_and_is_not_kept_open_by_it()
    {
        var first = _nodes.Start("first", idle: TimeSpan.FromMinutes(5));
        var tenants = first.Create(Own, "own-1");
        first.Write(tenants[0], "n");
        _nodes.RunUntilDone(Beats, tenants, first);
        var second = _nodes.Start("second", idle: TimeSpan.FromMinutes(5)).Knowing(first);
        _nodes.RunUntilDone(Beats, tenants, first, second);
        _nodes.Machines.RunUntil(() => _nodes.HoldersOf("own/own-1").Length == 2, Beats, "both have a part");
        Assert.Contains(Names, name => second.Status(tenants[0], name) is { State: SubscriptionState.Elsewhere, Node: "first" });

        // One is used again and again, the other isn't.
        _nodes.Machines.RunUntil(
            () =>
            {
                first.Visit(tenants[0]);
                return second.OpenNow.Count == 0;
            },
            TimeSpan.FromMinutes(11), "the other is closed");
        _nodes.RunUntilDone(Beats, tenants, first);
        Assert.Equal(["own/own-1"], first.OpenNow);
    }

    [Fact]
    public void A_database_that_fails_harms_the_work_of_no_other()
    {
        var first = _nodes.Start("first");
        TenantId[] main = first.Create(Placement.Main, "main-1", "main-2"), shard = first.Create(Shard, "shard-1");
        first.Write(shard[0], "n");
        _nodes.RunUntilDone(Beats, [.. main, .. shard], first);
        var fault = first.Opened["eu-2"].Inject(StoreFault.Busy.ForEver());
        _nodes.Machines.RunFor(TimeSpan.FromMinutes(1));
        foreach (var tenant in main)
            first.Write(tenant, "n");
        _nodes.RunUntilDone(TimeSpan.FromSeconds(1), main, first);
        Assert.All(Names, name => Assert.Equal(SubscriptionState.Elsewhere, first.Status(shard[0], name)!.State));

        fault.Remove();
        first.Write(shard[0], "m");
        _nodes.RunUntilDone(Beats, [.. main, .. shard], first);
    }

    [Fact]
    public void A_database_that_can_not_be_reached_when_it_is_opened_is_taken_up_when_it_can()
    {
        var first = _nodes.Start("first");
        var shard = first.Create(Shard, "shard-1");
        first.Faults["eu-2"] = StoreFault.Busy.Where(call => call.Tenant == TenantId.Platform).Times(5);
        first.Write(shard[0], "n");
        Assert.All(Names, name => Assert.False(first.IsRunning(shard[0], name)));
        _nodes.RunUntilDone(TakeOver, shard, first);
    }

    [Fact]
    public void A_database_divided_into_another_number_of_partitions_is_left_alone()
    {
        var first = _nodes.Start("first");
        TenantId[] main = first.Create(Placement.Main, "main-1"), shard = first.Create(Shard, "shard-1");
        first.Write(shard[0], "n");
        _nodes.RunUntilDone(Beats, [.. main, .. shard], first);
        var task = _nodes.Database("eu-2").CommitAsync(
            Commit.For(TenantId.Platform).Save(WorkCoordinator.PartitionsCheckpoint, Tallystick.Events.LogPosition.Of(5), Tallystick.Events.LogPosition.Of(4)), CancellationToken.None).AsTask();
        _nodes.Machines.Get(task);

        var second = _nodes.Start("second", idle: TimeSpan.FromMinutes(5)).Knowing(first);
        second.Visit(shard[0]);
        _nodes.Machines.RunFor(Beats);
        Assert.Equal(["first"], _nodes.HoldersOf("eu-2"));
        Assert.Equal(["first", "second"], _nodes.HoldersOf("main"));
        _nodes.Machines.RunUntil(() => second.OpenNow.Count == 0, TimeSpan.FromMinutes(11), "it is closed when idle");
    }

    [Fact]
    public void A_tenant_that_moves_is_worked_for_at_its_new_place()
    {
        var (first, second, tenants) = BothInEverything();
        var moving = TenantId.Parse("shard-1");
        var before = _nodes.Log("eu-2", moving).Length;
        first.Tell(moving, new TenantCommand.BeginMove(Placement.Main));
        _nodes.Machines.RunUntil(
            () => _nodes.Database("main").ReadTenantAsync(moving, CancellationToken.None).AtOnce() is { IsFenced: false, Position.Value: > 0 }, TakeOver, "it is moved");
        first.Placements["shard-1"] = second.Placements["shard-1"] = Placement.Main;
        first.Write(moving, "there");
        _nodes.RunUntilDone(TakeOver, tenants, first, second);

        // The note, and what answers it.
        Assert.Equal(before + 2, _nodes.Log("main", moving).Length);
        Assert.All(Names, name => Assert.Equal(WorkPartition.Of(moving, name, 4), WorkPlan.PartitionOf(new[] { first, second }.Single(node => node.IsRunning(moving, name)).Status(moving, name)!.Lease!.Name)));
    }

    [Fact]
    public void When_a_node_dies_the_databases_that_it_alone_had_open_are_looked_after()
    {
        var first = _nodes.Start("first");
        var second = _nodes.Start("second");
        _nodes.Machines.RunUntil(() => _nodes.HoldersOf("main").Length == 2, Beats, "both are there");
        var tenants = first.Create(Own, "own-1");
        second.Knowing(first);
        // It is killed between the acknowledgement and what follows from it.
        first.Faults["own/own-1"] = StoreFault.Busy.Where(call => call.Commit is { Checkpoints.IsEmpty: false }).ForEver();
        first.Write(tenants[0], "n");
        Assert.Empty(second.Opened);
        first.Machine.Kill();

        _nodes.RunUntilDone(TakeOver, tenants, second);
        Assert.Equal(["own-1/n"], _nodes.PlatformRows());
        DemandEchoes(second, tenants);
    }

    [Fact]
    public void A_node_that_stops_gives_back_what_it_has_in_every_database()
    {
        var (first, second, tenants) = BothInEverything();
        first.Do(() => first.Get<TallystickRuntime>().StopAsync(CancellationToken.None));
        foreach (var database in new[] { "main", "eu-2", "own/own-1" })
            Assert.DoesNotContain(_nodes.Leases(database), lease => lease.Owner == "first" && lease.Name.StartsWith(WorkPlan.Prefix, StringComparison.Ordinal));
        _nodes.RunUntilDone(TimeSpan.FromSeconds(4), tenants, second);
    }

    /// <summary>Two nodes that have everything open, and tenants in every place that both can have, each with a note.</summary>
    private (DividedNode First, DividedNode Second, TenantId[] Tenants) BothInEverything()
    {
        var first = _nodes.Start("first");
        var second = _nodes.Start("second");
        TenantId[] tenants = [.. first.Create(Placement.Main, "main-1", "main-2", "main-3"), .. first.Create(Shard, "shard-1", "shard-2", "shard-3"), .. first.Create(Own, "own-1", "own-2")];
        second.Knowing(first);
        foreach (var tenant in tenants)
        {
            first.Write(tenant, "n");
            second.Visit(tenant);
        }

        _nodes.Machines.RunFor(Beats);
        _nodes.RunUntilDone(Beats, tenants, first, second);
        return (first, second, tenants);
    }

    private string[] Everything(DividedNode node, TenantId[] tenants) =>
        [.. tenants.Select(tenant => $"{tenant}: {_nodes.Log(NameOf(node.Placements[tenant.Value], tenant), tenant).Length}"), .. _nodes.PlatformRows()];

    /// <summary>Each note has one echo: nothing was done twice, on whichever node.</summary>
    private void DemandEchoes(DividedNode node, TenantId[] tenants)
    {
        foreach (var tenant in tenants)
        {
            var log = _nodes.Log(NameOf(node.Placements[tenant.Value], tenant), tenant);
            Assert.Equal(log.Count(e => e.Type == "note.written"), log.Count(e => e.Type == "note.echoed"));
        }
    }
}
