using Microsoft.Extensions.DependencyInjection;
using Tallystick;
using Tallystick.Events;
using Tallystick.Postgres;
using Tallystick.Postgres.Schema;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Chooses the shared store.</summary>
public static class PostgresBuilderExtensions
{
    /// <summary>Keeps everything in a PostgreSQL database, which many nodes may share.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="connectionString">
    /// Connects as the role of the requests, in Npgsql's form. It may list several hosts; the one that is the primary is used.
    /// </param>
    /// <param name="change">Changes the options; null leaves the defaults.</param>
    public static TallystickBuilder UsePostgres(
        this TallystickBuilder builder, string connectionString, Func<PostgresStoreOptions, PostgresStoreOptions>? change = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.UseStore(provider => Open(provider, connectionString, change));
    }

    /// <summary>Adds a database in which tenants can be placed, beside the main one, in a PostgreSQL database (or a schema) of its own: a shard.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="name">The database's name, by which <see cref="Placement.Shared"/> names it.</param>
    /// <param name="connectionString">Connects as the role of the requests, as with <see cref="UsePostgres"/>.</param>
    /// <param name="change">Changes the options; null leaves the defaults.</param>
    /// <exception cref="ArgumentException">The name isn't one, or it is taken.</exception>
    public static TallystickBuilder AddPostgresDatabase(
        this TallystickBuilder builder, string name, string connectionString, Func<PostgresStoreOptions, PostgresStoreOptions>? change = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddDatabase(name, provider => Open(provider, connectionString, change));
    }

    /// <summary>
    /// Lets tenants have a PostgreSQL database of their own each, on one server: the prefix and the tenant's name (a long name is shortened by a digest). It is made
    /// when the tenant is first used, lets nobody in but the role of the requests, and is dropped when the tenant is erased.
    /// </summary>
    /// <param name="builder">The application.</param>
    /// <param name="connectionString">
    /// Connects as the role of the requests, which it must name (<c>Username</c>); the tenant's database takes the place of the one in it.
    /// </param>
    /// <param name="ownerConnectionString">
    /// Connects as a role with CREATEDB, which will own the databases and the tables in them, to any database that exists. To drop a database
    /// that another node has open, it must be a member of the role of the requests.
    /// </param>
    /// <param name="kind">The name by which <see cref="Placement.Dedicated"/> names such databases.</param>
    /// <param name="prefix">
    /// What the databases' names begin with, so that applications on one server don't meet: 1 to 20 lower-case letters, digits and
    /// underscores, a letter first. It must not change once tenants are there.
    /// </param>
    /// <param name="change">
    /// Changes the options; null leaves the defaults, but with 2 connections that read, so that a database that is open costs at most 6.
    /// </param>
    /// <exception cref="ArgumentException">The kind is taken, the prefix isn't one, or a connection string can't be used.</exception>
    public static TallystickBuilder AddPostgresDatabases(
        this TallystickBuilder builder, string connectionString, string ownerConnectionString, string kind = "postgres", string prefix = "tallystick_",
        Func<PostgresStoreOptions, PostgresStoreOptions>? change = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var databases = new TenantDatabases(connectionString, ownerConnectionString, prefix);
        return builder.AddDedicated(
            kind,
            (provider, tenant) => databases.Open(tenant, OptionsFor(provider) with { ReadConnectionsMax = 2 }, change),
            (_, tenant, cancellationToken) => databases.RemoveAsync(tenant, cancellationToken));
    }

    private static PostgresStore Open(IServiceProvider provider, string connectionString, Func<PostgresStoreOptions, PostgresStoreOptions>? change)
    {
        var options = OptionsFor(provider);
        return PostgresStore.Open(connectionString, change is null ? options : change(options));
    }

    private static PostgresStoreOptions OptionsFor(IServiceProvider provider) => new()
    {
        Time = provider.GetRequiredService<TimeProvider>(),
        Entropy = provider.GetRequiredService<Entropy>(),
        Shares = provider.GetRequiredService<TenantShares>(),
    };
}
