using System.Collections.Immutable;
using System.Globalization;
using Tallystick.Events;
using Tallystick.Sqlite.Interop;
using Tallystick.Storage;

namespace Tallystick.Sqlite.Reading;

/// <summary>The checkpoints and the remembered results of commits; only the writer's connection changes them.</summary>
internal sealed class CommitRecords(SqliteDatabase database)
{
    public LogPosition? FindCheckpoint(int tenant, string name)
    {
        using var rows = database.Statement("SELECT position FROM checkpoints WHERE tenant=?1 AND name=?2").Bind(1, tenant).Bind(2, name).Rows();
        if (!rows.Step())
            return null;
        return ReadCheckpoint(name, rows.Int64(0));
    }

    /// <exception cref="TallystickException">The file is damaged.</exception>
    public LogPosition ReadCheckpoint(string name, long position) => position >= 0
        ? LogPosition.Of(position)
        : throw new TallystickException($"{database.Path} is damaged: checkpoint '{name}' is at {position}. Restore it from a backup.");

    public void Save(int tenant, CheckpointChange change)
    {
        if (change.Position is { } position)
        {
            database.Statement("INSERT INTO checkpoints VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET position=excluded.position")
                .Bind(1, tenant).Bind(2, change.Name).Bind(3, position.Value).Run();
        }
        else
            database.Statement("DELETE FROM checkpoints WHERE tenant=?1 AND name=?2").Bind(1, tenant).Bind(2, change.Name).Run();
    }

    public RememberedCommit? FindCommit(int tenant, string key)
    {
        using var rows = database.Statement("SELECT fingerprint, first, last, streams FROM commits WHERE tenant=?1 AND key=?2")
            .Bind(1, tenant).Bind(2, key).Rows();
        return rows.Step() ? ReadRemembered(key, rows) : null;
    }

    /// <summary>Reads a row that begins with fingerprint, first, last and streams.</summary>
    /// <exception cref="TallystickException">The file is damaged.</exception>
    public RememberedCommit ReadRemembered(string key, Statement.RowReader rows)
    {
        try
        {
            return new RememberedCommit(
                new IdempotencyKey(key, rows.Text(0)),
                new CommitResult.Committed(LogPosition.Of(rows.Int64(1)), LogPosition.Of(rows.Int64(2)), ReadHeads(rows.Text(3)), IsReplay: true));
        }
        catch (Exception error) when (error is FormatException or ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            throw new TallystickException($"{database.Path} is damaged: the result of key '{key}' can't be read ({error.Message}). Restore it from a backup.", error);
        }
    }

    public void Remember(int tenant, IdempotencyKey key, CommitResult.Committed result) =>
        database.Statement("INSERT OR REPLACE INTO commits VALUES(?1, ?2, ?3, ?4, ?5, ?6)")
            .Bind(1, tenant).Bind(2, key.Value).Bind(3, key.Fingerprint)
            .Bind(4, result.FirstPosition.Value).Bind(5, result.Position.Value)
            .Bind(6, string.Join('\n', result.Streams.Select(head => $"{head.Version} {head.Stream}"))).Run();

    // A stream's name has no white space, so lines of "version name" can't be misread.
    private static ImmutableArray<StreamHead> ReadHeads(string text) => text.Length == 0 ? [] :
    [
        .. text.Split('\n').Select(line => line.Split(' ')).Select(parts => new StreamHead(
            StreamId.Parse(parts[1]), StreamVersion.Of(long.Parse(parts[0], CultureInfo.InvariantCulture)))),
    ];
}
