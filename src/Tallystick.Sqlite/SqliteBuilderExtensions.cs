using Microsoft.Extensions.DependencyInjection;
using Tallystick;
using Tallystick.Events;
using Tallystick.Sqlite;
using Tallystick.Storage;

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
        return builder.UseStore(provider =>
        {
            var options = new SqliteStoreOptions
            {
                Time = provider.GetRequiredService<TimeProvider>(),
                Entropy = provider.GetRequiredService<Entropy>(),
                Shares = provider.GetRequiredService<TenantShares>(),
            };
            return SqliteStore.Open(path, change is null ? options : change(options));
        });
    }
}
