using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Npgsql;
using Tallystick.Events;
using Tallystick.Postgres.Connections;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Signals;

/// <summary>
/// Tells other nodes by NOTIFY how far logs and checkpoints are. What advances while a notification is on its way is gathered, the last
/// position of each alone, and goes into the next one. Nothing depends on a notification: one that fails is dropped.
/// </summary>
/// <remarks>
/// It is a transaction of its own and never part of a commit's, since a transaction that notifies holds a lock of the whole database while it
/// commits; and that transaction isn't waited for to be synced, since it changes nothing.
/// </remarks>
internal sealed class Announcer : IAsyncDisposable
{
    /// <summary>The most bytes of a notification; PostgreSQL takes less than 8,000.</summary>
    private const int PayloadBytesMax = 7_900;

    // What is told at once costs as much as a small commit, for the server and for everybody who listens. So a notification goes out at once when
    // there was none lately, and otherwise this much later, for all that has advanced meanwhile.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private const string Notify = "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)";

    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Database _database;
    private readonly string _channel;
    private readonly string _sender;
    private readonly TimeProvider _time;
    private readonly object _lock = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _running;
    private Dictionary<(TenantId Tenant, string? Checkpoint), LogPosition> _gathered = [];

    public Announcer(Database database, string channel, Guid sender, TimeProvider time)
    {
        (_database, _channel, _sender, _time) = (database, channel, sender.ToString("N"), time);
        _running = RunAsync();
    }

    /// <summary>Takes note of an advance, which is told with the next <see cref="Wake"/>.</summary>
    public void Announce(TenantId tenant, string? checkpoint, LogPosition position)
    {
        lock (_lock)
            _gathered[(tenant, checkpoint)] = position;
    }

    public void Wake()
    {
        lock (_lock)
        {
            if (_gathered.Count > 0 && _wake.CurrentCount == 0)
                _wake.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _running;
        _closing.Dispose();
        _wake.Dispose();
    }

    /// <summary>The positions that a notification tells; none if it is this store's own, or isn't one of these.</summary>
    public static List<(TenantId Tenant, string? Checkpoint, LogPosition Position)> Read(string payload, Guid self)
    {
        List<(TenantId, string?, LogPosition)> advances = [];
        try
        {
            using var document = JsonDocument.Parse(payload);
            if (document.RootElement[0].GetString() == self.ToString("N"))
                return [];
            foreach (var one in document.RootElement.EnumerateArray().Skip(1))
            {
                advances.Add((
                    TenantId.FromStored(one[0].GetString()!), one.GetArrayLength() > 2 ? one[2].GetString() : null, LogPosition.Of(one[1].GetInt64())));
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or ArgumentException or IndexOutOfRangeException)
        {
            // Anybody may notify on any channel. What can't be read wakes nobody, and the next check of the positions finds what it should have told.
            return [];
        }

        return advances;
    }

    private async Task RunAsync()
    {
        NpgsqlConnection? connection = null;
        while (true)
        {
            try
            {
                await _wake.WaitAsync(_closing.Token);
                Dictionary<(TenantId Tenant, string? Checkpoint), LogPosition> gathered;
                lock (_lock)
                    (gathered, _gathered) = (_gathered, []);
                connection ??= await _database.OpenAsync(_closing.Token);
                foreach (var payload in Payloads(gathered))
                    await SendAsync(connection, payload);
                await Task.Delay(Pause, _time, _closing.Token);
            }
            catch (OperationCanceledException) when (_closing.IsCancellationRequested)
            {
                break;
            }
            catch (Exception)
            {
                // Lost notifications are made up for by the listeners' own checks.
                if (connection is not null)
                    await connection.DisposeAsync();
                connection = null;
            }
        }

        if (connection is not null)
            await connection.DisposeAsync();
    }

    private async Task SendAsync(NpgsqlConnection connection, string payload)
    {
        await using var command = new NpgsqlCommand(Notify, connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = _channel });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = payload });
        await command.ExecuteNonQueryAsync(_closing.Token);
    }

    private IEnumerable<string> Payloads(Dictionary<(TenantId Tenant, string? Checkpoint), LogPosition> gathered)
    {
        var payload = new System.Text.StringBuilder();
        var bytes = 0;
        foreach (var ((tenant, checkpoint), position) in gathered)
        {
            var one = Write(tenant, checkpoint, position);
            if (bytes > 0 && bytes + one.WrittenCount + 2 > PayloadBytesMax)
            {
                yield return payload.Append(']').ToString();
                bytes = 0;
            }

            if (bytes == 0)
            {
                payload.Clear().Append($"[\"{_sender}\"");
                bytes = payload.Length + 1;
            }

            payload.Append(',').Append(System.Text.Encoding.UTF8.GetString(one.WrittenSpan));
            bytes += one.WrittenCount + 1;
        }

        if (bytes > 0)
            yield return payload.Append(']').ToString();
    }

    private static ArrayBufferWriter<byte> Write(TenantId tenant, string? checkpoint, LogPosition position)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer, Plain);
        writer.WriteStartArray();
        writer.WriteStringValue(tenant.Value);
        writer.WriteNumberValue(position.Value);
        if (checkpoint is not null)
            writer.WriteStringValue(checkpoint);
        writer.WriteEndArray();
        return buffer;
    }
}
