using System.Collections.Immutable;
using System.Globalization;
using Npgsql;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Postgres.Reading;

/// <summary>The remembered results of commits, and the checkpoints.</summary>
internal static class CommitRecords
{
    public const string Find = $"SELECT fingerprint, first, last, streams FROM commits WHERE tenant = {LivingTenant.First} AND key = $2";

    /// <summary>The same for many, for the writer; the first column counts the keys from 1.</summary>
    public const string FindMany = """
        SELECT k.n, c.fingerprint, c.first, c.last, c.streams FROM unnest($1, $2) WITH ORDINALITY k(tenant, key, n)
        JOIN commits c ON c.tenant = k.tenant AND c.key = k.key
        """;

    public const string FindCheckpoint = $"SELECT position FROM checkpoints WHERE tenant = {LivingTenant.First} AND name = $2";

    public static RememberedCommit Read(NpgsqlDataReader reader, string key, int column)
    {
        try
        {
            return new RememberedCommit(
                new IdempotencyKey(key, reader.GetString(column)),
                new CommitResult.Committed(
                    LogPosition.Of(reader.GetInt64(column + 1)), LogPosition.Of(reader.GetInt64(column + 2)),
                    ReadStreams(reader.GetString(column + 3)), IsReplay: true));
        }
        catch (Exception error) when (error is FormatException or ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            throw Damage.At($"the result of idempotency key '{key}' can't be read ({error.Message})", error);
        }
    }

    /// <summary>The streams' heads as text. A stream's name has no white space, so lines of "version name" can't be misread.</summary>
    public static string Write(ImmutableArray<StreamHead> streams) =>
        string.Join('\n', streams.Select(head => $"{head.Version} {head.Stream}"));

    public static LogPosition PositionOf(long stored, string name) =>
        stored >= 0 ? LogPosition.Of(stored) : throw Damage.At($"checkpoint '{name}' is at {stored}");

    private static ImmutableArray<StreamHead> ReadStreams(string text) => text.Length == 0 ? [] :
    [
        .. text.Split('\n').Select(line => line.Split(' ')).Select(parts => new StreamHead(
            StreamId.Parse(parts[1]), StreamVersion.Of(long.Parse(parts[0], CultureInfo.InvariantCulture)))),
    ];
}
