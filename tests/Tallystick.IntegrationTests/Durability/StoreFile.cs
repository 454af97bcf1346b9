using Tallystick.Sqlite;
using Tallystick.Sqlite.Interop;
using Tallystick.Storage;

namespace Tallystick.IntegrationTests.Durability;

/// <summary>A store's file in a folder of its own, and ways to look at it and to spoil it.</summary>
public sealed class StoreFile : IAsyncDisposable
{
    private readonly List<SqliteStore> _stores = [];

    public DirectoryInfo Folder { get; } = Directory.CreateTempSubdirectory("tallystick-durability-");

    public string Path => System.IO.Path.Combine(Folder.FullName, "store.db");

    public SqliteStore Open(SqliteStoreOptions? options = null)
    {
        var store = SqliteStore.Open(Path, options);
        _stores.Add(store);
        return store;
    }

    /// <summary>Runs SQL while no store is open.</summary>
    public void Sql(string sql)
    {
        using var database = SqliteDatabase.OpenWriter(Path);
        database.Run(sql);
    }

    public long Scalar(string sql)
    {
        using var database = SqliteDatabase.OpenWriter(Path);
        return database.Scalar(sql);
    }

    /// <summary>From now on SQLite refuses the document with the key <c>poison</c>.</summary>
    public void RefusePoison() => Sql(
        "CREATE TRIGGER poison BEFORE INSERT ON documents WHEN NEW.key='poison' BEGIN SELECT RAISE(ABORT, 'poison'); END");

    /// <summary>From now on the tail can't be added to the stored index, not even when the store is closed.</summary>
    public void RefuseFlush() => Sql("CREATE TRIGGER no_flush BEFORE INSERT ON chunks BEGIN SELECT RAISE(ABORT, 'no flush'); END");

    public void AllowFlush() => Sql("DROP TRIGGER no_flush");

    /// <summary>A change of the file's bytes, with no store open.</summary>
    public void Change(long offset, Func<byte, byte> change)
    {
        using var file = new FileStream(Path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = offset;
        var present = (byte)file.ReadByte();
        file.Position = offset;
        file.WriteByte(change(present));
    }

    /// <summary>The bytes of the store's file and its write-ahead log.</summary>
    public Dictionary<string, byte[]> Bytes() => Folder.GetFiles()
        .Where(file => file.Name == "store.db" || file.Name == "store.db-wal")
        .ToDictionary(file => file.Name, file => File.ReadAllBytes(file.FullName));

    /// <summary>What the open store appends to, in bytes. (Only its size: opening the file would end SQLite's locks.)</summary>
    public long WalBytes() => new FileInfo(Path + "-wal") is { Exists: true } wal ? wal.Length : 0;

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _stores)
            await store.DisposeAsync();
        Folder.Delete(recursive: true);
    }
}
