using System.Buffers;
using Tallystick.Storage;

namespace Tallystick.Postgres;

/// <summary>How the shared store works.</summary>
public sealed record PostgresStoreOptions : StoreOptions
{
    private static readonly SearchValues<char> SchemaCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_");

    // An entry of a B-tree has 2,704 bytes at most; 512 of them are left for the tenant, the numbers and the entry's own header.
    private const int KeyBytesMax = 2_704 - 512;
    private const int Utf8BytesMax = 3;

    /// <summary>The schema in which the tables are; 1 to 48 lower-case letters, digits and underscores, no digit first. Default <c>tallystick</c>.</summary>
    public string Schema { get; init; } = "tallystick";

    /// <summary>
    /// Connects as the role that owns the tables: with it, opening the store makes the schema or brings it up to date, and grants the role of
    /// the requests what it needs. Null (the default): the schema must be there already and up to date.
    /// </summary>
    public string? OwnerConnectionString { get; init; }

    /// <summary>The most commits that share one transaction and one sync. Default 1,024.</summary>
    public int GroupCommitMax { get; init; } = 1024;

    /// <summary>The most tenants whose commits share one transaction; each one's head stays locked until it ends. Default 128.</summary>
    public int GroupTenantsMax { get; init; } = 128;

    /// <summary>The payload and document bytes after which no further commit joins a transaction. Default 16 MiB.</summary>
    public int GroupBytesMax { get; init; } = 16 * 1024 * 1024;

    /// <summary>The most connections that read at the same time; further reads wait for one. Default 8.</summary>
    public int ReadConnectionsMax { get; init; } = 8;

    /// <summary>The most streams whose versions, and tenants whose heads, are kept in memory. Default 65,536.</summary>
    public int StreamVersionsCached { get; init; } = 65_536;

    /// <summary>
    /// How long a commit or a read is tried again after the connection was lost or the server was not to be had. Default 30 s. A commit whose
    /// outcome can't be looked up within it fails with a message that says so.
    /// </summary>
    public TimeSpan RetryTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one statement may take before the connection is given up as lost. Default 30 s.</summary>
    public TimeSpan StatementTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How often the positions that someone here waits for are read, in case a notification got lost; while nobody waits nothing is read.
    /// Default 5 s.
    /// </summary>
    public TimeSpan SignalCheckInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <exception cref="ArgumentException">An option is out of range.</exception>
    internal void Check()
    {
        if (Schema is not { Length: >= 1 and <= 48 } || char.IsAsciiDigit(Schema[0]) || Schema.AsSpan().ContainsAnyExcept(SchemaCharacters))
            throw new ArgumentException($"PostgresStoreOptions.Schema is '{Schema}'; it must be 1 to 48 lower-case letters, digits and underscores, no digit first.");
        foreach (var (name, value) in new[]
        {
            (nameof(GroupCommitMax), GroupCommitMax), (nameof(GroupTenantsMax), GroupTenantsMax), (nameof(GroupBytesMax), GroupBytesMax),
            (nameof(ReadConnectionsMax), ReadConnectionsMax), (nameof(StreamVersionsCached), StreamVersionsCached),
            ($"{nameof(Limits)}.{nameof(Limits.CommitQueueLength)}", Limits.CommitQueueLength),
        })
        {
            if (value < 1)
                throw new ArgumentException($"PostgresStoreOptions.{name} is {value}; it must be at least 1.");
        }

        Check(nameof(CommitQueueTimeout), CommitQueueTimeout, TimeSpan.Zero);
        Check(nameof(RetryTimeout), RetryTimeout, TimeSpan.Zero);
        Check(nameof(StatementTimeout), StatementTimeout, TimeSpan.FromSeconds(1));
        Check(nameof(SignalCheckInterval), SignalCheckInterval, TimeSpan.FromMilliseconds(1));
        CheckKeys();
    }

    private static void Check(string name, TimeSpan value, TimeSpan least)
    {
        if (value < least || value.TotalMilliseconds > int.MaxValue)
            throw new ArgumentException($"PostgresStoreOptions.{name} is {value}; it must be from {least} to {int.MaxValue} ms.");
    }

    /// <summary>Refuses limits under which a key could be too long for an index, which would only show in the first commit that has one.</summary>
    private void CheckKeys()
    {
        foreach (var (names, bytes) in new[]
        {
            ($"{nameof(Limits.IndexValueBytesMax)} and {nameof(Limits.DocumentKeyLengthMax)}", Limits.IndexValueBytesMax + (Utf8BytesMax * (long)Limits.DocumentKeyLengthMax) - 384),
            ($"{nameof(Limits.NameLengthMax)} and {nameof(Limits.DocumentKeyLengthMax)}", Utf8BytesMax * ((long)Limits.NameLengthMax + Limits.DocumentKeyLengthMax)),
            (nameof(Limits.StreamNameLengthMax), Utf8BytesMax * (long)Limits.StreamNameLengthMax),
            (nameof(Limits.TagLengthMax), Utf8BytesMax * (long)Limits.TagLengthMax),
            (nameof(Limits.EventTypeLengthMax), Utf8BytesMax * (long)Limits.EventTypeLengthMax),
            (nameof(Limits.IdempotencyKeyLengthMax), Utf8BytesMax * (long)Limits.IdempotencyKeyLengthMax),
        })
        {
            if (bytes > KeyBytesMax)
                throw new ArgumentException($"PostgresStoreOptions.Limits allow keys of {bytes} bytes by {names}, more than the {KeyBytesMax} that an index of PostgreSQL takes. Lower them.");
        }
    }
}
