using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Nodes;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;
using Tallystick.Testing.Simulations;
using Tallystick.Testing.Stores;
using Tallystick.Tests.Projections;
using Tallystick.Tests.Subscriptions;

namespace Tallystick.Tests.Nodes;

/// <summary>Hosts that share a database: each projection and subscription runs in one of them, and is seen from all.</summary>
public sealed class SharedHostTests : IDisposable
{
    private static readonly TenantId[] Tenants = [.. Enumerable.Range(1, 12).Select(n => TenantId.Parse($"tenant-{n}"))];
    private static readonly TimeSpan Beats = TimeSpan.FromSeconds(6);

    private readonly Machines _machines = new();
    private readonly EventSerializer _serializer = new(
        new EventTypes([typeof(OrderPlaced), typeof(LineAdded), typeof(OrderConfirmed), typeof(OrderCancelled), typeof(Noise), typeof(Echoed)], []),
        new IdGenerator(TimeProvider.System, Entropy.System));

    public void Dispose() => _machines.Dispose();

    [Fact]
    public void Each_projection_runs_on_one_node_and_moves_when_that_dies()
    {
        var (first, second) = TwoNodes();
        AppendToAll(1);
        RunUntilLive([first, second], 1);
        Assert.All([first, second], node => Assert.InRange(RunningOf(node).Count(), 1, (Tenants.Length * 2) - 1));
        Assert.Empty(RunningOf(first).Intersect(RunningOf(second)));

        first.Machine.Kill();
        AppendToAll(2);
        RunUntilLive([second], 2);
    }

    [Fact]
    public void A_node_that_stops_hands_everything_over_and_the_echoes_are_appended_once()
    {
        var (first, second) = TwoNodes();
        AppendToAll(1);
        RunUntilLive([first, second], 1);
        var stop = first.Machine.Do(() => first.Host.StopAsync(CancellationToken.None));
        _machines.RunUntil(() => stop.IsCompletedSuccessfully, TimeSpan.Zero, "it stops at once");
        AppendToAll(2);
        _machines.RunUntil(() => RunningOf(second).Count() == Tenants.Length * 2, TimeSpan.FromSeconds(2), "the other has taken everything at its next beat");
        RunUntilLive([second], 2);

        foreach (var tenant in Tenants)
            Assert.Equal(2, Log(tenant).Count(e => e.Type == "order.echoed"));
    }

    [Fact]
    public void A_node_that_wakes_up_after_losing_its_lease_can_not_write()
    {
        var (first, second) = TwoNodes();
        AppendToAll(1);
        RunUntilLive([first, second], 1);
        var mine = RunningOf(first).ToArray();
        first.Machine.Freeze();
        _machines.RunUntil(() => RunningOf(second).Count() == Tenants.Length * 2, TimeSpan.FromSeconds(10), "the other has everything");
        AppendToAll(2);
        RunUntilLive([second], 2);
        var before = Tenants.Select(tenant => Log(tenant).Length).ToArray();
        first.Machine.Thaw();
        _machines.RunFor(TimeSpan.FromSeconds(1));

        Assert.NotEmpty(mine);
        Assert.Equal(before, Tenants.Select(tenant => Log(tenant).Length));
        // What it was about to write when it was stopped: under a lease that it held then, and with no guard beside it.
        var commits = first.Machine.Store.Commits.Where(commit => commit.Tenant != TenantId.Platform).ToArray();
        Assert.NotEmpty(commits);
        Assert.All(commits, commit => Assert.IsType<Refusal.LeaseLost>(Assert.IsType<CommitResult.Refused>(
            _machines.Commit(Commit.For(commit.Tenant).Under(Assert.Single(commit.Fences)).Save("late", LogPosition.Of(1)))).Reason));
    }

    [Fact]
    public void A_runner_whose_commit_is_refused_for_its_lease_ends_at_once_and_starts_again_with_the_next_lease()
    {
        var node = Start("first");
        AppendToAll(1);
        RunUntilLive([node], 1);
        // Somebody takes the lease over and releases it, between two beats.
        var lease = Status(node, Tenants[0], "order-summaries").Lease!;
        Assert.IsType<CommitResult.Committed>(_machines.Commit(Commit.For(TenantId.Platform).Release(lease)));
        AppendToAll(2);
        _machines.RunUntil(() => Status(node, Tenants[0], "order-summaries").State == SubscriptionState.Elsewhere, TimeSpan.FromSeconds(1), "it ends before the next beat");
        Assert.Equal((null, null), (Status(node, Tenants[0], "order-summaries").StoreError, Status(node, Tenants[0], "order-summaries").Lease));

        RunUntilLive([node], 2);
        Assert.Equal(lease.Epoch + 1, Status(node, Tenants[0], "order-summaries").Lease!.Epoch);
    }

