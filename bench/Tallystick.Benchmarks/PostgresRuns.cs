using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Tallystick.Events;
using Tallystick.Postgres;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;

namespace Tallystick.Benchmarks;

/// <summary>Appends and a rebuild on PostgreSQL, beside a bare Npgsql loop and, where node is at hand, emmett; all on one cluster with fsync on.</summary>
internal static class PostgresRuns
{
    private const int RebuildLength = 50_000, Documents = 1000;

    private static readonly TenantId Tenant = TenantId.Parse("acme");

    public static async Task RunAsync(TimeSpan time)
    {
        await using var cluster = await BenchCluster.StartAsync();
        Report.Title($"PostgreSQL appends ({Payloads.Bytes}-byte events, {time.TotalSeconds:0.#} s a run)");
        var emmett = await EmmettPeer.PrepareAsync(cluster);
        await AppendsAsync(cluster, emmett, "1 writer, 1 event", 1, 1, time);
        await AppendsAsync(cluster, emmett, "16 writers, 1 event", 16, 1, time);
        await AppendsAsync(cluster, emmett, "256 writers, 1 event", 256, 1, time);
        await AppendsAsync(cluster, emmett, "16 writers, 100 events", 16, 100, time);
        Report.Title("PostgreSQL rebuild");
        await RebuildAsync(cluster);
    }

    /// <summary>They take turns, so that a neighbour's noise hits all; the best of each is kept.</summary>
    private static async Task AppendsAsync(BenchCluster cluster, EmmettPeer? emmett, string name, int writers, int events, TimeSpan time)
    {
        double bestBare = 0, bestStore = 0, bestPeer = 0;
        for (var round = 0; round < 4; round++)
        {
            bestBare = Math.Max(bestBare, await BareAsync(cluster, writers, events, time));
            bestStore = Math.Max(bestStore, await StoreAsync(cluster, writers, events, time));
            if (emmett is not null)
                bestPeer = Math.Max(bestPeer, await emmett.AppendsAsync(writers, events, time));
        }

        Report.Ratio(name, bestStore, bestBare, "events/s");
        if (emmett is not null)
            Report.Ratio($"  … beside emmett", bestStore, bestPeer, "events/s");
    }

    private static async Task<double> BareAsync(BenchCluster cluster, int writers, int events, TimeSpan time)
    {
        await using var bare = await BareNpgsql.OpenAsync(cluster.Owner, groupCommit: writers > 1);
        return await AppendRuns.MeasureAsync(writers, events, time, async (writer, turn) =>
        {
            if (writers == 1)
            {
                await bare.AppendAloneAsync("order-1", turn + 1, Payloads.Json(turn));
                return;
            }

            var payloads = new byte[events][];
            for (var i = 0; i < events; i++)
                payloads[i] = Payloads.Json(turn);
            await bare.AppendAsync($"order-{writer}", turn * events, payloads);
        });
    }

    private static async Task<double> StoreAsync(BenchCluster cluster, int writers, int events, TimeSpan time)
    {
        await using var store = await cluster.OpenEmptyAsync();
        var streams = Enumerable.Range(0, writers).Select(writer => new StreamId("order", $"{writer}")).ToArray();
        return await AppendRuns.MeasureAsync(writers, events, time, async (writer, turn) =>
        {
            var appended = ImmutableArray.CreateBuilder<NewEvent>(events);
            for (var i = 0; i < events; i++)
                appended.Add(Payloads.Event(turn));
            var commit = Commit.For(Tenant).Append(streams[writer], ExpectedVersion.Exactly(turn * events), appended.MoveToImmutable());
            (await store.CommitAsync(commit, default)).Demand();
        });
    }

