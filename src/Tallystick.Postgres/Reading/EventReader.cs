using System.Collections.Immutable;
using System.Globalization;
using Npgsql;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Postgres.Connections;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Reading;

/// <summary>
/// Reads events. The server cuts a page by the bytes of its payloads, so that none travels in vain; it knows a payload's length without
/// reading the payload.
/// </summary>
internal static class EventReader
{
    private const string Columns =
        "position, version, time, schema, id, causation, stream, type, tags, correlation, trace, user_id, salt, hashes, payload";

    private static readonly string Log = Cut(
        $"SELECT {Columns} FROM events WHERE tenant = {LivingTenant.First} AND position > $2 ORDER BY position LIMIT $3", "position", "$4");

    private static readonly string StreamForwards = Cut(
        $"SELECT {Columns} FROM events WHERE tenant = {LivingTenant.First} AND stream = $2 AND version >= $3 ORDER BY version LIMIT $4", "version", "$5");

    private static readonly string StreamBackwards = Cut(
        $"SELECT {Columns} FROM events WHERE tenant = {LivingTenant.First} AND stream = $2 AND version <= $3 ORDER BY version DESC LIMIT $4", "version DESC", "$5");

    public static void AskStream(NpgsqlBatch statements, TenantId tenant, StreamRead read, int bytesMax) =>
        statements.Add(read.Direction == ReadDirection.Forwards ? StreamForwards : StreamBackwards)
            .Bind(tenant.Value).Bind(read.Stream.ToString()).Bind(read.From.Value).Bind((long)read.Count).Bind((long)bytesMax);

    /// <summary>
    /// Asks for a page of the log; for a selective query first for the log's head: what is stored by then is surely seen by the statement
    /// that follows.
    /// </summary>
    public static void AskLog(NpgsqlBatch statements, TenantId tenant, LogRead read, int bytesMax)
    {
        if (!QuerySql.IsSelective(read.Query))
        {
            statements.Add(Log).Bind(tenant.Value).Bind(read.After.Value).Bind((long)read.Count).Bind((long)bytesMax);
            return;
        }

        statements.Add("SELECT position FROM heads WHERE tenant = $1 AND NOT erasing").Bind(tenant.Value);
        var matches = QuerySql.Matches(read.Query!, tenant, read.After, read.Count);
        var rows = $"SELECT {Columns} FROM ({matches.Text}) k JOIN events USING (position) WHERE tenant = {LivingTenant.First} ORDER BY position";
        var command = statements.Add(Cut(rows, "position", $"${matches.Bindings.Count + 1}"));
        matches.BindTo(command);
        command.Bind((long)bytesMax);
    }

    public static async ValueTask<EventPage> ReadLogAsync(NpgsqlDataReader reader, LogRead read, CancellationToken cancellationToken)
    {
        var head = LogPosition.Start;
        if (QuerySql.IsSelective(read.Query))
        {
            if (await reader.ReadAsync(cancellationToken))
                head = LogPosition.Of(reader.GetInt64(0));
            await reader.NextResultAsync(cancellationToken);
        }

        var (events, found) = await ReadAsync(reader, cancellationToken);
        var through = events.IsEmpty ? read.After : events[^1].Position;
        // A page that nothing has cut was examined up to the head, even if nothing at its end matches.
        if (found == events.Length && found < read.Count && head > through)
            through = head;
        return new EventPage(events, through);
    }

    /// <summary>Reads a page of events, and how many there were before the page was cut by its bytes.</summary>
    public static async ValueTask<(ImmutableArray<RecordedEvent> Events, long Found)> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var events = ImmutableArray.CreateBuilder<RecordedEvent>();
        long found = 0;
        while (await reader.ReadAsync(cancellationToken))
        {
            found = reader.GetInt64(15);
            events.Add(Read(reader));
        }

        return (events.DrainToImmutable(), found);
    }

    /// <summary>Cuts a selection of events, in its order, where their payloads get too long; one event always fits.</summary>
    private static string Cut(string rows, string order, string bytesMax) => $"""
        SELECT {Columns}, found FROM (
          SELECT *, row_number() OVER w AS n, sum(octet_length(payload)) OVER w AS bytes, count(*) OVER () AS found
          FROM ({rows}) r WINDOW w AS (ORDER BY {order} ROWS UNBOUNDED PRECEDING)) p
        WHERE n = 1 OR bytes <= {bytesMax} ORDER BY {order}
        """;

    private static RecordedEvent Read(NpgsqlDataReader row)
    {
        try
        {
            return ReadChecked(row);
        }
        catch (Exception error) when (error is FormatException or ArgumentException or OverflowException)
        {
            throw Damage.At(string.Create(CultureInfo.InvariantCulture, $"the event at position {row.GetInt64(0)} can't be read ({error.Message})"), error);
        }
    }

    private static RecordedEvent ReadChecked(NpgsqlDataReader row)
    {
        var hashes = row.GetFieldValue<byte[]>(13);
        if (hashes.Length < 2 * Hash256.ByteLength || hashes.Length % Hash256.ByteLength != 0)
            throw Damage.At(string.Create(CultureInfo.InvariantCulture, $"the event at position {row.GetInt64(0)} lacks its hashes"));
        return new RecordedEvent
        {
            Position = LogPosition.Of(row.GetInt64(0)),
            Version = StreamVersion.Of(row.GetInt64(1)),
            Time = new DateTimeOffset(row.GetInt64(2), TimeSpan.Zero),
            SchemaVersion = row.GetInt32(3),
            Id = row.GetGuid(4),
            Stream = StreamId.Parse(row.GetString(6)),
            Type = row.GetString(7),
            Tags = row.IsDBNull(8) ? [] : [.. row.GetString(8).Split('\n')],
            Metadata = ReadMetadata(row),
            Salt = row.GetFieldValue<byte[]>(12),
            PayloadHash = new Hash256(hashes.AsSpan(0, Hash256.ByteLength)),
            TreeNodes = hashes.AsMemory(Hash256.ByteLength),
            Payload = row.GetFieldValue<byte[]>(14),
        };
    }

    private static EventMetadata ReadMetadata(NpgsqlDataReader row)
    {
        var causation = row.IsDBNull(5) ? (Guid?)null : row.GetGuid(5);
        var correlation = Text(9);
        var trace = Text(10);
        var user = Text(11);
        return correlation is null && causation is null && trace is null && user is null
            ? EventMetadata.None
            : new EventMetadata(correlation, causation, trace, user);

        string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);
    }
}
