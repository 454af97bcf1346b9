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

    /// <summary>For tests, which listen to what SQLite does.</summary>
    public sqlite3 Handle => _handle;

    /// <summary>Opens the connection that writes and checkpoints.</summary>
    public static SqliteDatabase OpenWriter(string path) =>
        Open(path, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE | raw.SQLITE_OPEN_NOMUTEX);

    /// <summary>Whether the file may only be read: SQLite opens it nevertheless, and every commit would fail.</summary>
    public bool IsReadOnly => raw.sqlite3_db_readonly(_handle, "main") != 0;

    /// <summary>Opens a connection that only reads, and never checkpoints: SQLite before 3.51.3 can lose commits otherwise.</summary>
    public static SqliteDatabase OpenReader(string path)
    {
        var database = Open(path, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_NOMUTEX);
        try
        {
            database.Run("PRAGMA query_only=ON; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-8192; PRAGMA busy_timeout=10000");
            database.KeepWalOnClose(true);
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
        var number = rows.Step() ? rows.Int64(0) : throw NoRow(sql);
        RunToTheEnd(rows);
        return number;
    }

    /// <summary>The single text that a query gives.</summary>
    public string ScalarText(string sql)
    {
        using var rows = Statement(sql).Rows();
        var text = rows.Step() ? rows.Text(0) : throw NoRow(sql);
        RunToTheEnd(rows);
        return text;
    }

    /// <summary>How many rows the last statement that ran has changed.</summary>
    public int Changes => raw.sqlite3_changes(_handle);

    /// <summary>Runs a deletion of some owner's rows, at most so many; how many there were.</summary>
    public int Delete(string sql, long owner, int max)
    {
        Statement(sql).Bind(1, owner).Bind(2, max).Run();
        return Changes;
    }

    /// <summary>Whether no transaction is open.</summary>
    public bool IsAutocommit => raw.sqlite3_get_autocommit(_handle) != 0;

    /// <summary>Whether closing leaves the write-ahead log as it is, instead of copying it into the file.</summary>
    public void KeepWalOnClose(bool keep) => raw.sqlite3_db_config(_handle, raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0, out _);

    /// <summary>How many pages this connection has written since it was asked last.</summary>
    public int TakePagesWritten()
    {
        Check(raw.sqlite3_db_status(_handle, raw.SQLITE_DBSTATUS_CACHE_WRITE, out var pages, out _, 1), "count pages");
        return pages;
    }

    /// <summary>
    /// Copies the write-ahead log into the file and leaves nothing of it, so that nothing is left of what was deleted either.
    /// </summary>
    /// <returns>False if a reader stood in the way: try again later.</returns>
    public bool TruncateWal()
    {
        var code = raw.sqlite3_wal_checkpoint_v2(_handle, null, raw.SQLITE_CHECKPOINT_TRUNCATE, out _, out _);
        if (code != raw.SQLITE_BUSY)
            Check(code, "checkpoint");
        return code != raw.SQLITE_BUSY;
    }

    /// <summary>Copies the write-ahead log into the file, as far as readers allow, and syncs it.</summary>
    /// <param name="waits">Waits for the readers, so that the log begins anew with the next commit.</param>
    /// <returns>How many pages the log still has that the next commit must be written behind; 0 if it can begin anew.</returns>
    public int Checkpoint(bool waits)
    {
        var mode = waits ? raw.SQLITE_CHECKPOINT_RESTART : raw.SQLITE_CHECKPOINT_PASSIVE;
        var code = raw.sqlite3_wal_checkpoint_v2(_handle, null, mode, out var pages, out _);
        if (code != raw.SQLITE_BUSY)
            Check(code, "checkpoint");
        return waits && code == raw.SQLITE_OK ? 0 : pages;
    }

    public void Check(int code, string what)
    {
        if (code is raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE)
            return;
        throw SqliteError.From(_handle, raw.sqlite3_extended_errcode(_handle) is var extended and not 0 ? extended : code, Path, what);
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
            statement.Dispose();
        _handle.Dispose();
    }

    /// <summary>
    /// What a statement changes is committed after its last row, and may fail only then: <c>PRAGMA journal_mode=WAL</c> says "wal" before.
    /// </summary>
    private static void RunToTheEnd(Statement.RowReader rows)
    {
        while (rows.Step())
        {
        }
    }

    private TallystickException NoRow(string sql) => new($"SQLite gave no row for '{sql}' in {Path}.");

    private static SqliteDatabase Open(string path, int flags)
    {
        var code = raw.sqlite3_open_v2(path, out var handle, flags, null);
        if (code == raw.SQLITE_OK)
        {
            raw.sqlite3_extended_result_codes(handle, 1);
            return new SqliteDatabase(handle, path);
        }

        var error = SqliteError.From(handle, code, path, "open");
        handle.Dispose();
        throw error;
    }
}