    private static async Task RebuildAsync(BenchCluster cluster)
    {
        await using var store = await cluster.OpenEmptyAsync();
        foreach (var part in Enumerable.Range(0, RebuildLength).Chunk(Documents))
        {
            await Task.WhenAll(part.Select(number => store.CommitAsync(
                Commit.For(Tenant).Append(new StreamId("order", $"{number % Documents}"), ExpectedVersion.Any, Payloads.Event(number)), default).AsTask()));
        }

        await using var host = new SubscriptionHost(store, BenchApplication.Serializer, [new BenchProjection()], []);
        host.AddTenant(Tenant);
        await host.StartAsync(default);
        await host.WaitForStatusAsync(Tenant, "bench", status => status.State == SubscriptionState.Live, default);
        double bestOurs = 0, bestBare = 0;
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromSeconds(10);)
        {
            var started = Stopwatch.StartNew();
            await host.RebuildAsync(Tenant, "bench", default);
            await host.WaitForStatusAsync(Tenant, "bench", status => status.State == SubscriptionState.Live, default);
            bestOurs = Math.Max(bestOurs, RebuildLength / started.Elapsed.TotalSeconds);
            bestBare = Math.Max(bestBare, await BareReadAsync(cluster));
        }

        Report.Ratio($"rebuild {RebuildLength:#,0} into {Documents:#,0} documents, beside reading", bestOurs, bestBare, "events/s");
    }

    /// <summary>The same rows in the same pages, their bytes fetched and nothing done with them.</summary>
    private static async Task<double> BareReadAsync(BenchCluster cluster)
    {
        const int Page = 5000;
        var clock = Stopwatch.StartNew();
        await using var connection = new NpgsqlConnection(cluster.Owner);
        await connection.OpenAsync();
        long after = 0, count = 0;
        for (var more = true; more;)
        {
            more = false;
            await using var command = new NpgsqlCommand(
                "SELECT position, payload FROM tallystick.events WHERE tenant = $1 AND position > $2 ORDER BY position LIMIT $3", connection)
            {
                Parameters = { new() { Value = Tenant.Value }, new() { Value = after }, new() { Value = Page } },
            };
            await using var rows = await command.ExecuteReaderAsync();
            while (await rows.ReadAsync())
            {
                after = rows.GetInt64(0);
                rows.GetFieldValue<byte[]>(1);
                (more, count) = (true, count + 1);
            }
        }

        return count / clock.Elapsed.TotalSeconds;
    }
}

/// <summary>A PostgreSQL cluster of its own, with fsync on, that is removed at the end.</summary>
internal sealed class BenchCluster : IAsyncDisposable
{
    private readonly string _folder;
    private readonly string _address;

    private BenchCluster(string folder, string address) => (_folder, _address) = (folder, address);

    /// <summary>A connection string of a superuser, who owns what is made.</summary>
    public string Owner => $"{_address};Username=postgres;Database=postgres";

    /// <summary>A connection string of the role that serves requests.</summary>
    public string Request => $"{_address};Username=bench;Database=postgres";

    /// <summary>The cluster's address as a URL, for peers.</summary>
    public string Url(string database)
    {
        var parts = new NpgsqlConnectionStringBuilder(_address);
        return string.Create(CultureInfo.InvariantCulture, $"postgres://postgres@{parts.Host}:{parts.Port}/{database}");
    }

    public static async Task<BenchCluster> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("tally-bench-postgres-").FullName;
        var address = (await ProgramOutput.LastLineAsync(ScriptPath(), "start", folder)).Split(' ');
        var cluster = new BenchCluster(folder, $"Host={address[0]};Port={address[1]}");
        await cluster.RunAsync("CREATE ROLE bench LOGIN");
        return cluster;
    }

    /// <summary>The store, without anything in it.</summary>
    public async Task<PostgresStore> OpenEmptyAsync()
    {
        await RunAsync("DROP SCHEMA IF EXISTS tallystick CASCADE");
        return PostgresStore.Open(Request, new PostgresStoreOptions { OwnerConnectionString = Owner });
    }

    public async Task RunAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Owner);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await ProgramOutput.LastLineAsync(ScriptPath(), "stop", _folder);
        Directory.Delete(_folder, recursive: true);
    }

    private static string ScriptPath() => Path.Combine(ProgramOutput.Root(), "tests", "postgres");
}
