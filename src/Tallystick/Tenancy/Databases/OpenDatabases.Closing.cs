namespace Tallystick.Tenancy.Databases;

internal sealed partial class OpenDatabases
{
    private async Task SweepAsync()
    {
        try
        {
            await Task.Yield();
            while (MaySweep())
                await SweepOnceAsync();
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    /// <summary>The loop ends with the last database, and is begun with the next first one.</summary>
    private bool MaySweep()
    {
        lock (_lock)
            return _isSweeping = _open.Count > 0 && !_disposed;
    }

    /// <summary>Closes a database that is marked as closing, unless there is still work.</summary>
    private async ValueTask TryCloseAsync(OpenDatabase database)
    {
        try
        {
            if (_watcher is not { } watcher || await watcher.IsQuietAsync(database, _stopping.Token))
            {
                await EndAsync(database, static _ => ValueTask.CompletedTask, _stopping.Token);
                return;
            }
        }
        catch (Exception error) when (!_stopping.IsCancellationRequested)
        {
            LogClosingFailed(error, database.Key);
        }

        // It stays open, as the one that was used last.
        lock (_lock)
        {
            database.IsClosing = false;
            Touch(database);
            database.Settle();
        }
    }

    private async ValueTask EndAsync(OpenDatabase database, Func<CancellationToken, ValueTask> removeAsync, CancellationToken cancellationToken)
    {
        try
        {
            if (database.Store is { } store)
            {
                await EndWorkAsync(database, cancellationToken);
                await store.DisposeAsync();
                LogClosed(database.Key);
            }

            await removeAsync(cancellationToken);
        }
        finally
        {
            Drop(database);
        }
    }

    private async ValueTask EndWorkAsync(OpenDatabase database, CancellationToken cancellationToken)
    {
        try
        {
            if (_watcher is { } watcher)
                await watcher.ClosingAsync(database, cancellationToken);
        }
        catch (TimeoutException error)
        {
            // A handler that doesn't return fails when it next uses the database.
            LogClosingFailed(error, database.Key);
        }
    }
}
