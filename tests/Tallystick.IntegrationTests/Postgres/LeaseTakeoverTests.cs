using System.Globalization;
using Tallystick.Events;
using Tallystick.Postgres;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Conformance;

namespace Tallystick.IntegrationTests.Postgres;

/// <summary>A lease that goes from one node to another while the first one still writes under it.</summary>
public sealed class LeaseTakeoverTests
{
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);
    private static readonly TenantId Acme = TenantId.Parse("acme");
    private static readonly StreamId Order1 = new("order", "1");

    private readonly TestEvents _make = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_takeover_waits_for_what_the_old_owner_is_writing_under_the_lease(bool ofPlatform)
    {
        await using var nodes = await TwoNodes.OpenAsync();
        var tenant = ofPlatform ? TenantId.Platform : Acme;
        var lease = await AcquireAsync(nodes.First, tenant, "ann", TimeSpan.FromTicks(1));
        await using var blocker = await nodes.BeginAsync("INSERT INTO checkpoints(position, tenant, name) VALUES(1, 'acme', 'orders')");
        var writing = nodes.First.CommitAsync(Writing(lease).Save("orders", LogPosition.Of(5)), Stop).AsTask();
        await nodes.WaitingAsync(1, writing);

        var takeover = nodes.Second.CommitAsync(Commit.For(tenant).Acquire("work", "bob", Long), Stop).AsTask();
        await nodes.WaitingAsync(2, takeover);
        Assert.False(takeover.IsCompleted, "The lease was taken over while a commit under it was on its way.");
        await TwoNodes.RunAsync(blocker, "ROLLBACK");

        Assert.IsType<CommitResult.Committed>(await writing.WaitAsync(TwoNodes.Deadline, Stop));
        Assert.Equal(2, (await takeover.WaitAsync(TwoNodes.Deadline, Stop)).Demand().Leases[0].Epoch);
        Assert.Equal(new CommitResult.Refused(new Refusal.LeaseLost(lease, "bob", 2)), await nodes.First.CommitAsync(Writing(lease), Stop));
        Assert.Equal(1, (await nodes.Second.ReadHeadAsync(Acme, Stop)).Position.Value);
    }

    [Fact]
    public async Task A_commit_under_a_lease_that_is_being_taken_over_waits_and_is_refused()
    {
        await using var nodes = await TwoNodes.OpenAsync();
        var lease = await AcquireAsync(nodes.First, TenantId.Platform, "ann", Long);
        await using var takeover = await nodes.BeginAsync("UPDATE leases SET owner = 'bob', epoch = epoch + 1 WHERE tenant = '$platform'");

        var writing = nodes.First.CommitAsync(Writing(lease), Stop).AsTask();
        await nodes.WaitingAsync(1, writing);
        Assert.False(writing.IsCompleted, "The commit didn't ask for the lease's lock.");
        await TwoNodes.RunAsync(takeover, "COMMIT");

        Assert.Equal(new CommitResult.Refused(new Refusal.LeaseLost(lease, "bob", 2)), await writing.WaitAsync(TwoNodes.Deadline, Stop));
        Assert.Equal(0, (await nodes.Second.ReadHeadAsync(Acme, Stop)).Position.Value);
    }

    [Fact]
    public async Task The_servers_clock_decides_whatever_the_nodes_clocks_say()
    {
        await using var nodes = await TwoNodes.OpenAsync();
        await AcquireAsync(nodes.First, Acme, "ann", Long);
        await nodes.Schema.Server.ExecuteAsync(
            $"UPDATE {nodes.Schema.Name}.leases SET until = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + 60000000");

        var state = Assert.Single(await nodes.Second.ReadLeasesAsync(Acme, new LeaseRead("", 10), Stop));
        Assert.InRange(state.Remaining, TimeSpan.FromTicks(1), TimeSpan.FromMinutes(1));
        Assert.IsType<Refusal.LeaseHeld>(Assert.IsType<CommitResult.Refused>(
            await nodes.Second.CommitAsync(Commit.For(Acme).Acquire("work", "bob", Long), Stop)).Reason);
        await nodes.Schema.Server.ExecuteAsync($"UPDATE {nodes.Schema.Name}.leases SET until = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - 1");

        Assert.Equal(2, (await AcquireAsync(nodes.Second, Acme, "bob", Long)).Epoch);
    }

    [Fact]
    public async Task Under_a_lease_of_the_platform_nothing_else_of_the_platform_is_seen_or_changed()
    {
        await using var nodes = await TwoNodes.OpenAsync();
        await AcquireAsync(nodes.First, TenantId.Platform, "ann", Long);
        await AcquireAsync(nodes.First, Acme, "ann", Long);
        await using var connection = await nodes.BeginAsync($"SET LOCAL ROLE {nodes.Schema.Requests}");
        await TwoNodes.RunAsync(connection, "SELECT set_config('tallystick.tenants', 'acme', true), set_config('tallystick.fences', '$platform', true)");

        foreach (var (sql, rows) in new[]
        {
            ("SELECT count(*) FROM leases", 2L), ("SELECT count(*) FROM (SELECT * FROM leases WHERE tenant = '$platform' FOR SHARE) l", 1L),
            ("SELECT count(*) FROM heads", 1L), ("WITH gone AS (DELETE FROM leases WHERE tenant = '$platform' RETURNING 1) SELECT count(*) FROM gone", 0L),
        })
        {
            await using var command = new Npgsql.NpgsqlCommand(sql, connection);
            Assert.Equal(rows, await command.ExecuteScalarAsync(Stop));
        }

        var refused = await Assert.ThrowsAsync<Npgsql.PostgresException>(
            () => TwoNodes.RunAsync(connection, "UPDATE leases SET owner = 'mallory' WHERE tenant = '$platform'"));
        Assert.Equal(Npgsql.PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Of_nodes_that_take_leases_from_each_other_all_the_time_none_writes_under_one_that_it_has_lost()
    {
        const int Leases = 3, Rounds = 60;
        await using var nodes = await TwoNodes.OpenAsync();
        var taken = new System.Collections.Concurrent.ConcurrentBag<(int Lease, long Epoch, long Head)>();

        // Each worker writes to a tenant of its own under several leases at once, in another order than its neighbours.
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(
            async () =>
            {
                var store = worker % 2 == 0 ? nodes.First : nodes.Second;
                for (var round = 0; round < Rounds; round++)
                {
                    var n = (worker + round) % Leases;
                    if (await store.CommitAsync(Commit.For(TenantId.Platform).Acquire($"work/{n}", $"owner {worker}", TimeSpan.FromTicks(1)), Stop)
                        is not CommitResult.Committed { Leases: [var lease] })
                    {
                        continue;
                    }

                    taken.Add((n, lease.Epoch, (await store.ReadHeadAsync(Tenant(n), Stop)).Position.Value));
                    var written = Commit.For(Tenant(n)).Under(lease)
                        .Append(Order1, ExpectedVersion.Any, _make.Event(payload: lease.Epoch.ToString(CultureInfo.InvariantCulture)));
                    await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => store.CommitAsync(written, Stop).AsTask()));
                }
            },
            Stop))).WaitAsync(TwoNodes.Deadline, Stop);

        Assert.NotEmpty(taken);
        for (var n = 0; n < Leases; n++)
        {
            var events = (await nodes.First.ReadLogAsync(Tenant(n), new LogRead(default, 10_000), Stop)).Events;
            Assert.NotEmpty(events);
            var epochs = events.Select(e => long.Parse(e.Payload.Span, CultureInfo.InvariantCulture)).ToArray();
            foreach (var (_, epoch, head) in taken.Where(one => one.Lease == n))
                Assert.All(epochs.Skip((int)head), later => Assert.True(later >= epoch, $"After epoch {epoch} had begun, something was written in epoch {later}."));
        }

        static TenantId Tenant(int n) => TenantId.Parse($"tenant-{n}");
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task A_lease_whose_commit_was_lost_on_the_way_back_is_given_once_and_answered()
    {
        await using var server = await PostgresServer.StartNewAsync();
        await using var nodes = await TwoNodes.OpenAsync(server: server);
        await AcquireAsync(nodes.First, Acme, "first", TimeSpan.FromTicks(1));

        // With a standby demanded that isn't there, a commit is stored but its answer doesn't come.
        await server.ExecuteAsync("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
        await server.ExecuteAsync("SELECT pg_reload_conf()");
        await server.ExecuteAsync("SELECT pg_sleep(0.1)");
        var acquiring = nodes.First.CommitAsync(Commit.For(Acme).Acquire("work", "ann", Long).Append(Order1, ExpectedVersion.NoStream, _make.Event()), Stop).AsTask();
        await nodes.WaitingAsync(1, acquiring, "wait_event = 'SyncRep' AND query = 'COMMIT'");
        Assert.False(acquiring.IsCompleted);
        await server.ExecuteAsync($"SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE usename = '{nodes.Schema.Requests}' AND wait_event = 'SyncRep'");
        await server.ExecuteAsync("ALTER SYSTEM RESET synchronous_standby_names");
        await server.ExecuteAsync("SELECT pg_reload_conf()");

        var acquired = (await acquiring.WaitAsync(TwoNodes.Deadline, Stop)).Demand();
        Assert.Equal((2, 1), (acquired.Leases[0].Epoch, acquired.Position.Value));
        Assert.Equal(("ann", 2), Assert.Single(await nodes.Second.ReadLeasesAsync(Acme, new LeaseRead("", 10), Stop)) is var state ? (state.Owner, state.Epoch) : default);
        (await nodes.First.CommitAsync(Writing(acquired.Leases[0]), Stop)).Demand();
    }

    private static async Task<Lease> AcquireAsync(PostgresStore store, TenantId tenant, string owner, TimeSpan duration) =>
        (await store.CommitAsync(Commit.For(tenant).Acquire("work", owner, duration), Stop)).Demand().Leases[0];

    private Commit Writing(Lease lease) => Commit.For(Acme).Under(lease).Append(Order1, ExpectedVersion.Any, _make.Event());
}
