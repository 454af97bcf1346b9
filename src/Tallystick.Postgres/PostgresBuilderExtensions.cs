using Microsoft.Extensions.DependencyInjection;
using Tallystick;
using Tallystick.Events;
using Tallystick.Postgres;
using Tallystick.Storage;

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
        return builder.UseStore(provider =>
        {
            var options = new PostgresStoreOptions
            {
                Time = provider.GetRequiredService<TimeProvider>(),
                Entropy = provider.GetRequiredService<Entropy>(),
                Shares = provider.GetRequiredService<TenantShares>(),
            };
            return PostgresStore.Open(connectionString, change is null ? options : change(options));
        });
    }
}
