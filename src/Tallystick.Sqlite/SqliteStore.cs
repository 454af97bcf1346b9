using System.Collections.Immutable;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Sqlite.Index;
using Tallystick.Sqlite.Interop;
using Tallystick.Sqlite.Reading;
using Tallystick.Sqlite.Schema;
using Tallystick.Sqlite.Writing;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Sqlite;

/// <summary>
/// The embedded store: any number of tenants in one SQLite file, owned by one process. A commit is durable (synced) when it is
/// acknowledged; commits that come at the same time share a sync.
/// </summary>
public sealed partial class SqliteStore : IStore
{
    private readonly OwnerLock _owner;
    private readonly TailIndex _tail;
    private readonly TenantHeads _heads;
    private readonly Publication _publication;
    private readonly PositionSignals _signals = new();
    private readonly ReaderPool _readers;
    private readonly LogWriter _writer;
    private readonly SqliteStoreOptions _options;
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _disposed;

    private SqliteStore(string path, SqliteStoreOptions options, OwnerLock owner, SqliteDatabase database)
    {
        (_options, _owner) = (options, owner);
        (_tail, _heads) = TailLoader.Load(database);
        database.KeepWalOnClose(false);
        _readers = new ReaderPool(path, _tail, options);
        _publication = new Publication(_tail.LastSeq);
        _writer = new LogWriter(database, _tail, _heads, _publication, _signals, options);
    }

    /// <inheritdoc/>
    public StoreLimits Limits => _options.Limits;

    /// <inheritdoc/>
    public bool IsShared => false;

    /// <summary>For tests, which hold the writer or narrow its connection.</summary>
    internal LogWriter Writer => _writer;

