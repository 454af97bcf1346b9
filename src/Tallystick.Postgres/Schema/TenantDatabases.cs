using System.Security.Cryptography;
using System.Text;
using Npgsql;
using Tallystick.Postgres.Connections;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Schema;

/// <summary>
/// Databases of which each tenant has one, on one server: made on first use by a role that may, opened as the role of the requests, and
/// dropped with all that is in them.
/// </summary>
internal sealed class TenantDatabases
{
    /// <summary>The longest prefix: what is left is enough for any tenant, by a digest if need be.</summary>
    public const int PrefixLengthMax = 20;

    /// <summary>The longest name that PostgreSQL doesn't cut off, in bytes.</summary>
    private const int NameBytesMax = 63;

    /// <summary>Of the 64 characters of a SHA-256, which leaves 128 bits.</summary>
    private const int DigestLength = 32;

    private readonly string _connectionString;
    private readonly string _ownerConnectionString;
    private readonly string _prefix;
    private readonly string _role;

    /// <exception cref="ArgumentException">The prefix isn't one, or a connection string can't be used; the message doesn't repeat it.</exception>
    public TenantDatabases(string connectionString, string ownerConnectionString, string prefix)
    {
        (_connectionString, _ownerConnectionString, _prefix) = (connectionString, ownerConnectionString, prefix);
        if (prefix is not { Length: >= 1 and <= PrefixLengthMax } || !char.IsAsciiLetterLower(prefix[0])
            || prefix.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '_'))
        {
            throw new ArgumentException($"'{prefix}' is no prefix of databases: use 1 to {PrefixLengthMax} lower-case letters, digits and underscores, a letter first.", nameof(prefix));
        }

        _role = Database.Read(connectionString).Username is { Length: > 0 } role ? role : throw new ArgumentException(
            "The connection string names no role (Username=...), which is needed to let it, and nobody else, into the tenants' databases.", nameof(connectionString));
        Database.Read(ownerConnectionString);
    }

    /// <summary>
    /// The name of a tenant's database: the prefix and the tenant's name, or, where that is too long, its beginning and a digest of all of it
    /// after an underscore, which no tenant's name has. So no two tenants have the same.
    /// </summary>
    public string NameOf(TenantId tenant)
    {
        var name = _prefix + tenant.Value;
        if (name.Length <= NameBytesMax)
            return name;
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(tenant.Value)))[..DigestLength];
        return $"{name[..(NameBytesMax - DigestLength - 1)]}_{digest}";
    }

    /// <summary>Opens a tenant's database, making it if it isn't there.</summary>
    /// <exception cref="TallystickException">It can't be opened or made; the message says what is missing.</exception>
    public PostgresStore Open(TenantId tenant, PostgresStoreOptions options, Func<PostgresStoreOptions, PostgresStoreOptions>? change)
    {
        var name = NameOf(tenant);
        options = options with { OwnerConnectionString = In(_ownerConnectionString, name) };
        options = change is null ? options : change(options);
        try
        {
            return PostgresStore.Open(In(_connectionString, name), options);
        }
        catch (TallystickException error) when (error.InnerException is PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName })
        {
            Make(name, options);
            return PostgresStore.Open(In(_connectionString, name), options);
        }
    }

    /// <summary>Drops a tenant's database with everything in it, also if another node has it open. One that isn't there is no error.</summary>
    /// <exception cref="TallystickException">It can't be dropped; the message says what is missing.</exception>
    public async ValueTask RemoveAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var name = NameOf(tenant);
        try
        {
            await using var connection = Database.OpenOnce(_ownerConnectionString, new PostgresStoreOptions());
            await using var drop = new NpgsqlCommand($"DROP DATABASE IF EXISTS {SchemaSetup.Quoted(name)} WITH (FORCE)", connection);
            await drop.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw Refused(
                error, $"drop the database '{name}', or end the sessions that others have there",
                $"ALTER DATABASE {SchemaSetup.Quoted(name)} OWNER TO {Owner}; GRANT {SchemaSetup.Quoted(_role)} TO {Owner};");
        }
        catch (NpgsqlException error)
        {
            throw Failure.ToStoreError(error, $"the database '{name}' could not be dropped");
        }
    }

    /// <summary>Two nodes that make the same one take turns, and the second finds it.</summary>
    private void Make(string name, PostgresStoreOptions options)
    {
        var quoted = SchemaSetup.Quoted(name);
        try
        {
            // The lock ends with the session.
            using var connection = Database.OpenOnce(_ownerConnectionString, options);
            Run(connection, "SELECT pg_advisory_lock(hashtextextended('tallystick database ' || $1, 0))", name);
            // Nobody can be connected to this template, and it is the same on every server.
            if (!Exists(connection, name))
                Run(connection, $"CREATE DATABASE {quoted} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
            Run(connection, $"REVOKE ALL ON DATABASE {quoted} FROM PUBLIC");
            Run(connection, $"GRANT CONNECT ON DATABASE {quoted} TO {SchemaSetup.Quoted(_role)}");
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw Refused(error, $"make the database '{name}'", $"ALTER ROLE {Owner} CREATEDB;");
        }
        catch (NpgsqlException error)
        {
            throw Failure.ToStoreError(error, $"the database '{name}' could not be made");
        }
    }

    private string Owner => SchemaSetup.Quoted(Database.Read(_ownerConnectionString).Username ?? "the owner's role");

    private TallystickException Refused(PostgresException error, string what, string sql) => new(
        $"Role {Owner} may not {what}: {error.MessageText} (SQLSTATE {error.SqlState}). Let a superuser run: {sql}", error);

    private static string In(string connectionString, string database) => new NpgsqlConnectionStringBuilder(connectionString) { Database = database }.ConnectionString;

    private static bool Exists(NpgsqlConnection connection, string name)
    {
        using var command = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection);
        command.Parameters.AddWithValue(name);
        return command.ExecuteScalar() is not null;
    }

    private static void Run(NpgsqlConnection connection, string sql, params ReadOnlySpan<object> parameters)
    {
        using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
            command.Parameters.AddWithValue(parameter);
        command.ExecuteNonQuery();
    }
}
