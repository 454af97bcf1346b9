using SQLitePCL;

namespace Tallystick.Sqlite;

/// <summary>SQLite failed.</summary>
/// <param name="message">What failed, and what to do.</param>
/// <param name="code">SQLite's extended result code.</param>
public sealed class SqliteStoreException(string message, int code)
    : TallystickException(message, isTransient: (code & 0xFF) is raw.SQLITE_FULL or raw.SQLITE_BUSY or raw.SQLITE_LOCKED)
{
    /// <summary>SQLite's extended result code (sqlite.org/rescode.html).</summary>
    public int Code { get; } = code;

    /// <summary>Whether nothing more can be known of the file until it is opened again.</summary>
    internal bool IsFatal => (Code & 0xFF) is raw.SQLITE_IOERR or raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB;

    /// <summary>The same for a commit that failed at its very end: the file may hold it or not.</summary>
    internal SqliteStoreException WithUnknownOutcome() => new(
        $"{Message} Whether this commit is stored can't be known before: look for its events then, or repeat it with the same idempotency key.", Code);
}
