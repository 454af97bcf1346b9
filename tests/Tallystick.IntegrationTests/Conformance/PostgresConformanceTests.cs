using System.Collections.Concurrent;
using System.Globalization;
using Tallystick.IntegrationTests.Postgres;
using Tallystick.Postgres;
using Tallystick.Storage;
using Tallystick.Testing.Conformance;
using Tallystick.Testing.Time;

namespace Tallystick.IntegrationTests.Conformance;

/// <summary>Schemas of the server that the tests share.</summary>
public sealed class PostgresHarness : StoreHarness
{
    private readonly ConcurrentDictionary<string, PostgresSchema> _schemas = new();

    public override StoreCapabilities Capabilities => StoreCapabilities.Durable | StoreCapabilities.Crash;

    public override async ValueTask<IStore> OpenAsync(string database, StoreOptions options, CancellationToken cancellationToken)
    {
        if (!_schemas.TryGetValue(database, out var schema))
            _schemas[database] = schema = await (await SharedServer.GetAsync()).NewSchemaAsync();
        return PostgresStore.Open(schema.RequestConnection, new PostgresStoreOptions
        {
            Limits = options.Limits,
            Time = options.Time,
            Entropy = options.Entropy,
            CommitQueueTimeout = options.CommitQueueTimeout,
            Schema = schema.Name,
            OwnerConnectionString = schema.OwnerConnection,
        });
    }

    /// <summary>Ends the sessions of the store at the server, which is all that its process's death would do there, and leaves the store lying.</summary>
    public override async ValueTask CrashAsync(string database, IStore store, CancellationToken cancellationToken)
    {
        var schema = _schemas[database];
        await schema.Server.ExecuteAsync($"SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE usename = '{schema.Requests}'");
        await store.DisposeAsync();
    }

    /// <summary>Leases run by the server's clock, which nobody moves: the server waits until it says so.</summary>
    public override async ValueTask LetPassAsync(ManualTime clock, TimeSpan time, CancellationToken cancellationToken)
    {
        await base.LetPassAsync(clock, time, cancellationToken);
        await (await SharedServer.GetAsync()).ExecuteAsync(
            string.Create(CultureInfo.InvariantCulture, $"SELECT pg_sleep({time.TotalSeconds})"));
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var schema in _schemas.Values)
            await schema.Server.ExecuteAsync($"DROP SCHEMA IF EXISTS {schema.Name} CASCADE");
        await base.DisposeAsync();
    }
}

/// <summary>Slow because each test makes a schema, or several.</summary>
[Trait("Speed", "Slow")]
public sealed class PostgresConformanceTests : StoreConformanceTests<PostgresHarness>;
