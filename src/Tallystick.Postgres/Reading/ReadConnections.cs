using Npgsql;
using Tallystick.Postgres.Connections;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Reading;

/// <summary>
/// Reads: each in one round trip and one implicit transaction, which names its tenant first. A bounded number at a time; one that fails by
/// a lost connection or a restarting server is tried again until a deadline.
/// </summary>
internal sealed class ReadConnections(Database database, PostgresStoreOptions options) : IAsyncDisposable
{
    private readonly SemaphoreSlim _places = new(options.ReadConnectionsMax);
    private readonly CancellationTokenSource _closing = new();
    private volatile bool _disposed;

    public int UnderWay => options.ReadConnectionsMax - _places.CurrentCount;

    /// <summary>Asks and reads the answer.</summary>
    /// <param name="tenants">Whose rows may be seen, separated by commas.</param>
    /// <param name="argument">Handed on.</param>
    /// <param name="ask">Adds the statements.</param>
    /// <param name="read">Reads from the first result of those statements on.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<TResult> ReadAsync<TArgument, TResult>(
        string tenants, TArgument argument, Action<NpgsqlBatch, TArgument> ask,
        Func<NpgsqlDataReader, TArgument, CancellationToken, ValueTask<TResult>> read, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(PostgresStore));
        cancellationToken.ThrowIfCancellationRequested();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        try
        {
            await _places.WaitAsync(either.Token);
            try
            {
                return await ReadPatientlyAsync(tenants, argument, ask, read, either.Token);
            }
            finally
            {
                _places.Release();
            }
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(PostgresStore));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("The read was cancelled.", cancellationToken);
        }
    }

    /// <summary>Lets the reads that are under way fail, and awaits them.</summary>
    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        await _closing.CancelAsync();
        for (var taken = 0; taken < options.ReadConnectionsMax; taken++)
            await _places.WaitAsync();
        _places.Release(options.ReadConnectionsMax);
    }

    private async ValueTask<TResult> ReadPatientlyAsync<TArgument, TResult>(
        string tenants, TArgument argument, Action<NpgsqlBatch, TArgument> ask,
        Func<NpgsqlDataReader, TArgument, CancellationToken, ValueTask<TResult>> read, CancellationToken cancellationToken)
    {
        Retry? retry = null;
        while (true)
        {
            try
            {
                return await ReadOnceAsync(tenants, argument, ask, read, cancellationToken);
            }
            catch (Exception error) when (error is not (OperationCanceledException or TallystickException))
            {
                cancellationToken.ThrowIfCancellationRequested();
                retry ??= new Retry(options.Time, options.RetryTimeout);
                if (!Failure.IsTransient(error) || !retry.HasTime)
                    throw Failure.ToStoreError(error, "a read failed");
                database.Forget();
            }

            await retry.PauseAsync(cancellationToken);
        }
    }

    private async ValueTask<TResult> ReadOnceAsync<TArgument, TResult>(
        string tenants, TArgument argument, Action<NpgsqlBatch, TArgument> ask,
        Func<NpgsqlDataReader, TArgument, CancellationToken, ValueTask<TResult>> read, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var statements = new NpgsqlBatch(connection);
        statements.Add(Sql.NameTenants).Bind(tenants);
        ask(statements, argument);
        await using var reader = await statements.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        return await read(reader, argument, cancellationToken);
    }
}
