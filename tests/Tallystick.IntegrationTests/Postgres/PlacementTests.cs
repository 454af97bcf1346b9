using Tallystick.Events;
using Tallystick.Postgres.Schema;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;

namespace Tallystick.IntegrationTests.Postgres;

/// <summary>Tenants in several PostgreSQL databases, also in ones of their own, beside SQLite files, on one node and on two.</summary>
[Trait("Speed", "Slow")]
public sealed class PlacementTests : IDisposable
{
    private readonly string _files = Directory.CreateTempSubdirectory("tallystick-placed-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_files, recursive: true);

    [Fact]
    public async Task A_tenants_database_is_made_on_first_use_by_whichever_node_and_dropped_when_the_tenant_is_erased()
    {
        var (main, shard) = await SchemasAsync();
        await using PlacedNode first = new(main, shard, _files), second = new(main, shard, _files);
        await first.StartAsync();
        await second.StartAsync();
        var acme = await first.CreateAsync("acme", PlacedNode.Own);
        Assert.Empty(await DatabasesAsync(main));

        await Task.WhenAll(first.WriteAsync(acme, "a"), second.WriteAsync(acme, "b"));
        Assert.Equal([PlacedNode.PrefixOf(main) + "acme"], await DatabasesAsync(main));
        await first.DemandProjectedAsync(acme, "b");
        await second.DemandProjectedAsync(acme, "a");
        // Neither the public nor the role of another application gets in.
        Assert.False(await main.Server.ScalarAsync<bool>($"SELECT has_database_privilege('{shard.Requests}', '{PlacedNode.PrefixOf(main)}acme', 'CONNECT')"));
        await first.Get<Tenants>().DeleteAsync(acme, "left", TimeSpan.Zero, null, Token);
        await UntilAsync(async () => (await DatabasesAsync(main)).Length == 0, "the database is dropped, although another node has it open");
        await UntilAsync(async () => (await first.Get<Tenants>().DescribeAsync(acme, Token))!.Status == TenantStatus.Erased, "that is recorded");
        await Assert.ThrowsAsync<TallystickException>(() => second.Store.ReadHeadAsync(acme, Token).AsTask());
        Assert.Empty(await DatabasesAsync(main));
    }

    [Fact]
    public async Task An_idle_database_has_no_connection_and_few_are_open_at_once()
    {
        var (main, shard) = await SchemasAsync();
        await using var node = new PlacedNode(main, shard, _files, options => options with { OpenDatabasesMax = 2, DatabaseIdleTimeout = TimeSpan.FromSeconds(1) });
        await node.StartAsync();
        foreach (var name in new[] { "t1", "t2", "t3", "t4" })
        {
            var tenant = await node.CreateAsync(name, PlacedNode.Own);
            await node.WriteAsync(tenant, "a");
            await node.DemandProjectedAsync(tenant, "a");
            Assert.InRange(await OpenAsync(main, name), 1, 6);
        }

        Assert.Equal(4, (await DatabasesAsync(main)).Length);
        await UntilAsync(async () => await OpenAsync(main, "") == 0, "all are closed");
        await node.DemandProjectedAsync(TenantId.Parse("t1"), "a");
    }

    [Fact]
    public async Task What_a_node_had_in_every_database_another_takes_over_when_it_stops()
    {
        var (main, shard) = await SchemasAsync();
        await using PlacedNode first = new(main, shard, _files), second = new(main, shard, _files);
        await first.StartAsync();
        await second.StartAsync();
        var tenants = await TenantsEverywhereAsync(first);
        // Files are for one process alone.
        var file = await first.CreateAsync("in-a-file", PlacedNode.File);
        foreach (var tenant in tenants.Append(file))
            await first.WriteAsync(tenant, "a");
        foreach (var tenant in tenants.Append(file))
            await first.DemandProjectedAsync(tenant, "a");

        foreach (var tenant in tenants)
            await second.DemandProjectedAsync(tenant, "a");
        await first.Get<TallystickRuntime>().StopAsync(Token);
        foreach (var tenant in tenants)
        {
            await second.WriteAsync(tenant, "b");
            await second.DemandProjectedAsync(tenant, "b");
        }
    }

    [Fact]
    public async Task What_a_node_wants_to_write_whose_clock_has_stood_still_is_refused_in_every_database()
    {
        var (main, shard) = await SchemasAsync();
        var time = new StoppableTime();
        await using PlacedNode first = new(main, shard, _files, time: time), second = new(main, shard, _files);
        await first.StartAsync();
        var tenants = await TenantsEverywhereAsync(first);
        foreach (var tenant in tenants)
            await first.WriteAsync(tenant, "a");
        foreach (var tenant in tenants)
            await first.DemandProjectedAsync(tenant, "a");

        var held = tenants.SelectMany(tenant => first.Get<SubscriptionHost>().Status(tenant)).Where(status => status.Name == PlacedList.ListName)
            .Select(status => (status.Tenant, Lease: status.Lease!)).ToList();
        // The platform's rows of those who aren't in the main database are written under leases of their own there.
        var rights = await first.Store.ReadLeasesAsync(TenantId.Platform, new LeaseRead("platform/", 10), Token);
        held.AddRange(rights.Select(right => (TenantId.Platform, new Lease(TenantId.Platform, right.Name, right.Owner!, right.Epoch))));
        Assert.Equal(5, held.Count);

        // It hears of events, but its beats wait for a time that doesn't come: as if it had been suspended.
        time.Stop();
        await second.StartAsync();
        foreach (var tenant in tenants)
        {
            await second.Store.ReadHeadAsync(tenant, Token);
            foreach (var name in new[] { PlacedList.ListName, PlacedEverywhere.ListName })
                await LiveAsync(second, tenant, name);
        }

        foreach (var tenant in tenants)
        {
            await second.WriteAsync(tenant, "b");
            await second.DemandProjectedAsync(tenant, "b");
        }

        // What it was about to write when it was stopped, with no guard but the lease.
        foreach (var (tenant, lease) in held)
        {
            var late = await first.Store.CommitAsync(Commit.For(tenant).Under(lease).Save("late", LogPosition.Of(1)), Token);
            Assert.IsType<Refusal.LeaseLost>(Assert.IsType<CommitResult.Refused>(late).Reason);
        }
    }

    [Fact]
    public async Task Without_the_right_to_make_databases_the_message_says_how_to_give_it()
    {
        var (main, shard) = await SchemasAsync();
        await main.Server.ExecuteAsync($"ALTER ROLE {main.Owner} NOCREATEDB");
        await using var node = new PlacedNode(main, shard, _files);
        var acme = await node.CreateAsync("acme", PlacedNode.Own);

        var error = await Assert.ThrowsAsync<TallystickException>(() => node.WriteAsync(acme, "a"));
        Assert.Contains($"Let a superuser run: ALTER ROLE \"{main.Owner}\" CREATEDB;", error.Message, StringComparison.Ordinal);
        await main.Server.ExecuteAsync($"ALTER ROLE {main.Owner} CREATEDB");
        await node.WriteAsync(acme, "a");
    }

    [Fact]
    public void No_two_tenants_have_the_same_database()
    {
        var databases = new TenantDatabases("Host=h;Username=u", "Host=h;Username=o", "tallystick_");
        string[] tenants = ["a", "a-b", "default", new('a', 52), new('a', 53), new('a', 62), new('a', 63), new string('a', 62) + "b", "b" + new string('a', 62)];
        var names = tenants.Select(name => databases.NameOf(TenantId.Parse(name))).ToArray();

        Assert.Equal("tallystick_a-b", names[1]);
        Assert.Equal(names.Length, names.Distinct(StringComparer.Ordinal).Count());
        Assert.All(names, name => Assert.InRange(name.Length, 1, 63));
        Assert.All(tenants.Zip(names), pair => Assert.Equal(pair.First.Length > 52, pair.Second[11..].Contains('_', StringComparison.Ordinal)));
        foreach (var prefix in new[] { "", "1a", "a\"b", "A", new string('a', 21) })
            Assert.Throws<ArgumentException>(() => new TenantDatabases("Host=h;Username=u", "Host=h", prefix));
        Assert.Contains("Username", Assert.Throws<ArgumentException>(() => new TenantDatabases("Host=h", "Host=h", "p")).Message, StringComparison.Ordinal);
    }

    private static async Task<(PostgresSchema Main, PostgresSchema Shard)> SchemasAsync()
    {
        var server = await SharedServer.GetAsync();
        var (main, shard) = (await server.NewSchemaAsync(), await server.NewSchemaAsync());
        await server.ExecuteAsync($"ALTER ROLE {main.Owner} CREATEDB; GRANT {main.Requests} TO {main.Owner}");
        return (main, shard);
    }

    private static async Task<TenantId[]> TenantsEverywhereAsync(PlacedNode node) =>
        [await node.CreateAsync("in-main", Placement.Main), await node.CreateAsync("in-shard", PlacedNode.Shard), await node.CreateAsync("in-its-own", PlacedNode.Own)];

    private static Task LiveAsync(PlacedNode node, TenantId tenant, string name) => UntilAsync(
        () => Task.FromResult(node.Get<SubscriptionHost>().Status(tenant).Any(status => status.Name == name && status.State == SubscriptionState.Live)), $"{name} of {tenant} runs here");

    private static Task<string[]> DatabasesAsync(PostgresSchema main) =>
        main.Server.ScalarAsync<string[]>($"SELECT coalesce(array_agg(datname::text ORDER BY datname), '{{}}') FROM pg_database WHERE starts_with(datname, '{PlacedNode.PrefixOf(main)}')");

    private static Task<long> OpenAsync(PostgresSchema main, string tenant) =>
        main.Server.ScalarAsync<long>($"SELECT count(*) FROM pg_stat_activity WHERE starts_with(datname, '{PlacedNode.PrefixOf(main)}{tenant}')");

    private static async Task UntilAsync(Func<Task<bool>> holds, string what)
    {
        using var deadline = new CancellationTokenSource(TwoNodes.Deadline);
        while (!await holds())
        {
            Assert.False(deadline.IsCancellationRequested, $"{what}: not in time");
            await Task.Delay(20, Token);
        }
    }
}