    [Fact]
    public void Whoever_asks_the_wrong_node_is_told_which_one_has_the_work()
    {
        var (first, second) = TwoNodes();
        AppendToAll(1);
        RunUntilLive([first, second], 1);
        var (tenant, name) = RunningOf(first).First();

        Assert.Equal(("first", SubscriptionState.Elsewhere), (Status(second, tenant, name).Node, Status(second, tenant, name).State));
        foreach (var ask in new Func<Task>[]
        {
            () => second.Host.ResumeAsync(tenant, name, CancellationToken.None),
            () => second.Host.SkipAsync(tenant, name, LogPosition.Of(1), "r", "b", CancellationToken.None),
            () => second.Host.RebuildAsync(tenant, name, CancellationToken.None),
            () => second.Host.WaitForStatusAsync(tenant, name, status => status.State == SubscriptionState.Live, CancellationToken.None),
        })
        {
            var asked = second.Machine.Do(ask);
            _machines.RunUntil(() => asked.IsCompleted, TimeSpan.Zero, "it says so at once");
            Assert.Contains("by 'first'", Assert.IsType<InvalidOperationException>(asked.Exception!.InnerException).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Whoever_waits_for_a_status_is_told_when_the_work_moves_away()
    {
        var first = Start("first");
        AppendToAll(1);
        RunUntilLive([first], 1);
        var waits = Tenants.Select(tenant => first.Machine.Do(() => first.Host.WaitForStatusAsync(tenant, "order-summaries", status => status.Position.Value > 1000, CancellationToken.None))).ToArray();
        var second = Start("second");
        _machines.RunUntil(() => RunningOf(second).Any(work => work.Name == "order-summaries"), Beats, "something has moved");
        _machines.RunFor(TimeSpan.FromSeconds(3));

        Assert.Equal(
            RunningOf(second).Where(work => work.Name == "order-summaries").Select(work => work.Tenant).Order(Comparer<TenantId>.Create((a, b) => string.CompareOrdinal(a.Value, b.Value))),
            Tenants.Where((_, i) => waits[i].IsFaulted).Order(Comparer<TenantId>.Create((a, b) => string.CompareOrdinal(a.Value, b.Value))));
    }

    [Fact]
    public void Readers_on_a_node_that_runs_nothing_wait_for_the_node_that_does()
    {
        var first = Start("first");
        var reader = _machines.Add("reader");
        var models = new ReadModelCatalog(reader.Store, _serializer, [new OrderSummaries()], reader.Time).For<OrderSummary>(Tenants[0]);
        AppendToAll(1);
        ReadModelDocument<OrderSummary>? found = null;
        var read = reader.Do(async () => found = await models.FindAsync("o1", ReadFreshness.AtLeast(LogPosition.Of(1)), CancellationToken.None));
        RunUntilLive([first], 1);
        _machines.RunUntil(() => read.IsCompletedSuccessfully, TimeSpan.FromSeconds(1), "it is read");

        Assert.Equal("customer 1", found!.Value!.Customer);
        Assert.DoesNotContain(reader.Store.Calls.Seen, call => call.Operation is StoreOperation.Commit or StoreOperation.ReadLeases);
    }

    [Fact]
    public void A_store_of_one_process_has_no_leases_and_no_beats()
    {
        var machine = _machines.Add("alone");
        var store = new FaultyStore(_machines.Database);
        var host = new SubscriptionHost(store, _serializer, [new OrderSummaries()], [], new SubscriptionOptions { Time = machine.Time });
        foreach (var tenant in Tenants)
            host.AddTenant(tenant);
        machine.Do(() => host.StartAsync(CancellationToken.None));
        AppendToAll(1);
        _machines.RunUntil(() => Tenants.All(tenant => host.Status(tenant)[0].State == SubscriptionState.Live), TimeSpan.Zero, "everything runs");
        var before = store.CallCount;
        _machines.RunFor(TimeSpan.FromHours(1));

        Assert.Equal(before, store.CallCount);
        Assert.Empty(_machines.Leases());
        Assert.All(store.Commits, commit => Assert.Empty(commit.Fences));
    }

    [Fact]
    public void A_thousand_idle_tenants_with_ten_projections_each_cost_two_calls_a_beat_and_no_timer()
    {
        var machine = _machines.Add("first");
        var projections = Enumerable.Range(1, 10).Select(n => new OrderSummaries(name: $"orders-{n}")).ToArray();
        var host = new SubscriptionHost(machine.Store, _serializer, projections, [], new SubscriptionOptions { Time = machine.Time, ConcurrentBatchesMax = 64 }, null, new NodeOptions { NodeId = "first" });
        TenantId[] tenants = [.. Enumerable.Range(1, 1000).Select(n => TenantId.Parse($"idle-{n}"))];
        foreach (var tenant in tenants)
            host.AddTenant(tenant);
        machine.Do(() => host.StartAsync(CancellationToken.None));
        _machines.RunUntil(() => tenants.All(tenant => host.Status(tenant).All(status => status.State == SubscriptionState.Live)), TimeSpan.FromSeconds(1), "everything is live");
        _machines.RunFor(TimeSpan.Zero);
        var started = machine.Store.CallCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"{started} calls to start 10,000 runners");

        _machines.RunFor(TimeSpan.FromMinutes(1));
        Assert.Equal(60, machine.Store.CallCount - started);
        // The next beat alone, and the deadline of what is held.
        Assert.InRange(_machines.Time.TimerCount, 1, 2);
    }

    private (Node First, Node Second) TwoNodes()
    {
        var (first, second) = (Start("first"), Start("second"));
        _machines.RunUntil(() => RunningOf(second).Any() && RunningOf(first).Count() + RunningOf(second).Count() == Tenants.Length * 2, Beats, "both have work");
        return (first, second);
    }

    private Node Start(string name)
    {
        var machine = _machines.Add(name);
        var host = new SubscriptionHost(
            machine.Store, _serializer, [new OrderSummaries()], [new Echo()], new SubscriptionOptions { Time = machine.Time, RetryDelayFirst = TimeSpan.Zero, RetryDelayMax = TimeSpan.Zero },
            null, new NodeOptions { NodeId = name });
        foreach (var tenant in Tenants)
            host.AddTenant(tenant);
        machine.Do(() => host.StartAsync(CancellationToken.None));
        return new Node(machine, host);
    }

    private void AppendToAll(int number)
    {
        foreach (var tenant in Tenants)
        {
            Assert.IsType<CommitResult.Committed>(_machines.Commit(Commit.For(tenant).Append(
                new StreamId("order", $"o{number}"), ExpectedVersion.NoStream, ImmutableArray.Create(_serializer.Serialize(new OrderPlaced($"customer {number}", number)), _serializer.Serialize(new LineAdded(1))))));
        }
    }

    /// <summary>Until every projection and subscription has dealt with so many orders, on whichever node.</summary>
    private void RunUntilLive(Node[] nodes, int orders)
    {
        _machines.RunUntil(
            () => Tenants.All(tenant => new[] { "order-summaries", "echo" }.All(name => nodes.Count(node =>
                Status(node, tenant, name) is { State: SubscriptionState.Live } status && status.Position.Value >= HeadOf(tenant)) == 1)),
            TimeSpan.FromSeconds(15), $"everything is live with {orders} orders");
        foreach (var tenant in Tenants)
        {
            var query = new DocumentQuery("order-summaries") { Limit = 100 };
            Assert.Equal(orders, _machines.Get(_machines.Database.QueryDocumentsAsync(tenant, query, CancellationToken.None).AsTask()).Items.Length);
        }
    }

    private static IEnumerable<(TenantId Tenant, string Name)> RunningOf(Node node) => Tenants.SelectMany(tenant => node.Host.Status(tenant))
        .Where(status => status.State is not (SubscriptionState.Elsewhere or SubscriptionState.Ended)).Select(status => (status.Tenant, status.Name));

    private static SubscriptionStatus Status(Node node, TenantId tenant, string name) => node.Host.Status(tenant).Single(status => status.Name == name);

    private long HeadOf(TenantId tenant) => _machines.Database.ReadHeadAsync(tenant, CancellationToken.None).AtOnce().Position.Value;

    private ImmutableArray<RecordedEvent> Log(TenantId tenant) =>
        _machines.Get(_machines.Database.ReadLogAsync(tenant, new LogRead(LogPosition.Start, 1000), CancellationToken.None).AsTask()).Events;

    private sealed record Node(Machine Machine, SubscriptionHost Host);
}
