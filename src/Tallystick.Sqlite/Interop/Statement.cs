using System.Text;
using SQLitePCL;

namespace Tallystick.Sqlite.Interop;

/// <summary>A compiled statement. Bind by 1-based index, then <see cref="Run"/> it or read its <see cref="Rows"/>.</summary>
internal sealed class Statement(SqliteDatabase database, sqlite3_stmt handle, string sql) : IDisposable
{
    public Statement Bind(int index, long value)
    {
        raw.sqlite3_bind_int64(handle, index, value);
        return this;
    }

    public Statement Bind(int index, ReadOnlySpan<byte> blob)
    {
        // An empty span has no address, and SQLite takes a blob without an address for NULL.
        database.Check(blob.IsEmpty ? raw.sqlite3_bind_zeroblob(handle, index, 0) : raw.sqlite3_bind_blob(handle, index, blob), sql);
        return this;
    }

    public Statement Bind(int index, string? text)
    {
        const int StackBytesMax = 512;
        if (text is null)
            return BindNull(index);
        if (text.Length is 0 or > StackBytesMax / 3)
        {
            // The overload for strings adds a terminator, so an empty text stays a text.
            database.Check(text.Length == 0
                ? raw.sqlite3_bind_text(handle, index, text)
                : raw.sqlite3_bind_text(handle, index, Encoding.UTF8.GetBytes(text).AsSpan()), sql);
            return this;
        }

        Span<byte> bytes = stackalloc byte[StackBytesMax];
        database.Check(raw.sqlite3_bind_text(handle, index, bytes[..Encoding.UTF8.GetBytes(text, bytes)]), sql);
        return this;
    }

    /// <summary>Binds two texts with a character between them as one, without making the string.</summary>
    public Statement Bind(int index, string left, char between, string right)
    {
        const int StackBytesMax = 1024;
        if ((left.Length + right.Length + 1) * 3 > StackBytesMax)
            return Bind(index, $"{left}{between}{right}");
        Span<byte> bytes = stackalloc byte[StackBytesMax];
        var length = Encoding.UTF8.GetBytes(left, bytes);
        bytes[length++] = (byte)between;
        length += Encoding.UTF8.GetBytes(right, bytes[length..]);
        database.Check(raw.sqlite3_bind_text(handle, index, bytes[..length]), sql);
        return this;
    }

    public Statement BindNull(int index)
    {
        raw.sqlite3_bind_null(handle, index);
        return this;
    }

    /// <summary>Runs the statement to its end and makes it ready to be used again.</summary>
    public void Run()
    {
        try
        {
            database.Check(raw.sqlite3_step(handle), sql);
        }
        finally
        {
            raw.sqlite3_reset(handle);
        }
    }

    /// <summary>Reads the rows; disposing makes the statement ready to be used again (and ends its read of the file).</summary>
    public RowReader Rows() => new(this);

    public void Dispose() => handle.Dispose();

    internal readonly ref struct RowReader(Statement statement)
    {
        private readonly sqlite3_stmt _handle = statement.Handle;

        public bool Step()
        {
            var code = raw.sqlite3_step(_handle);
            if (code == raw.SQLITE_ROW)
                return true;
            if (code != raw.SQLITE_DONE)
                statement.Fail(code);
            return false;
        }

        public long Int64(int column) => raw.sqlite3_column_int64(_handle, column);

        public int Int32(int column) => raw.sqlite3_column_int(_handle, column);

        /// <summary>The bytes of a blob or of a text in UTF-8, valid until the next step.</summary>
        public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(_handle, column);

        public string Text(int column) => Encoding.UTF8.GetString(Bytes(column));

        public bool IsNull(int column) => raw.sqlite3_column_type(_handle, column) == raw.SQLITE_NULL;

        public void Dispose() => raw.sqlite3_reset(_handle);
    }

    private sqlite3_stmt Handle => handle;

    private void Fail(int code) => database.Check(code, sql);
}
