using Tallystick.Storage;

namespace Tallystick.Sqlite;

/// <summary>How the embedded store works.</summary>
public sealed record SqliteStoreOptions : StoreOptions
{
    /// <summary>The most commits that share one transaction and one sync. Default 1,024.</summary>
    public int GroupCommitMax { get; init; } = 1024;

    /// <summary>
    /// How many of the newest events are indexed in memory only, over all tenants; then the whole of them is added to the stored index
    /// in bulk. They are read again at start, so this bounds the start too. Default 16,384.
    /// </summary>
    public int TailEventsMax { get; init; } = 16_384;

    /// <summary>The most streams whose versions are kept in memory. Default 65,536.</summary>
    public int StreamVersionsCached { get; init; } = 65_536;

    /// <summary>The most connections that read at the same time; further reads wait for one. Default 8.</summary>
    public int ReadConnectionsMax { get; init; } = 8;

    /// <summary>The pages (of 4 KiB) of the write-ahead log after which it is copied into the database file. While readers keep it from beginning anew it may grow to five times as many. Default 4,000.</summary>
    public int CheckpointPages { get; init; } = 4_000;

    /// <summary>
    /// A file of at most this many bytes is checked in full for damage when it is opened; of a larger one only the schema and the
    /// newest events, and a tenant's head when it is first used. Payloads are checked by <c>LogVerifier</c> alone. Default 64 MiB.
    /// </summary>
    public long FullCheckBytesMax { get; init; } = 64L * 1024 * 1024;

    /// <summary>
    /// A file of at most this many bytes is written anew (<c>VACUUM</c>) once a tenant is erased from it, while commits wait: a second for some
    /// hundred MiB. In a larger one every row is overwritten, but where SQLite has once divided a page, pieces of keys may stay between other
    /// rows until the file is vacuumed. Default 256 MiB; 0 never does it.
    /// </summary>
    public long ErasureVacuumBytesMax { get; init; } = 256L * 1024 * 1024;

    /// <exception cref="ArgumentException">An option is out of range.</exception>
    internal void Check()
    {
        foreach (var (name, value) in new[]
        {
            (nameof(GroupCommitMax), GroupCommitMax), (nameof(TailEventsMax), TailEventsMax), (nameof(StreamVersionsCached), StreamVersionsCached),
            (nameof(ReadConnectionsMax), ReadConnectionsMax), (nameof(CheckpointPages), CheckpointPages),
            ($"{nameof(Limits)}.{nameof(Limits.CommitQueueLength)}", Limits.CommitQueueLength),
        })
        {
            if (value < 1)
                throw new ArgumentException($"SqliteStoreOptions.{name} is {value}; it must be at least 1.");
        }

        if (CommitQueueTimeout < TimeSpan.Zero || CommitQueueTimeout.TotalMilliseconds > int.MaxValue)
            throw new ArgumentException($"SqliteStoreOptions.CommitQueueTimeout is {CommitQueueTimeout}; it must be from 0 to {int.MaxValue} ms.");
    }
}
