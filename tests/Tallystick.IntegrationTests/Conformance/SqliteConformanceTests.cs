using Tallystick.Sqlite;
using Tallystick.Storage;
using Tallystick.Testing.Conformance;

namespace Tallystick.IntegrationTests.Conformance;

/// <summary>SQLite files in a folder of their own.</summary>
public class SqliteHarness : StoreHarness
{
    private readonly Lazy<DirectoryInfo> _folder = new(() => Directory.CreateTempSubdirectory("tallystick-test-"));

    public override StoreCapabilities Capabilities => StoreCapabilities.Durable | StoreCapabilities.Crash;

    /// <summary>How many events are indexed in memory alone.</summary>
    protected virtual int TailEventsMax => new SqliteStoreOptions().TailEventsMax;

    public override ValueTask<IStore> OpenAsync(string database, StoreOptions options, CancellationToken cancellationToken) => new(SqliteStore.Open(
        PathOf(database, ".db"),
        new SqliteStoreOptions
        {
            Limits = options.Limits,
            Time = options.Time,
            Entropy = options.Entropy,
            CommitQueueTimeout = options.CommitQueueTimeout,
            TailEventsMax = TailEventsMax,
        }));

    /// <summary>Puts the files back to how they were before the store was closed: what the death of the process leaves.</summary>
    public override async ValueTask CrashAsync(string database, IStore store, CancellationToken cancellationToken)
    {
        string[] files = [".db", ".db-wal"];
        foreach (var file in files)
            File.Copy(PathOf(database, file), PathOf(database, file + "-left"));
        await store.DisposeAsync();
        foreach (var file in files)
            File.Move(PathOf(database, file + "-left"), PathOf(database, file), overwrite: true);
    }

    public override ValueTask DisposeAsync()
    {
        if (_folder.IsValueCreated)
            _folder.Value.Delete(recursive: true);
        GC.SuppressFinalize(this);
        return base.DisposeAsync();
    }

    private string PathOf(string database, string extension) => Path.Combine(_folder.Value.FullName, database + extension);
}

/// <summary>The same with a tail so short that nearly everything is read through the stored index.</summary>
public sealed class SqliteShortTailHarness : SqliteHarness
{
    protected override int TailEventsMax => 3;
}

public sealed class SqliteConformanceTests : StoreConformanceTests<SqliteHarness>;

[Trait("Speed", "Slow")]
public sealed class SqliteShortTailConformanceTests : StoreConformanceTests<SqliteShortTailHarness>;
