using Microsoft.Extensions.Logging;
using Tallystick.Storage;
using Tallystick.Subscriptions;

namespace Tallystick.Tenancy.Databases;

// Opened on first use: whoever comes first opens, the others await it. Closed when idle, or when another needs the place: the least recently
// used first, and never while a call is under way, somebody waits for a signal there, or projections work. One loop looks after all of
// them; it runs only while something is open, and sleeps until the one that has been idle for longest is due.

/// <summary>The databases beside the main one that are open, of which there is a bounded number.</summary>
internal sealed partial class OpenDatabases : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<DatabaseKey, OpenDatabase> _open = [];
    private readonly LinkedList<OpenDatabase> _byUse = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Func<DatabaseKey, IStore> _openStore;
    private readonly TenantOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private TaskCompletionSource _freed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IDatabaseWatcher? _watcher;
    private Task _sweeping = Task.CompletedTask;
    private bool _isSweeping;
    private bool _disposed;

    public OpenDatabases(Func<DatabaseKey, IStore> openStore, TenantOptions options, TimeProvider time, ILogger logger) =>
        (_openStore, _options, _time, _logger) = (openStore, options, time, logger);

    /// <summary>How many are open, or being opened or closed.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _open.Count;
        }
    }

    /// <summary>Tells of databases from now on, also of those that are open already. Null: no more.</summary>
    public void Watch(IDatabaseWatcher? watcher)
    {
        OpenDatabase[] known;
        lock (_lock)
        {
            _watcher = watcher;
            known = [.. _byUse.Where(database => database is { Store: not null, IsClosing: false })];
        }

        foreach (var database in known)
            watcher?.Opened(database);
    }

    /// <summary>
    /// A database to be used until the use is disposed; opened if need be. The default if the tenant has moved while it was waited for:
    /// then nothing was opened, and whoever asks looks up where it is now.
    /// </summary>
    /// <param name="key">The database.</param>
    /// <param name="isRunner">Whether projections and subscriptions ask, which may go on while it is about to be closed.</param>
    /// <param name="moved">Tells that the tenant isn't there any more.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="TallystickException">It can't be opened, or none of those that are open became free in time.</exception>
    public async ValueTask<DatabaseUse> UseAsync(DatabaseKey key, bool isRunner, CancellationToken moved, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var tried = 0;
        while (!moved.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested();
            OpenDatabase? opens = null, closes = null;
            Task wait;
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (_open.TryGetValue(key, out var found))
                {
                    if (found.Store is not null && (!found.IsClosing || isRunner))
                        return Enter(found);
                    wait = found.Settled;
                }
                else if (_open.Count < _options.OpenDatabasesMax)
                {
                    (opens, wait) = (Reserve(key), Task.CompletedTask);
                }
                else
                {
                    closes = tried++ < _open.Count ? LeastUsed() : null;
                    closes?.IsClosing = true;
                    wait = _freed.Task;
                }
            }

            if (opens is not null)
                return Open(opens);
            if (closes is not null)
                await TryCloseAsync(closes);
            else
                tried = await WaitAsync(wait, key, started, cancellationToken);
        }

        return default;
    }

    /// <summary>Closes a database whoever uses it, and removes it before anybody can open it again.</summary>
    public async ValueTask RemoveAsync(DatabaseKey key, Func<CancellationToken, ValueTask> removeAsync, CancellationToken cancellationToken)
    {
        while (true)
        {
            OpenDatabase database;
            Task? wait = null;
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (!_open.TryGetValue(key, out var found))
                    database = Reserve(key); // Nobody opens it meanwhile.
                else if (found.Store is null || found.IsClosing)
                    (database, wait) = (found, found.Settled);
                else
                    database = found;
                database.IsClosing = true;
            }

            if (wait is null)
            {
                await EndAsync(database, removeAsync, cancellationToken);
                return;
            }

            await wait.ObserveAsync().WaitAsync(cancellationToken);
        }
    }

    /// <summary>Tells that projections have come to rest somewhere: whoever waits for a place looks again.</summary>
    public void TellQuiet()
    {
        lock (_lock)
            Free();
    }

    public async ValueTask DisposeAsync()
    {
        OpenDatabase[] left;
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            left = [.. _byUse];
            foreach (var database in left)
                database.Settle();
            Free();
        }

        _stopping.Cancel();
        await _sweeping;
        foreach (var database in left)
        {
            if (database.Store is { } store)
                await store.DisposeAsync();
        }

        _stopping.Dispose();
    }

    private OpenDatabase Reserve(DatabaseKey key)
    {
        var database = new OpenDatabase(key, TellQuiet);
        _open.Add(key, database);
        _byUse.AddLast(database.Place);
        return database;
    }

    private DatabaseUse Enter(OpenDatabase database)
    {
        database.Uses++;
        Touch(database);
        return new DatabaseUse(this, database);
    }

    private void Touch(OpenDatabase database)
    {
        if (database.Place.List is null)
            return; // Closed under whoever used it.
        database.LastUsed = _time.GetTimestamp();
        _byUse.Remove(database.Place);
        _byUse.AddLast(database.Place);
    }

    private OpenDatabase? LeastUsed() => _byUse.FirstOrDefault(database => database is { Store: not null, IsClosing: false, Uses: 0 });

    private DatabaseUse Open(OpenDatabase database)
    {
        IStore store;
        try
        {
            store = _openStore(database.Key);
        }
        catch
        {
            Drop(database);
            throw;
        }

        DatabaseUse use;
        IDatabaseWatcher? watcher;
        lock (_lock)
        {
            database.Store = store;
            use = Enter(database);
            watcher = _watcher;
            if (!_isSweeping && !_disposed)
            {
                _isSweeping = true;
                _sweeping = SweepAsync();
            }
        }

        LogOpened(database.Key);
        watcher?.Opened(database);
        lock (_lock)
            database.Settle();
        return use;
    }

    private async ValueTask<int> WaitAsync(Task wait, DatabaseKey key, long started, CancellationToken cancellationToken)
    {
        var left = _options.OpenTimeout - _time.GetElapsedTime(started);
        try
        {
            if (left > TimeSpan.Zero)
            {
                await wait.ObserveAsync().WaitAsync(left, _time, cancellationToken);
                return 0;
            }
        }
        catch (TimeoutException)
        {
            // Told below.
        }

        throw new TallystickException(
            $"The database '{key}' couldn't be used within {_options.OpenTimeout} (OpenTimeout): it is being opened or closed, or all {_options.OpenDatabasesMax} (OpenDatabasesMax) that may be open are in use. Nothing was done; try again later.",
            isTransient: true);
    }

    internal void Leave(OpenDatabase database)
    {
        lock (_lock)
        {
            database.Uses--;
            Touch(database);
            if (database.Uses == 0)
                Free();
        }
    }

    private void Free()
    {
        var freed = _freed;
        _freed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        freed.SetResult();
    }

    /// <summary>Forgets a database that is closed, or never came to be open.</summary>
    private void Drop(OpenDatabase database)
    {
        lock (_lock)
        {
            _open.Remove(database.Key);
            _byUse.Remove(database.Place);
            database.Settle();
            Free();
        }
    }

    private async ValueTask SweepOnceAsync()
    {
        OpenDatabase? due;
        TimeSpan wait;
        lock (_lock)
        {
            due = LeastUsed();
            wait = due is null ? _options.DatabaseIdleTimeout : _options.DatabaseIdleTimeout - _time.GetElapsedTime(due.LastUsed);
            if (due is not null && wait <= TimeSpan.Zero)
                due.IsClosing = true;
            else
                due = null;
        }

        if (due is null)
            await Task.Delay(wait, _time, _stopping.Token);
        else
            await TryCloseAsync(due);
    }

    [LoggerMessage(1010, LogLevel.Debug, "Opened database '{Database}'.")]
    private partial void LogOpened(DatabaseKey database);

    [LoggerMessage(1011, LogLevel.Debug, "Closed database '{Database}'.")]
    private partial void LogClosed(DatabaseKey database);

    [LoggerMessage(1012, LogLevel.Error, "Closing database '{Database}' failed.")]
    private partial void LogClosingFailed(Exception error, DatabaseKey database);
}

/// <summary>A database that is in use until this is disposed.</summary>
internal readonly struct DatabaseUse : IDisposable
{
    private readonly OpenDatabases? _databases;
    private readonly OpenDatabase? _database;

    /// <summary>A store that is never closed.</summary>
    public DatabaseUse(IStore store) => Store = store;

    public DatabaseUse(OpenDatabases databases, OpenDatabase database) => (_databases, _database, Store) = (databases, database, database.Store);

    /// <summary>Null: the tenant has moved.</summary>
    public IStore? Store { get; }

    public void Dispose() => _databases?.Leave(_database!);
}