    /// <summary>Opens a file, making it (and its folder) when it isn't there.</summary>
    /// <exception cref="TallystickException">
    /// Another process owns the file, a newer version has written it, it is no database of Tallystick, or it is damaged; the message says
    /// which, and what to do.
    /// </exception>
    public static SqliteStore Open(string path, SqliteStoreOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new SqliteStoreOptions();
        options.Check();
        path = DatabasePath.Prepare(path);
        var owner = OwnerLock.Take(path);
        SqliteDatabase? database = null;
        try
        {
            DatabaseFile.Check(path);
            if (!File.Exists(path))
                FolderSync.Above(path);
            database = SqliteDatabase.OpenWriter(path);
            // A file that is refused is left as it was found; only an empty log may go.
            database.KeepWalOnClose(DatabaseFile.WalBytes(path) > 0);
            DatabaseSchema.Prepare(database, options);
            FolderSync.Of(path);
            return new SqliteStore(path, options, owner, database);
        }
        catch
        {
            database?.Dispose();
            owner.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        cancellationToken.ThrowIfCancellationRequested();
        return _writer.CommitAsync(PreparedCommit.Prepare(commit, _options.Limits, _options.Entropy), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<RememberedCommit?> FindCommitAsync(TenantId tenant, string idempotencyKey, CancellationToken cancellationToken)
    {
        ReadChecks.Name(idempotencyKey, "idempotency key");
        return ReadAsync(tenant, idempotencyKey, static (reader, head, key) => reader.Commits.FindCommit(head.Number, key), null, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<LogHead> ReadHeadAsync(TenantId tenant, CancellationToken cancellationToken) =>
        ReadAsync(
            tenant, 0, static (_, head, _) => new LogHead(head.Position, head.Tree.Clone(), new DateTimeOffset(head.TimeTicks, TimeSpan.Zero)),
            new LogHead(LogPosition.Start, new MerkleFrontier(), DateTimeOffset.MinValue), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StreamVersion> ReadStreamVersionAsync(TenantId tenant, StreamId stream, CancellationToken cancellationToken)
    {
        ReadChecks.Stream(stream);
        return ReadAsync(
            tenant, stream, static (reader, head, stream) => StreamVersion.Of(reader.Log.Index.Last(TermKey.Stream(head.Number, stream))),
            StreamVersion.None, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<RecordedEvent>> ReadStreamAsync(TenantId tenant, StreamRead read, CancellationToken cancellationToken)
    {
        Limits.CheckPage(read.Count);
        ReadChecks.Stream(read.Stream);
        return ReadAsync(tenant, read, static (reader, head, read) => reader.Log.ReadStream(head.Number, read), [], cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<EventPage> ReadLogAsync(TenantId tenant, LogRead read, CancellationToken cancellationToken)
    {
        Limits.CheckPage(read.Count);
        return ReadAsync(
            tenant, read, static (reader, head, read) => reader.Log.ReadLog(head.Number, read, head.Position), new EventPage([], read.After), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<DocumentLookup> FindDocumentsAsync(
        TenantId tenant, string collection, int? generation, ImmutableArray<string> keys, CancellationToken cancellationToken)
    {
        ReadChecks.Lookup(collection, generation, keys, Limits);
        return ReadAsync(
            tenant, (collection, generation, keys),
            static (reader, head, find) => reader.Documents.Find(head.Number, find.collection, find.generation, find.keys),
            new DocumentLookup(generation ?? 0, [.. keys.Select(_ => (Document?)null)]), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<DocumentPage> QueryDocumentsAsync(TenantId tenant, DocumentQuery query, CancellationToken cancellationToken)
    {
        ReadChecks.Query(query, Limits);
        return ReadAsync(
            tenant, query, static (reader, head, query) => reader.Documents.Query(head.Number, query),
            query.Generation is { } generation ? new DocumentPage(generation, [], null) : DocumentPage.NotActive, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<LogPosition?> ReadCheckpointAsync(TenantId tenant, string name, CancellationToken cancellationToken)
    {
        ReadChecks.Name(name, "checkpoint");
        return ReadAsync(tenant, name, static (reader, head, name) => reader.Commits.FindCheckpoint(head.Number, name), null, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<LeaseState>> ReadLeasesAsync(TenantId tenant, LeaseRead read, CancellationToken cancellationToken)
    {
        ReadChecks.Leases(read, Limits);
        return ReadAsync(
            tenant, (read, _options.Time.GetUtcNow().UtcTicks),
            static (reader, head, call) => reader.Leases.Read(head.Number, call.read, call.UtcTicks), [], cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask WaitForPositionAsync(TenantId tenant, LogPosition position, CancellationToken cancellationToken) =>
        _signals.WaitAsync(
            tenant, null, position, async () => (await ReadHeadAsync(tenant, cancellationToken)).Position, cancellationToken);

    /// <inheritdoc/>
    public ValueTask WaitForCheckpointAsync(TenantId tenant, string name, LogPosition position, CancellationToken cancellationToken)
    {
        ReadChecks.Name(name, "checkpoint");
        return _signals.WaitAsync(
            tenant, name, position, async () => await ReadCheckpointAsync(tenant, name, cancellationToken) ?? LogPosition.Start, cancellationToken);
    }

    /// <summary>Writes what waits, then closes the file. Reads and waits that are under way fail. Closing it again only awaits that.</summary>
    /// <exception cref="TallystickException">
    /// The disk failed, and no commit could be told of it; the message says how. The file is closed nevertheless, and nothing acknowledged
    /// is lost.
    /// </exception>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            await _closed.Task;
            return;
        }

        try
        {
            _signals.Dispose();
            await _readers.DisposeAsync();
            await _writer.DisposeAsync();
        }
        finally
        {
            _owner.Dispose();
            _closed.SetResult();
        }
    }

    private ValueTask<TResult> ReadAsync<TArgument, TResult>(
        TenantId tenant, TArgument argument, Func<Reader, TenantHead, TArgument, TResult> read, TResult none, CancellationToken cancellationToken)
    {
        ReadChecks.Tenant(tenant);
        return _readers.ReadAsync(
            (tenant, argument, read, none, _heads, _publication),
            static (reader, call) =>
            {
                var result = call._heads.Find(call.tenant, reader.Tenants) is { IsErasing: false } head
                    ? ReadUnlessGone(call._heads, head, call.read, reader, call.argument, call.none) : call.none;
                call._publication.AwaitWhatIsSeen(reader.Database);
                return result;
            },
            cancellationToken);
    }

    /// <summary>
    /// Reads; if the tenant began to be erased meanwhile, what was read may lack half of it, or a row that was still to be read: then
    /// there is nothing to read.
    /// </summary>
    private static TResult ReadUnlessGone<TArgument, TResult>(
        TenantHeads heads, TenantHead head, Func<Reader, TenantHead, TArgument, TResult> read, Reader reader, TArgument argument, TResult none)
    {
        try
        {
            var result = read(reader, head, argument);
            return heads.IsGone(head) ? none : result;
        }
        catch (TallystickException) when (heads.IsGone(head))
        {
            return none;
        }
    }
}
