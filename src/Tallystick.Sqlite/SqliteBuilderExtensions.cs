using Microsoft.Extensions.DependencyInjection;
using Tallystick;
using Tallystick.Events;
using Tallystick.Sqlite;
using Tallystick.Sqlite.Schema;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Chooses the embedded store.</summary>
public static class SqliteBuilderExtensions
{
    /// <summary>Keeps everything in one SQLite file, which is made when it isn't there.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="path">The file.</param>
    /// <param name="change">Changes the options; null leaves the defaults.</param>
    public static TallystickBuilder UseSqlite(
        this TallystickBuilder builder, string path, Func<SqliteStoreOptions, SqliteStoreOptions>? change = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.UseStore(provider => Open(provider, path, new SqliteStoreOptions(), change));
    }

    /// <summary>Adds a database in which tenants can be placed, beside the main one, in a SQLite file of its own.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="name">The database's name, by which <see cref="Placement.Shared"/> names it.</param>
    /// <param name="path">The file.</param>
    /// <param name="change">Changes the options; null leaves the defaults.</param>
    public static TallystickBuilder AddSqliteDatabase(
        this TallystickBuilder builder, string name, string path, Func<SqliteStoreOptions, SqliteStoreOptions>? change = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddDatabase(name, provider => Open(provider, path, new SqliteStoreOptions(), change));
    }

    /// <summary>
    /// Lets tenants have a SQLite file of their own each: <c>folder/TENANT.db</c>. It is made when the tenant is first used, and removed with
    /// all that stands beside it when the tenant is erased.
    /// </summary>
    /// <param name="builder">The application.</param>
    /// <param name="folder">The folder, which holds nothing else.</param>
    /// <param name="kind">The name by which <see cref="Placement.Dedicated"/> names such files.</param>
    /// <param name="change">Changes the options; null leaves the defaults, but with 2 connections that read (of many files, each is read little).</param>
    public static TallystickBuilder AddSqliteFiles(
        this TallystickBuilder builder, string folder, string kind = "file", Func<SqliteStoreOptions, SqliteStoreOptions>? change = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return builder.AddDedicated(
            kind,
            (provider, tenant) => Open(provider, PathOf(folder, tenant), new SqliteStoreOptions { ReadConnectionsMax = 2 }, change),
            (_, tenant, cancellationToken) =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                DatabaseRemoval.Remove(PathOf(folder, tenant));
                return ValueTask.CompletedTask;
            });
    }

    /// <summary>A tenant's name is made of letters, digits and hyphens alone, so it can't lead out of the folder.</summary>
    private static string PathOf(string folder, TenantId tenant) => Path.Combine(folder, tenant.Value + ".db");

    private static SqliteStore Open(
        IServiceProvider provider, string path, SqliteStoreOptions options, Func<SqliteStoreOptions, SqliteStoreOptions>? change)
    {
        options = options with
        {
            Time = provider.GetRequiredService<TimeProvider>(),
            Entropy = provider.GetRequiredService<Entropy>(),
            Shares = provider.GetRequiredService<TenantShares>(),
        };
        return SqliteStore.Open(path, change is null ? options : change(options));
    }
}
