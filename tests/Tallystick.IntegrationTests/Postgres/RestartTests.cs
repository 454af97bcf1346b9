using System.Collections.Concurrent;
using Tallystick.Events;
using Tallystick.Postgres;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Time;

namespace Tallystick.IntegrationTests.Postgres;

/// <summary>The server goes away under load, and comes back.</summary>
[Trait("Speed", "Slow")]
public sealed class RestartTests
{
    private static readonly CancellationToken Stop = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_acknowledged_is_stored_once_when_the_server_is_killed_or_stopped_under_load(bool isKilled)
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        const int Nodes = 2, Writers = 6, Rounds = 3, CommitsBetween = 60;
        await using var server = await PostgresServer.StartNewAsync();
        var schema = await server.NewSchemaAsync();
        var stores = Enumerable.Range(0, Nodes).Select(_ => PostgresStore.Open(
            schema.RequestConnection, schema.Options with { RetryTimeout = TimeSpan.FromSeconds(90) })).ToArray();
        TenantId[] tenants = [PostgresSchema.Acme, PostgresSchema.Globex];
        var acknowledged = new ConcurrentDictionary<Guid, (TenantId Tenant, LogPosition Position)>();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var seed = SeededEntropy.NewSeed();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");

        var writers = Enumerable.Range(0, Nodes * Writers)
            .Select(writer => WriteAsync(stores[writer % Nodes], tenants, new SeededEntropy(seed + writer), acknowledged, enough.Token)).ToArray();
        for (var round = 1; round <= Rounds; round++)
        {
            await UntilAsync(round * CommitsBetween);
            await (isKilled ? server.KillAsync() : server.StopAsync());
            await server.StartAsync();
        }

        await UntilAsync((Rounds + 1) * CommitsBetween);
        await enough.CancelAsync();
        await Task.WhenAll(writers).WaitAsync(TimeSpan.FromSeconds(120), Stop);
        foreach (var tenant in tenants)
        {
            var expected = acknowledged.Where(pair => pair.Value.Tenant == tenant).OrderBy(pair => pair.Value.Position).Select(pair => pair.Key);
            Assert.Equal(expected, await PostgresSchema.ReadIdsAsync(stores[0], tenant, Stop));
        }

        foreach (var store in stores)
            await store.DisposeAsync();

        // The logs' own signals say when there is more: no clock is asked.
        async Task UntilAsync(int commits)
        {
            while (acknowledged.Count < commits)
            {
                var head = await stores[0].ReadHeadAsync(tenants[0], Stop);
                using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
                deadline.CancelAfter(TimeSpan.FromSeconds(90));
                await stores[0].WaitForPositionAsync(tenants[0], LogPosition.Of(head.Position.Value + 1), deadline.Token);
            }
        }
    }

    private static async Task WriteAsync(
        PostgresStore store, TenantId[] tenants, SeededEntropy random, ConcurrentDictionary<Guid, (TenantId Tenant, LogPosition Position)> acknowledged,
        CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
        {
            var id = Guid.NewGuid();
            var tenant = tenants[random.Next(0, tenants.Length)];
            var result = await store.CommitAsync(PostgresSchema.Append(tenant, id), Stop);
            acknowledged[id] = (tenant, result.Demand().Position);
        }
    }

    [Fact]
    public async Task A_store_follows_the_list_of_hosts_when_one_is_lost_and_back_again()
    {
        var schema = await (await SharedServer.GetAsync()).NewSchemaAsync();
        await using var one = new CuttingProxy(schema.Server.Port);
        await using var two = new CuttingProxy(schema.Server.Port);
        await using var store = PostgresStore.Open(schema.RequestConnectionTo(one.Port, two.Port), schema.Options);
        List<Guid> ids = [];

        foreach (var (down, up) in new[] { (two, one), (one, two), (two, one) })
        {
            up.Refuses = false;
            down.Refuses = true;
            ids.Add(Guid.NewGuid());
            (await store.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, ids[^1]), Stop).AsTask().WaitAsync(TimeSpan.FromSeconds(90), Stop)).Demand();
            Assert.Equal(ids, await PostgresSchema.ReadIdsAsync(store, PostgresSchema.Acme, Stop));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Closing_a_store_that_waits_for_its_server_ends_the_waiting_and_tells_what_is_known(bool wasCommitting)
    {
        var schema = await (await SharedServer.GetAsync()).NewSchemaAsync();
        await using var proxy = new CuttingProxy(schema.Server.Port);
        // A clock that nobody moves: neither a pause nor the time to try again ever ends by itself.
        var store = PostgresStore.Open(schema.RequestConnectionTo(proxy.Port), schema.Options with { Time = new ManualTime() });
        await store.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, Guid.NewGuid()), Stop);
        var lost = Guid.NewGuid();
        proxy.RefusesAfterCut = wasCommitting;
        if (wasCommitting)
            proxy.CutAtCommit();
        else
            proxy.Refuses = true;
        var commit = store.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, lost), Stop).AsTask();
        // Refused once, the writer pauses. (Where all connections were lost, the listener is refused too.)
        await proxy.RefusedAsync(wasCommitting ? 1 : 2, Stop).WaitAsync(TimeSpan.FromSeconds(90), Stop);
        Assert.False(commit.IsCompleted);

        await store.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(90), Stop);

        var error = await Assert.ThrowsAsync<TallystickException>(() => commit.WaitAsync(TimeSpan.FromSeconds(90), Stop));
        Assert.Contains("before the store was closed", error.Message, StringComparison.Ordinal);
        Assert.Equal((!wasCommitting, wasCommitting), (error.IsTransient, error.Message.Contains("is unknown", StringComparison.Ordinal)));
        await using var other = schema.Open();
        Assert.Equal(wasCommitting, (await PostgresSchema.ReadIdsAsync(other, PostgresSchema.Acme, Stop)).Contains(lost));
    }

    [Fact]
    public async Task Closing_a_store_whose_server_is_gone_fails_what_waits_and_ends()
    {
        var schema = await (await SharedServer.GetAsync()).NewSchemaAsync();
        await using var proxy = new CuttingProxy(schema.Server.Port);
        var store = PostgresStore.Open(schema.RequestConnectionTo(proxy.Port), schema.Options with { RetryTimeout = TimeSpan.FromSeconds(1) });
        proxy.Refuses = true;
        var commit = store.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, Guid.NewGuid()), Stop).AsTask();

        await store.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(90), Stop);

        Assert.True((await Assert.ThrowsAsync<TallystickException>(() => commit)).IsTransient);
    }
}
