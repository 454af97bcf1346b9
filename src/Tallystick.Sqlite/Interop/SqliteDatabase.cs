using SQLitePCL;

namespace Tallystick.Sqlite.Interop;

/// <summary>
/// One connection, used by one thread at a time. It goes to SQLite's own API by SQLitePCLRaw, without ADO.NET in between: on the writer's
/// path the boxing of parameters and commands costs more than SQLite itself.
/// </summary>
internal sealed class SqliteDatabase : IDisposable
{
    private readonly sqlite3 _handle;
    private readonly Dictionary<string, Statement> _statements = [];

    static SqliteDatabase() => Batteries_V2.Init();

    private SqliteDatabase(sqlite3 handle, string path) => (_handle, Path) = (handle, path);

    public string Path { get; }

    /// <summary>Opens the connection that writes and checkpoints.</summary>
    public static SqliteDatabase OpenWriter(string path) =>
        Open(path, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE | raw.SQLITE_OPEN_NOMUTEX);

    /// <summary>Opens a connection that only reads, and never checkpoints: SQLite before 3.51.3 can lose commits otherwise.</summary>
    public static SqliteDatabase OpenReader(string path)
    {
        var database = Open(path, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_NOMUTEX);
        try
        {
            database.Run("PRAGMA query_only=ON; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-8192; PRAGMA busy_timeout=10000");
            raw.sqlite3_db_config(database._handle, raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, out _);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Runs statements whose rows don't matter.</summary>
    public void Run(string sql) => Check(raw.sqlite3_exec(_handle, sql), sql);

    /// <summary>The statement for this text, compiled once for each connection. Its user resets it.</summary>
    public Statement Statement(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            Check(raw.sqlite3_prepare_v3(_handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var handle), sql);
            _statements.Add(sql, statement = new Statement(this, handle, sql));
        }

        return statement;
    }

    /// <summary>The single number that a query gives.</summary>
    public long Scalar(string sql)
    {
        using var rows = Statement(sql).Rows();
        return rows.Step() ? rows.Int64(0) : throw new TallystickException($"SQLite gave no row for '{sql}' in {Path}.");
    }

    /// <summary>The single text that a query gives.</summary>
    public string ScalarText(string sql)
    {
        using var rows = Statement(sql).Rows();
        return rows.Step() ? rows.Text(0) : throw new TallystickException($"SQLite gave no row for '{sql}' in {Path}.");
    }

    /// <summary>Whether no transaction is open.</summary>
    public bool IsAutocommit => raw.sqlite3_get_autocommit(_handle) != 0;

    public void Check(int code, string what)
    {
        if (code is raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE)
            return;
        throw SqliteError.From(raw.sqlite3_extended_errcode(_handle) is var extended and not 0 ? extended : code,
            raw.sqlite3_errmsg(_handle).utf8_to_string(), Path, what);
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
            statement.Dispose();
        _handle.Dispose();
    }

    private static SqliteDatabase Open(string path, int flags)
    {
        var code = raw.sqlite3_open_v2(path, out var handle, flags, null);
        if (code == raw.SQLITE_OK)
        {
            raw.sqlite3_extended_result_codes(handle, 1);
            return new SqliteDatabase(handle, path);
        }

        var error = SqliteError.From(code, raw.sqlite3_errmsg(handle).utf8_to_string(), path, "open");
        handle.Dispose();
        throw error;
    }
}
