using Npgsql;
using Tallystick.Events;
using Tallystick.Postgres;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.IntegrationTests.Postgres;

/// <summary>Two stores on one schema, as two nodes have them, and a look at what they wait for.</summary>
public sealed class TwoNodes : IAsyncDisposable
{
    private TwoNodes(PostgresSchema schema, PostgresStore first, PostgresStore second) => (Schema, First, Second) = (schema, first, second);

    public static TimeSpan Deadline { get; } = TimeSpan.FromSeconds(120);

    public PostgresSchema Schema { get; }

    public PostgresStore First { get; }

    public PostgresStore Second { get; }

    public static async Task<TwoNodes> OpenAsync(StoreLimits? limits = null, PostgresServer? server = null)
    {
        var schema = await (server ?? await SharedServer.GetAsync()).NewSchemaAsync();
        var options = schema.Options with { Limits = limits ?? StoreLimits.Default };
        return new TwoNodes(schema, PostgresStore.Open(schema.RequestConnection, options), PostgresStore.Open(schema.RequestConnection, options));
    }

    /// <summary>A transaction of the superuser, whom no policy binds, that has done something and stays open.</summary>
    public async Task<NpgsqlConnection> BeginAsync(string sql)
    {
        var connection = new NpgsqlConnection(Schema.Server.ConnectionString() + $";Pooling=false;Search Path={Schema.Name}");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await RunAsync(connection, "BEGIN");
        await RunAsync(connection, sql);
        return connection;
    }

    public static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Returns when so many of the nodes' sessions wait for something of a kind, or when a task has ended that should be among them.</summary>
    public async Task WaitingAsync(int sessions, Task task, string kind = "wait_event_type = 'Lock'")
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!task.IsCompleted && await Schema.Server.ScalarAsync<long>(
            $"SELECT count(*) FROM pg_stat_activity WHERE usename = '{Schema.Requests}' AND {kind}") < sessions)
        {
            deadline.Token.ThrowIfCancellationRequested();
        }
    }

    public async Task EraseAsync(IStore store, TenantId tenant)
    {
        while ((await store.CommitAsync(Commit.For(tenant).Erase(), TestContext.Current.CancellationToken)).Demand().HasMore)
        {
        }
    }

    public async ValueTask DisposeAsync()
    {
        await First.DisposeAsync();
        await Second.DisposeAsync();
    }
}
