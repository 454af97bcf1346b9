using System.Collections.Immutable;
using Npgsql;
using Tallystick.Events;
using Tallystick.Postgres.Connections;
using Tallystick.Postgres.Reading;
using Tallystick.Storage;

namespace Tallystick.Postgres.Signals;

/// <summary>
/// Hears what other nodes announce, over one connection, reads how far that is of it which somebody here waits for, and passes this on to them.
/// Since a notification may get lost, the positions that somebody waits for are read whenever the connection is made anew and every few seconds,
/// all of them with one query; while nobody waits, nothing is read.
/// </summary>
/// <remarks>
/// A notification only says where to look. Anybody who may connect to the database may send one, and a true one may be of a log that was
/// erased since, or that a failover has cut: nobody is woken for a position that isn't stored.
/// </remarks>
internal sealed class Listener : IAsyncDisposable
{
    // Npgsql can miss the cancellation of a wait that is just beginning (npgsql/npgsql#5975), which would then never end.
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(2);

    private readonly Database _database;
    private readonly ReadConnections _reads;
    private readonly PositionSignals _signals;
    private readonly PostgresStoreOptions _options;
    private readonly Guid _self;
    private readonly HashSet<WaitedPosition> _heard = [];
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _listening;
    private readonly Task _checking;

    public Listener(Database database, ReadConnections reads, PositionSignals signals, Guid self, PostgresStoreOptions options)
    {
        (_database, _reads, _signals, _self, _options) = (database, reads, signals, self, options);
        _listening = ListenAsync();
        _checking = CheckRegularlyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await Task.WhenAll(_listening, _checking);
        _closing.Dispose();
    }

    private async Task ListenAsync()
    {
        var retry = NewRetry();
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                await retry.PauseAsync(_closing.Token);
                await using var connection = await _database.OpenAsync(_closing.Token);
                connection.Notification += (_, notification) => Hear(notification.Payload);
                await using (var listen = new NpgsqlCommand($"LISTEN {SchemaChannel(_options)}", connection))
                    await listen.ExecuteNonQueryAsync(_closing.Token);
                // What was announced before this moment is lost to us.
                await CheckAsync();
                retry = NewRetry();
                while (!_closing.IsCancellationRequested)
                {
                    await connection.WaitAsync(WaitMax, _closing.Token);
                    await LookAsync();
                }
            }
            catch (Exception) when (!_closing.IsCancellationRequested)
            {
                // The connection is lost; until there is another one, the regular checks wake those who wait.
            }
            catch (Exception)
            {
                return;
            }
        }
    }

    private async Task CheckRegularlyAsync()
    {
        using var timer = new PeriodicTimer(_options.SignalCheckInterval, _options.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(_closing.Token))
                await TryCheckAsync();
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
        }
    }

    private async Task TryCheckAsync()
    {
        try
        {
            await CheckAsync();
        }
        catch (Exception) when (!_closing.IsCancellationRequested)
        {
            // The server isn't to be had; the next check may find it.
        }
        catch (Exception)
        {
            // The store is being closed.
        }
    }

    /// <summary>Reads how far everything is that somebody here waits for.</summary>
    private Task CheckAsync() => ReadAsync(_signals.Waited());

    /// <summary>The same for what was heard of alone.</summary>
    private Task LookAsync()
    {
        if (_heard.Count == 0)
            return Task.CompletedTask;
        ImmutableArray<WaitedPosition> heard = [.. _heard];
        _heard.Clear();
        return ReadAsync(heard);
    }

    private async Task ReadAsync(ImmutableArray<WaitedPosition> waited)
    {
        if (waited.IsEmpty)
            return;
        foreach (var (tenant, checkpoint, position) in await WaitedPositions.ReadAsync(_reads, waited, _closing.Token))
            Advance(tenant, checkpoint, position);
    }

    private void Hear(string payload)
    {
        foreach (var (tenant, checkpoint, position) in Announcer.Read(payload, _self))
        {
            if (_signals.IsWaitedFor(tenant, checkpoint, position))
                _heard.Add(new WaitedPosition(tenant, checkpoint));
        }
    }

    private void Advance(Tenancy.TenantId tenant, string? checkpoint, LogPosition position)
    {
        if (checkpoint is null)
            _signals.Advance(tenant, position);
        else
            _signals.Advance(tenant, checkpoint, position);
    }

    private Retry NewRetry() => new(_options.Time, TimeSpan.MaxValue);

    /// <summary>The channel on which the stores of one schema announce.</summary>
    public static string SchemaChannel(PostgresStoreOptions options) => $"{options.Schema}_positions";
}
