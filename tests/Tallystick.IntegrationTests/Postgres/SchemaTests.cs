using Npgsql;
using Tallystick.Postgres;
using Tallystick.Postgres.Schema;

namespace Tallystick.IntegrationTests.Postgres;

/// <summary>What opening a store makes, and what it refuses.</summary>
public sealed class SchemaTests
{
    private static readonly CancellationToken Stop = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nodes_that_start_at_once_make_the_schema_once_and_all_can_use_it()
    {
        const int Nodes = 6;
        var schema = await NewSchemaAsync();

        var stores = await Task.WhenAll(Enumerable.Range(0, Nodes).Select(_ => Task.Factory.StartNew(
            schema.Open, Stop, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

        foreach (var store in stores)
        {
            (await store.CommitAsync(PostgresSchema.Append(PostgresSchema.Acme, Guid.NewGuid()), Stop)).Demand();
            await store.DisposeAsync();
        }

        Assert.Equal(1L, await schema.Server.ScalarAsync<long>($"SELECT count(*) FROM {schema.Name}.schema_version"));
        await using var last = PostgresStore.Open(schema.RequestConnection, schema.Options with { OwnerConnectionString = null });
        Assert.Equal(Nodes, (await PostgresSchema.ReadIdsAsync(last, PostgresSchema.Acme, Stop)).Length);
    }

    [Fact]
    public async Task Without_its_schema_and_without_an_owner_the_store_says_what_to_do()
    {
        var schema = await NewSchemaAsync();

        var error = Assert.Throws<TallystickException>(() => PostgresStore.Open(schema.RequestConnection, schema.Options with { OwnerConnectionString = null }));

        Assert.Contains("OwnerConnectionString", error.Message, StringComparison.Ordinal);
        Assert.Contains($"'{schema.Name}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schema_of_a_newer_version_is_refused_and_left_alone()
    {
        var schema = await NewSchemaAsync();
        await schema.Open().DisposeAsync();
        await schema.Server.ExecuteAsync($"UPDATE {schema.Name}.schema_version SET version = {DatabaseSchema.Version + 1}");

        var error = Assert.Throws<TallystickException>(() => schema.Open());

        Assert.Contains($"version {DatabaseSchema.Version + 1}", error.Message, StringComparison.Ordinal);
        Assert.Equal(DatabaseSchema.Version + 1, await schema.Server.ScalarAsync<int>($"SELECT version FROM {schema.Name}.schema_version"));
    }

    [Fact]
    public async Task A_superuser_is_refused_with_the_sql_that_mends_it()
    {
        var schema = await NewSchemaAsync();
        await schema.Server.ExecuteAsync($"ALTER ROLE {schema.Requests} SUPERUSER");

        await RefusedThenMendedAsync(schema, $"ALTER ROLE \"{schema.Requests}\" NOSUPERUSER;");
    }

    [Fact]
    public async Task A_role_that_bypasses_row_level_security_is_refused_with_the_sql_that_mends_it()
    {
        var schema = await NewSchemaAsync();
        await schema.Server.ExecuteAsync($"ALTER ROLE {schema.Requests} BYPASSRLS");

        await RefusedThenMendedAsync(schema, $"ALTER ROLE \"{schema.Requests}\" NOBYPASSRLS;");
    }

    [Theory]
    [InlineData("SUPERUSER")]
    [InlineData("BYPASSRLS")]
    public async Task A_member_of_a_role_that_is_not_bound_is_refused_even_if_it_does_not_inherit(string power)
    {
        var schema = await NewSchemaAsync();
        await schema.Server.ExecuteAsync(
            $"CREATE ROLE {schema.Name}_power {power}; ALTER ROLE {schema.Requests} NOINHERIT; GRANT {schema.Name}_power TO {schema.Requests}");

        await RefusedThenMendedAsync(schema, $"REVOKE \"{schema.Name}_power\" FROM \"{schema.Requests}\";");
    }

    [Fact]
    public async Task A_member_of_the_owner_is_refused_with_the_sql_that_mends_it()
    {
        var schema = await NewSchemaAsync();
        await schema.Open().DisposeAsync();
        await schema.Server.ExecuteAsync($"GRANT {schema.Owner} TO {schema.Requests}");

        await RefusedThenMendedAsync(schema, $"REVOKE \"{schema.Owner}\" FROM \"{schema.Requests}\";");
    }

    [Fact]
    public async Task The_owner_itself_is_refused_whether_the_schema_is_there_or_not_and_makes_nothing()
    {
        var schema = await NewSchemaAsync();
        var error = Assert.Throws<TallystickException>(() => PostgresStore.Open(schema.OwnerConnection, schema.Options));
        Assert.Contains($"CREATE ROLE {schema.Name}_requests LOGIN", error.Message, StringComparison.Ordinal);
        Assert.Equal(0L, await schema.Server.ScalarAsync<long>($"SELECT count(*) FROM pg_namespace WHERE nspname = '{schema.Name}'"));

        await schema.Open().DisposeAsync();

        error = Assert.Throws<TallystickException>(() => PostgresStore.Open(schema.OwnerConnection, schema.Options with { OwnerConnectionString = null }));
        Assert.Contains($"'{schema.Owner}' owns the tables", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_and_a_connection_string_that_cannot_be_read_are_told_apart()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        var absent = Assert.Throws<TallystickException>(() => PostgresStore.Open("Host=127.0.0.1;Port=1;Username=nobody;Timeout=5"));
        Assert.True(absent.IsTransient);

        var malformed = Assert.Throws<ArgumentException>(() => PostgresStore.Open("Host=127.0.0.1;Pasword=secret"));
        Assert.DoesNotContain("secret", malformed.Message, StringComparison.Ordinal);
        await Task.CompletedTask;
    }

    private static async Task RefusedThenMendedAsync(PostgresSchema schema, string mend)
    {
        var error = Assert.Throws<TallystickException>(() => schema.Open());

        Assert.Contains($"'{schema.Requests}'", error.Message, StringComparison.Ordinal);
        Assert.Contains(mend, error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
        NpgsqlConnection.ClearAllPools();
        await schema.Server.ExecuteAsync(mend);
        await schema.Open().DisposeAsync();
    }

    private static async Task<PostgresSchema> NewSchemaAsync() => await (await SharedServer.GetAsync()).NewSchemaAsync();
}
