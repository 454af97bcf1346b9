using System.Runtime.InteropServices;
using SQLitePCL;

namespace Tallystick.Sqlite.Interop;

/// <summary>Turns SQLite's result codes into errors that say what to do.</summary>
internal static partial class SqliteError
{
    /// <param name="database">The connection that failed.</param>
    /// <param name="code">SQLite's extended result code.</param>
    /// <param name="path">The file.</param>
    /// <param name="what">What it was asked to do.</param>
    public static SqliteStoreException From(sqlite3 database, int code, string path, string what)
    {
        var message = raw.sqlite3_errmsg(database).utf8_to_string();
        // For these SQLite remembers what the system said.
        if ((code & 0xFF) is raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN && sqlite3_system_errno(database.DangerousGetHandle()) is var error and not 0)
            message += $": {Marshal.GetPInvokeErrorMessage(error)}";
        var advice = (code & 0xFF) switch
        {
            raw.SQLITE_FULL => "The disk is full. Free some space; what was acknowledged is safe, and commits work again by themselves.",
            raw.SQLITE_IOERR => "The disk failed. Check the system's log and the disk, then open the store again.",
            raw.SQLITE_CORRUPT => "The file is damaged. Restore it from a backup.",
            raw.SQLITE_NOTADB => "The file is no SQLite database. Check the path, or restore the file from a backup.",
            raw.SQLITE_CANTOPEN => "Check that the folder exists and may be written, and the disk.",
            raw.SQLITE_READONLY or raw.SQLITE_PERM => "Check the permissions of the file and its folder.",
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED => "Another connection holds the file. No other program may write to it.",
            _ => "This is unexpected; please report it.",
        };
        return new SqliteStoreException($"SQLite failed on {path} with code {code} ({message}) at: {Shorten(what)}. {advice}", code);
    }

    private static string Shorten(string text) => text.Length <= 100 ? text : $"{text[..100]}…";

    /// <summary>What the system said last; SQLitePCLRaw leaves this one out.</summary>
    [LibraryImport("e_sqlite3")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int sqlite3_system_errno(nint database);
}
