using Npgsql;

namespace Tallystick.Postgres.Connections;

/// <summary>The way to one database: a pool of connections as the role of the requests, all with the same session settings.</summary>
internal sealed class Database : IDisposable, IAsyncDisposable
{
    /// <summary>The writer's, the listener's, the announcer's, and one to look up an outcome while the writer's is breaking.</summary>
    private const int ConnectionsBesideReaders = 4;

    // A node that stops in the middle of a transaction must not keep a tenant's head locked.
    private static readonly TimeSpan IdleInTransactionMax = TimeSpan.FromSeconds(10);

    private readonly NpgsqlDataSource _pool;
    private readonly NpgsqlDataSource _source;

    public Database(string connectionString, PostgresStoreOptions options)
    {
        var settings = SettingsOf(connectionString, options);
        // As many sessions as the store may use at once, never fewer: a place in the pool is then never waited for.
        settings.MaxPoolSize = options.ReadConnectionsMax + ConnectionsBesideReaders;
        settings.MinPoolSize = 0;
        settings.Pooling = true;
        settings.MaxAutoPrepare = 200;
        settings.AutoPrepareMinUsages = 2;
        settings.TargetSessionAttributes = null;
        Host = settings.Host ?? "";
        if (Host.Contains(',', StringComparison.Ordinal))
        {
            // A host that was down is asked again soon: the pool is small, and a failover is waited for.
            settings.HostRecheckSeconds = 1;
            var hosts = new NpgsqlDataSourceBuilder(settings.ConnectionString).BuildMultiHost();
            (_pool, _source) = (hosts, hosts.WithTargetSession(TargetSessionAttributes.Primary));
        }
        else
            _pool = _source = NpgsqlDataSource.Create(settings.ConnectionString);
    }

    /// <summary>Where, for messages.</summary>
    public string Host { get; }

    /// <summary>A connection that is used once, as another role.</summary>
    public static NpgsqlConnection OpenOnce(string connectionString, PostgresStoreOptions options)
    {
        var settings = SettingsOf(connectionString, options);
        settings.Pooling = false;
        settings.TargetSessionAttributes = settings.Host?.Contains(',', StringComparison.Ordinal) == true ? "primary" : null;
        var connection = new NpgsqlConnection(settings.ConnectionString);
        connection.Open();
        return connection;
    }

    public NpgsqlConnection Open() => _source.OpenConnection();

    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) => _source.OpenConnectionAsync(cancellationToken);

    /// <summary>Drops the idle connections: when one was lost, the others probably are too.</summary>
    public void Forget() => _source.Clear();

    public void Dispose()
    {
        _source.Dispose();
        _pool.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        await _pool.DisposeAsync();
    }

    /// <summary>A connection string, taken apart.</summary>
    /// <exception cref="ArgumentException">It isn't one.</exception>
    public static NpgsqlConnectionStringBuilder Read(string connectionString)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception error) when (error is ArgumentException or FormatException)
        {
            // Npgsql's message names the keyword; the string itself, which has a password, is not repeated.
            throw new ArgumentException($"The connection string can't be read: {error.Message}", nameof(connectionString));
        }
    }

    private static NpgsqlConnectionStringBuilder SettingsOf(string connectionString, PostgresStoreOptions options)
    {
        var settings = Read(connectionString);
        settings.SearchPath = $"{options.Schema},pg_temp";
        settings.TcpKeepAlive = true;
        settings.TcpKeepAliveTime = 10;
        settings.TcpKeepAliveInterval = 5;
        settings.CommandTimeout = (int)Math.Ceiling(options.StatementTimeout.TotalSeconds);
        settings.IncludeErrorDetail = false;
        settings.ApplicationName ??= "tallystick";
        // Every statement reaches its rows by a key, in the key's order. A plan made while a table was still small must not become a scan
        // of a large one later, nor a sort.
        settings.Options = $"{settings.Options} -c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off -c plan_cache_mode=force_generic_plan"
            + " -c default_transaction_isolation=read\\ committed"
            + $" -c idle_in_transaction_session_timeout={(int)IdleInTransactionMax.TotalMilliseconds}"
            + " -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3";
        return settings;
    }
}
