using Npgsql;

namespace Tallystick.Postgres.Schema;

/// <summary>
/// Refuses roles that row-level security doesn't bind, directly or by a role that they could put on (<c>SET ROLE</c>): then one faulty
/// statement would show a tenant another one's rows.
/// </summary>
internal static class RoleCheck
{
    private const string Powers = """
        SELECT session_user::text, r.rolname::text, r.rolsuper
        FROM pg_roles r
        WHERE (r.rolsuper OR r.rolbypassrls) AND pg_has_role(session_user, r.oid, 'MEMBER')
        ORDER BY r.rolname = session_user DESC, r.rolname
        """;

    private const string Owners = """
        SELECT DISTINCT o.rolname::text
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles o ON o.oid = c.relowner OR o.oid = n.nspowner
        WHERE n.nspname = $1 AND pg_has_role(session_user, o.oid, 'MEMBER')
        ORDER BY 1
        """;

    private const string Unprotected = """
        SELECT t.name FROM unnest($2) t(name)
        WHERE NOT EXISTS(
          SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = $1 AND c.relname = t.name AND c.relrowsecurity AND c.relforcerowsecurity)
        ORDER BY 1
        """;

    /// <summary>The role that this connection has logged in as.</summary>
    /// <exception cref="TallystickException">It is, or may become, one that row-level security doesn't bind; the message has the SQL that mends it.</exception>
    public static string CheckPowers(NpgsqlConnection connection, string schema)
    {
        using (var command = new NpgsqlCommand(Powers, connection))
        using (var reader = command.ExecuteReader())
        {
            if (reader.Read())
                throw PowersRefused(reader.GetString(0), reader.GetString(1), reader.GetBoolean(2), schema);
        }

        using var name = new NpgsqlCommand("SELECT session_user::text", connection);
        return (string)name.ExecuteScalar()!;
    }

    /// <summary>Refuses the owner of the tables, which could switch their protection off; and tables whose protection is off.</summary>
    public static void CheckTables(NpgsqlConnection connection, string role, string schema)
    {
        using (var command = new NpgsqlCommand(Owners, connection))
        {
            command.Parameters.AddWithValue(schema);
            if (command.ExecuteScalar() is string owner)
                throw OwnerRefused(role, owner, schema);
        }

        using var tables = new NpgsqlCommand(Unprotected, connection);
        tables.Parameters.AddWithValue(schema);
        tables.Parameters.AddWithValue(DatabaseSchema.TenantTables);
        if (tables.ExecuteScalar() is string table)
        {
            throw new TallystickException(
                $"Row-level security isn't on and forced for table {schema}.{table}, so tenants aren't kept apart. Let its owner run: ALTER TABLE {schema}.{table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {schema}.{table} FORCE ROW LEVEL SECURITY;");
        }
    }

    public static TallystickException OwnerRefused(string role, string owner, string schema) => new(
        $"Role '{role}' {(role == owner ? "owns" : $"is a member of '{owner}', which owns")} the tables in schema '{schema}', so it could switch off what keeps tenants apart. Requests need a role of their own. "
        + (role == owner
            ? $"Let a superuser run: {NewRole(schema)} Then connect as {RequestRole(schema)}, and use '{role}' in PostgresStoreOptions.OwnerConnectionString alone."
            : $"Let a superuser run: REVOKE {SchemaSetup.Quoted(owner)} FROM {SchemaSetup.Quoted(role)};"));

    private static TallystickException PowersRefused(string role, string power, bool super, string schema)
    {
        var attribute = super ? "SUPERUSER" : "BYPASSRLS";
        if (power != role)
        {
            return new TallystickException(
                $"Role '{role}' is a member of '{power}', which is {attribute}, so row-level security doesn't keep tenants apart. Let a superuser run: REVOKE {SchemaSetup.Quoted(power)} FROM {SchemaSetup.Quoted(role)};");
        }

        return new TallystickException(
            $"Role '{role}' is {attribute}, so row-level security doesn't keep tenants apart. Let a superuser run: "
            + $"ALTER ROLE {SchemaSetup.Quoted(role)} NO{attribute}; or, if it is needed as it is: {NewRole(schema)} and connect as {RequestRole(schema)}.");
    }

    private static string RequestRole(string schema) => $"{schema}_requests";

    private static string NewRole(string schema) =>
        $"CREATE ROLE {RequestRole(schema)} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '...';";
}
