using System.Collections.Concurrent;
using Tallystick.Sqlite.Index;
using Tallystick.Sqlite.Interop;
using Tallystick.Storage;

namespace Tallystick.Sqlite.Reading;

/// <summary>The connections that read: a bounded number, opened when needed, each used by one caller at a time.</summary>
internal sealed class ReaderPool(string path, TailIndex tail, SqliteStoreOptions options) : IAsyncDisposable
{
    /// <summary>How long closing waits for the reads under way: each is one page. A connection that is still busy then is left to the finaliser.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _places = new(options.ReadConnectionsMax);
    private readonly ConcurrentBag<Reader> _idle = [];
    private readonly CancellationTokenSource _closing = new();
    private volatile bool _disposed;

    /// <summary>Reads with one of the connections. The work is synchronous and short: one page.</summary>
    public async ValueTask<TResult> ReadAsync<TArgument, TResult>(
        TArgument argument, Func<Reader, TArgument, TResult> read, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(SqliteStore));
        cancellationToken.ThrowIfCancellationRequested();
        if (!_places.Wait(0, CancellationToken.None))
            await WaitForPlaceAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(SqliteStore));
            if (!_idle.TryTake(out var reader))
                reader = new Reader(SqliteDatabase.OpenReader(path), tail, options.Limits);
            try
            {
                return read(reader, argument);
            }
            finally
            {
                _idle.Add(reader);
            }
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>Waits for the reads under way to end, then closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        await _closing.CancelAsync();
        var taken = 0;
        while (taken < options.ReadConnectionsMax && await _places.WaitAsync(CloseTimeout))
            taken++;
        while (_idle.TryTake(out var reader))
            reader.Database.Dispose();
        if (taken > 0)
            _places.Release(taken);
    }

    private async ValueTask WaitForPlaceAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        try
        {
            await _places.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(SqliteStore));
        }
    }
}

/// <summary>A connection and what reads over it.</summary>
internal sealed class Reader(SqliteDatabase database, TailIndex tail, StoreLimits limits)
{
    public SqliteDatabase Database { get; } = database;

    public LogReader Log { get; } = new(database, tail, limits);

    public DocumentReader Documents { get; } = new(database);

    public CommitRecords Commits { get; } = new(database);

    public LeaseRecords Leases { get; } = new(database);

    public TenantLifeReader Life { get; } = new(database, limits);

    public TenantRecords Tenants { get; } = new(database);
}
