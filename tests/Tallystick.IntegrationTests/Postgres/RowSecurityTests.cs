using Npgsql;
using Tallystick.Events;
using Tallystick.Postgres;
using Tallystick.Postgres.Schema;
using Tallystick.Storage;

namespace Tallystick.IntegrationTests.Postgres;

/// <summary>What keeps tenants apart even where a statement would not.</summary>
public sealed class RowSecurityTests
{
    private static readonly CancellationToken Stop = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_table_with_a_tenant_has_row_level_security_on_and_forced()
    {
        var schema = await FilledAsync();

        var tables = await schema.Server.ScalarAsync<string[]>($"""
            SELECT array_agg(c.relname::text ORDER BY c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant' AND c.relkind = 'r'
            WHERE n.nspname = '{schema.Name}' AND c.relrowsecurity AND c.relforcerowsecurity
            """);
        var others = await schema.Server.ScalarAsync<string[]>($"""
            SELECT array_agg(c.relname::text ORDER BY c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = '{schema.Name}' AND c.relkind = 'r' AND NOT c.relrowsecurity
            """);

        Assert.Equal(DatabaseSchema.TenantTables.Order(StringComparer.Ordinal), tables);
        Assert.Equal(["schema_version", "writers"], others);
    }

    [Fact]
    public async Task The_tenant_is_the_first_column_of_every_key()
    {
        var schema = await FilledAsync();

        var firstColumns = await schema.Server.ScalarAsync<string[]>($"""
            SELECT array_agg(DISTINCT a.attname::text) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
            WHERE n.nspname = '{schema.Name}' AND c.relname <> 'writers'
            """);

        Assert.Equal(["tenant"], firstColumns);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Without_a_tenant_named_no_row_is_seen_and_with_one_only_its_own_even_by_the_owner(bool asOwner)
    {
        var schema = await FilledAsync();
        await using var connection = new NpgsqlConnection(asOwner ? schema.OwnerConnection : schema.RequestConnection);
        await connection.OpenAsync(Stop);

        foreach (var table in DatabaseSchema.TenantTables)
        {
            Assert.Equal(0L, await ScalarAsync(connection, $"SELECT count(*) FROM {schema.Name}.{table}"));
            await using var transaction = await connection.BeginTransactionAsync(Stop);
            await ScalarAsync(connection, "SELECT set_config('tallystick.tenants', 'acme', true)");
            Assert.NotEqual(0L, await ScalarAsync(connection, $"SELECT count(*) FROM {schema.Name}.{table}"));
            Assert.Equal(0L, await ScalarAsync(connection, $"SELECT count(*) FROM {schema.Name}.{table} WHERE tenant <> 'acme'"));
            await transaction.CommitAsync(Stop);
            Assert.Equal(0L, await ScalarAsync(connection, $"SELECT count(*) FROM {schema.Name}.{table}"));
        }
    }

    [Fact]
    public async Task A_row_of_a_tenant_that_is_not_named_can_be_neither_written_nor_changed()
    {
        var schema = await FilledAsync();
        await using var connection = new NpgsqlConnection(schema.RequestConnection);
        await connection.OpenAsync(Stop);
        await using var transaction = await connection.BeginTransactionAsync(Stop);
        await ScalarAsync(connection, "SELECT set_config('tallystick.tenants', 'acme', true)");

        await using var change = new NpgsqlCommand($"UPDATE {schema.Name}.checkpoints SET position = 99 WHERE tenant = 'globex'", connection);
        Assert.Equal(0, await change.ExecuteNonQueryAsync(Stop));
        await using var insert = new NpgsqlCommand($"INSERT INTO {schema.Name}.checkpoints VALUES(1, 'globex', 'stolen')", connection);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => insert.ExecuteNonQueryAsync(Stop));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Fact]
    public async Task A_pooled_connection_keeps_no_tenant()
    {
        var schema = await FilledAsync();
        await using var store = PostgresStore.Open(schema.RequestConnection, schema.Options with { ReadConnectionsMax = 1 });
        await PostgresSchema.ReadIdsAsync(store, PostgresSchema.Acme, Stop);
        await store.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, Guid.NewGuid()), Stop);

        foreach (var _ in Enumerable.Range(0, 3))
        {
            await using var connection = await store.Database.OpenAsync(Stop);
            Assert.Equal("", await ScalarAsync(connection, "SELECT coalesce(current_setting('tallystick.tenants', true), '')"));
            Assert.Equal(0L, await ScalarAsync(connection, "SELECT count(*) FROM events"));
        }
    }

    [Fact]
    public async Task A_table_whose_protection_was_switched_off_is_refused_by_name()
    {
        var schema = await FilledAsync();
        await schema.Server.ExecuteAsync($"ALTER TABLE {schema.Name}.tags NO FORCE ROW LEVEL SECURITY");

        var error = Assert.Throws<TallystickException>(() => schema.Open());

        Assert.Contains($"ALTER TABLE {schema.Name}.tags FORCE ROW LEVEL SECURITY;", error.Message, StringComparison.Ordinal);
    }

    private static async Task<PostgresSchema> FilledAsync()
    {
        var schema = await (await SharedServer.GetAsync()).NewSchemaAsync();
        await using var store = schema.Open();
        foreach (var tenant in new[] { PostgresSchema.Acme, PostgresSchema.Globex })
        {
            var orders = new CollectionId("orders", 1);
            (await store.CommitAsync(Commit.For(tenant).Journal(on: true), Stop)).Demand();
            (await store.CommitAsync(Commit.For(tenant).Acquire("work", "ann", TimeSpan.FromHours(1)), Stop)).Demand();
            var e = new NewEvent(Guid.NewGuid(), "order.placed", 1, "{}"u8.ToArray(), ["customer:ann"]);
            (await store.CommitAsync(
                Commit.For(tenant).Append(PostgresSchema.Order1, ExpectedVersion.Any, e).Save("orders", LogPosition.Of(1)).Once(new IdempotencyKey("once")).Change(
                    new DocumentChange.Put(orders, new Document("1", "{}"u8.ToArray(), [new("city", IndexValue.From("Rome"))], LogPosition.Of(1))),
                    new DocumentChange.Activate(orders)),
                Stop)).Demand();
        }

        return schema;
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Stop);
    }
}
