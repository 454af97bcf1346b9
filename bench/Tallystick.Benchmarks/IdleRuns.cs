using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;

namespace Tallystick.Benchmarks;

/// <summary>What many tenants cost that do nothing: CPU of the process, and transactions of the database, beside the same with one tenant.</summary>
internal static class IdleRuns
{
    private const int Tenants = 1000, Projections = 10;

    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(20);

    /// <summary>The server's sessions report what they have done up to ten seconds late, and the beginning isn't what is to be measured.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(15);

    public static async Task RunAsync()
    {
        await using var cluster = await BenchCluster.StartAsync();
        Report.Title($"Idle tenants, {Projections} projections each, watched for {Watched.TotalSeconds:0} s");
        foreach (var tenants in (int[])[1, Tenants])
            await RunAsync(cluster, tenants);
    }

    private static async Task RunAsync(BenchCluster cluster, int tenants)
    {
        await cluster.RunAsync("DROP SCHEMA IF EXISTS tallystick CASCADE");
        var services = new ServiceCollection();
        services.AddTallystick(app =>
        {
            app.UsePostgres(cluster.Request, options => options with { OwnerConnectionString = cluster.Owner }).AddDecider<BenchDecider>();
            for (var number = 0; number < Projections; number++)
                app.Services.AddSingleton<Projection>(new IdleProjection($"idle-{number}"));
        });
        await using var provider = services.BuildServiceProvider();
        var ids = Enumerable.Range(0, tenants).Select(number => TenantId.Parse($"tenant-{number}")).ToArray();
        var catalog = provider.GetRequiredService<Tenants>();
        foreach (var id in ids)
        {
            await catalog.EnsureAsync(id, id.Value, default);
            await (await catalog.GetAsync(id, default)).ExecuteAsync(new StreamId("order", "1"), new BenchCommand(1), default);
        }

        var clock = Stopwatch.StartNew();
        await provider.GetRequiredService<TallystickRuntime>().StartAsync(default);
        var host = provider.GetRequiredService<SubscriptionHost>();
        foreach (var id in ids)
        {
            for (var number = 0; number < Projections; number++)
                await host.WaitForStatusAsync(id, $"idle-{number}", status => status.State == SubscriptionState.Live, default);
        }

        Report.Figure($"{tenants:#,0} tenants: until all {tenants * Projections:#,0} have caught up", clock.Elapsed.TotalSeconds, "s");
        await Task.Delay(Settled);
        var (cpu, transactions) = (Process.GetCurrentProcess().TotalProcessorTime, await TransactionsAsync(cluster));
        await Task.Delay(Watched);
        var seconds = Watched.TotalSeconds;
        Report.Figure($"{tenants:#,0} tenants: CPU of the process", (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalSeconds / seconds * 100, "% of a core");
        Report.Figure($"{tenants:#,0} tenants: transactions", (await TransactionsAsync(cluster) - transactions) / seconds, "/s");
        Report.Figure($"{tenants:#,0} tenants: connections", await ScalarAsync(cluster, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'bench'"), "");
    }

    private static Task<long> TransactionsAsync(BenchCluster cluster) =>
        ScalarAsync(cluster, "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'postgres'");

    private static async Task<long> ScalarAsync(BenchCluster cluster, string sql)
    {
        await using var connection = new NpgsqlConnection(cluster.Owner);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private sealed class IdleProjection : Projection<BenchDocument>
    {
        public IdleProjection(string name)
            : base(name, version: 1) => Upsert<BenchEvent>(
                (e, _) => e.CustomerId,
                (document, e, _) => new BenchDocument(e.CustomerId, (document?.Count ?? 0) + 1, (document?.Total ?? 0) + e.Amount));
    }
}
