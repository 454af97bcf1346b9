using System.Globalization;
using Npgsql;
using Tallystick.Postgres.Connections;

namespace Tallystick.Postgres.Schema;

/// <summary>Brings the tables up to date, as their owner, and checks what the role of the requests finds.</summary>
internal static class SchemaSetup
{
    /// <summary>Makes the schema or migrates it, then grants what the role of the requests needs. Nodes that start at once take turns.</summary>
    public static void Migrate(string ownerConnectionString, string requestRole, PostgresStoreOptions options)
    {
        using var connection = Database.OpenOnce(ownerConnectionString, options);
        using var transaction = connection.BeginTransaction();
        Run(connection, "SELECT pg_advisory_xact_lock(hashtextextended('tallystick schema ' || $1, 0))", options.Schema);
        var owner = (string)Scalar(connection, "SELECT session_user::text")!;
        if ((bool)Scalar(connection, "SELECT pg_has_role($1::text, $2::text, 'MEMBER')", requestRole, owner)!)
            throw RoleCheck.OwnerRefused(requestRole, owner, options.Schema);
        Run(connection, $"CREATE SCHEMA IF NOT EXISTS {options.Schema}");
        Run(connection, "CREATE TABLE IF NOT EXISTS schema_version(version int NOT NULL)");
        var version = ReadVersion(connection, options) ?? 0;
        for (; version < DatabaseSchema.Version; version++)
        {
            Run(connection, DatabaseSchema.Migration(version));
            Run(connection, "DELETE FROM schema_version");
            Run(connection, string.Create(CultureInfo.InvariantCulture, $"INSERT INTO schema_version VALUES({version + 1})"));
        }

        foreach (var grant in Grants(options.Schema, requestRole))
            Run(connection, grant);
        transaction.Commit();
    }

    /// <summary>Refuses a schema that isn't there, or is older or newer than this code.</summary>
    /// <exception cref="TallystickException">The message says what to do.</exception>
    public static void Check(NpgsqlConnection connection, string requestRole, PostgresStoreOptions options)
    {
        int? version;
        try
        {
            version = ReadVersion(connection, options);
        }
        catch (PostgresException error) when (error.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            throw new TallystickException(
                $"The database has no schema '{options.Schema}' of Tallystick that role '{requestRole}' can see. Set PostgresStoreOptions.OwnerConnectionString to a role that may create it, "
                + $"once; or, if it is there, let its owner run: GRANT USAGE ON SCHEMA {options.Schema} TO {Quoted(requestRole)};", error);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new TallystickException(
                $"Role '{requestRole}' may not read the tables in schema '{options.Schema}'. Let their owner run: {string.Join(" ", Grants(options.Schema, requestRole).Select(grant => grant + ";"))}", error);
        }

        if (version != DatabaseSchema.Version)
        {
            throw new TallystickException(
                $"The schema '{options.Schema}' has version {version?.ToString(CultureInfo.InvariantCulture) ?? "none"}, but this code needs {DatabaseSchema.Version}. Open the store once with PostgresStoreOptions.OwnerConnectionString set, which brings it up to date.");
        }
    }

    internal static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string[] Grants(string schema, string role) =>
    [
        $"GRANT USAGE ON SCHEMA {schema} TO {Quoted(role)}",
        $"GRANT SELECT ON {schema}.schema_version TO {Quoted(role)}",
        $"GRANT SELECT, INSERT, UPDATE, DELETE ON {string.Join(", ", DatabaseSchema.TenantTables.Append("writers").Select(table => $"{schema}.{table}"))} TO {Quoted(role)}",
    ];

    private static int? ReadVersion(NpgsqlConnection connection, PostgresStoreOptions options)
    {
        var version = (int?)Scalar(connection, $"SELECT version FROM {options.Schema}.schema_version");
        return version <= DatabaseSchema.Version || version is null
            ? version
            : throw new TallystickException(
                $"The schema '{options.Schema}' has version {version}, written by a newer Tallystick; this one knows {DatabaseSchema.Version}. Use the newer one here, or another schema.");
    }

    private static void Run(NpgsqlConnection connection, string sql, params ReadOnlySpan<object> parameters)
    {
        using var command = Command(connection, sql, parameters);
        command.ExecuteNonQuery();
    }

    private static object? Scalar(NpgsqlConnection connection, string sql, params ReadOnlySpan<object> parameters)
    {
        using var command = Command(connection, sql, parameters);
        return command.ExecuteScalar();
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, ReadOnlySpan<object> parameters)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
            command.Parameters.AddWithValue(parameter);
        return command;
    }
}
