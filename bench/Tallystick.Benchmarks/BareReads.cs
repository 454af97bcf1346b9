using System.Text.Json;
using SQLitePCL;

namespace Tallystick.Benchmarks;

/// <summary>Reads rows of the bare loop's table in order, as fast as SQLite gives them, and deserialises their payload if asked to.</summary>
internal static class BareReads
{
    /// <summary>Events per second of one read of all rows.</summary>
    public static double Run(string path, bool deserialize)
    {
        raw.sqlite3_open(path, out var database);
        raw.sqlite3_prepare_v2(database, "SELECT seq, stream, version, type, time, id, payload, hashes FROM events ORDER BY seq", out var statement);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        long count = 0;
        while (raw.sqlite3_step(statement) == raw.SQLITE_ROW)
        {
            _ = raw.sqlite3_column_int64(statement, 0);
            _ = raw.sqlite3_column_text(statement, 1).utf8_to_string();
            _ = raw.sqlite3_column_int64(statement, 2);
            var payload = raw.sqlite3_column_blob(statement, 6).ToArray();
            _ = raw.sqlite3_column_blob(statement, 7).ToArray();
            if (deserialize)
                JsonSerializer.Deserialize<BenchEvent>(payload, Events.EventSerializer.DefaultOptions);
            count++;
        }

        var perSecond = count / clock.Elapsed.TotalSeconds;
        statement.Dispose();
        database.Dispose();
        return perSecond;
    }
}
