using System.Buffers.Binary;
using Tallystick.Sqlite.Interop;

namespace Tallystick.Sqlite.Schema;

/// <summary>Refuses files that aren't sound ones of ours.</summary>
internal static class DatabaseFile
{
    // The header of a SQLite file and of its first page (sqlite.org/fileformat.html, sections 1.3 and 1.6).
    private const int HeaderBytes = 108, UserVersionAt = 60, ApplicationIdAt = 68, CellCountAt = 103;

    /// <summary>
    /// Looks at the file before SQLite does, which creates what it doesn't find, and may change what it finds: so that the file of another
    /// application, or of a newer version of this one, is left alone.
    /// </summary>
    /// <exception cref="TallystickException">The file isn't usable; the message says why and what to do.</exception>
    public static void Check(string path)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        int length;
        try
        {
            if (!File.Exists(path))
                return;
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            length = file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TallystickException($"{path} can't be read: {error.Message} Check its permissions.", error);
        }

        if (length == 0)
            return;
        if (!header[..Math.Min(length, 16)].SequenceEqual("SQLite format 3\0"u8[..Math.Min(length, 16)]))
            throw new TallystickException($"{path} is no database: it doesn't begin as a SQLite file does. Check the path, or restore the file from a backup.");
        if (length < header.Length)
            throw new TallystickException($"{path} is damaged: it has only {length} bytes. Restore it from a backup.");
        CheckOrigin(
            path, BinaryPrimitives.ReadInt32BigEndian(header[ApplicationIdAt..]), BinaryPrimitives.ReadInt32BigEndian(header[UserVersionAt..]),
            isEmpty: BinaryPrimitives.ReadUInt16BigEndian(header[CellCountAt..]) == 0);
    }

    /// <exception cref="TallystickException">It is another application's file, or a newer version's.</exception>
    public static void CheckOrigin(string path, long application, long version, bool isEmpty)
    {
        if (application != DatabaseSchema.ApplicationId && !isEmpty)
            throw new TallystickException($"{path} is a SQLite database of another application (application_id {application}). Use another file.");
        if (version > DatabaseSchema.Version)
        {
            throw new TallystickException(
                $"{path} has schema version {version}, but this version of Tallystick knows only up to {DatabaseSchema.Version}: a newer one has written it. Use that one or a later.");
        }

        if (version < 0 || (version == 0 && !isEmpty))
            throw new TallystickException($"{path} is damaged: its schema version is {version}. Restore it from a backup.");
    }

    /// <exception cref="TallystickException">The file is damaged.</exception>
    public static void CheckDamage(SqliteDatabase database, SqliteStoreOptions options)
    {
        var bytes = database.Scalar("PRAGMA page_count") * database.Scalar("PRAGMA page_size");
        if (bytes > options.FullCheckBytesMax)
            return;
        var finding = database.ScalarText("PRAGMA quick_check(1)");
        if (finding != "ok")
            throw new TallystickException($"{database.Path} is damaged: {finding}. Restore it from a backup.");
    }

    /// <summary>The bytes of the write-ahead log beside a file.</summary>
    public static long WalBytes(string path) => new FileInfo(path + "-wal") is { Exists: true } wal ? wal.Length : 0;
}
