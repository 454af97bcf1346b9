using System.Globalization;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.IntegrationTests.Orders;
using Tallystick.IntegrationTests.Postgres;
using Tallystick.Postgres;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.IntegrationTests.Nodes;

/// <summary>
/// The sample as three processes on one PostgreSQL, while orders are placed through all of them: one node is killed, one is paused for longer
/// than its leases last and wakes up again, and PostgreSQL is restarted, at moments drawn from a printed seed. To repeat a run's draws, set
/// <c>TALLYSTICK_SEED</c>.
/// </summary>
[Trait("Speed", "Slow")]
public sealed class ThreeNodesTests
{
    private const int Customers = 8;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task Nothing_acknowledged_is_lost_and_nothing_happens_twice_when_nodes_die_freeze_and_PostgreSQL_restarts()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        var seed = Environment.GetEnvironmentVariable("TALLYSTICK_SEED") is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture)
            : Random.Shared.Next();
        TestContext.Current.TestOutputHelper!.WriteLine($"TALLYSTICK_SEED={seed}");
        var random = new Random(seed);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(2 * Deadline);
        var stop = deadline.Token;

        await using var server = await PostgresServer.StartNewAsync();
        var schema = await server.NewSchemaAsync();
        await using var nodes = await NodeGroup.StartAsync(3, schema);
        await using var store = PostgresStore.Open(schema.RequestConnection, new PostgresStoreOptions { Schema = schema.Name });
        using var load = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var book = new OrderBook(nodes, random.Next());
        await book.SignInAsync();
        var writers = Enumerable.Range(0, Customers).Select(customer => book.PlaceOrdersAsync(customer, load.Token)).ToArray();
        var readers = FirstTenants.Select(tenant => LogFollower.FollowAsync(store, tenant, load.Token)).ToArray();
        await book.AcknowledgedAsync(20, stop);

        // Each trouble begins after some more orders, and the next one only when orders were placed after it: the rest works on.
        var troubles = new Func<Task>[]
        {
            () => nodes.KillAndRestartAsync(random.Next(3)),
            () => nodes.PauseAsync(random.Next(3), TimeSpan.FromSeconds(10), stop),
            () => RestartAsync(server),
        };
        random.Shuffle(troubles);
        foreach (var trouble in troubles)
        {
            await book.AcknowledgedAsync(book.Count + random.Next(1, 40), stop);
            await trouble();
            await book.AcknowledgedAsync(book.Count + 20, stop);
        }

        await load.CancelAsync();
        await Task.WhenAll(writers);
        var seen = await Task.WhenAll(readers);
        await book.CheckAsync(stop);
        foreach (var (tenant, last) in FirstTenants.Zip(seen))
        {
            Assert.True(last > 0, $"The reader of {tenant} has seen nothing.");
            var verified = await LogVerifier.VerifyAsync(store, tenant, null, stop);
            Assert.True(verified.IsIntact, string.Join('\n', verified.Findings));
        }
    }

    private static async Task RestartAsync(PostgresServer server)
    {
        TestContext.Current.TestOutputHelper!.WriteLine("PostgreSQL is restarted");
        await server.StopAsync();
        await server.StartAsync();
    }

    private static TenantId[] FirstTenants { get; } = [TenantId.Parse("acme"), TenantId.Parse("globex")];
}
