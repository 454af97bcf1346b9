using System.Collections.Immutable;
using Npgsql;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Postgres.Connections;
using Tallystick.Postgres.Reading;
using Tallystick.Postgres.Schema;
using Tallystick.Postgres.Signals;
using Tallystick.Postgres.Writing;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres;

/// <summary>
/// The shared store: any number of tenants in a schema of a PostgreSQL database, written and read by any number of nodes at once, each with
/// a store of its own. A commit is durable (as the server's <c>synchronous_commit</c> says) when it is acknowledged; commits that come at the
/// same time share a transaction.
/// </summary>
/// <remarks>
/// Row-level security keeps tenants apart even where a statement would not; see <see cref="Open"/> for the role that this asks for. Several
/// hosts in the connection string are a failover list: the one that is the primary is used, and nothing that it has acknowledged is
/// lost if the servers replicate synchronously.
/// </remarks>
public sealed partial class PostgresStore : IStore
{
    private readonly PostgresStoreOptions _options;
    private readonly Database _database;
    private readonly PositionSignals _signals = new();
    private readonly ReadConnections _reads;
    private readonly Announcer _announcer;
    private readonly GroupWriter _writer;
    private readonly Listener _listener;
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _disposed;

    private PostgresStore(Database database, Guid writer, PostgresStoreOptions options)
    {
        (_database, _options) = (database, options);
        _reads = new ReadConnections(database, options);
        _announcer = new Announcer(database, Listener.SchemaChannel(options), writer, options.Time);
        _writer = new GroupWriter(database, writer, _signals, _announcer, options);
        _listener = new Listener(database, _reads, _signals, writer, options);
    }

    /// <inheritdoc/>
    public StoreLimits Limits => _options.Limits;

    /// <inheritdoc/>
    public bool IsShared => true;

    /// <summary>For tests, which look at its connections.</summary>
    internal Database Database => _database;

    /// <summary>For tests: how many reads have begun and not ended.</summary>
    internal int ReadsUnderWay => _reads.UnderWay;

    /// <summary>Opens a schema; with <see cref="PostgresStoreOptions.OwnerConnectionString"/> it makes it, or brings it up to date, first.</summary>
    /// <param name="connectionString">
    /// Connects as the role of the requests, in Npgsql's form. That role must be bound by row-level security: no superuser, not with
    /// BYPASSRLS, not the owner of the tables, and no member of such a role.
    /// </param>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="TallystickException">
    /// The server isn't to be had, the role isn't bound by row-level security, or the schema is missing, older or newer; the message says
    /// which, and the SQL that mends it.
    /// </exception>
    public static PostgresStore Open(string connectionString, PostgresStoreOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(connectionString);
        options ??= new PostgresStoreOptions();
        options.Check();
        var database = new Database(connectionString, options);
        try
        {
            return new PostgresStore(database, Prepare(database, options), options);
        }
        catch (Exception error)
        {
            database.Dispose();
            if (error is NpgsqlException or InvalidOperationException)
                throw Failure.ToStoreError(error, $"the store at {database.Host} could not be opened");
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
        ReadChecks.Tenant(tenant);
        ReadChecks.Name(idempotencyKey, "idempotency key");
        return _reads.ReadAsync(
            tenant.Value, (tenant, idempotencyKey),
            static (statements, ask) => statements.Add(CommitRecords.Find).Bind(ask.tenant.Value).Bind(ask.idempotencyKey),
            static async (reader, ask, cancellation) => await reader.ReadAsync(cancellation) ? CommitRecords.Read(reader, ask.idempotencyKey, 0) : null,
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<LogHead> ReadHeadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        ReadChecks.Tenant(tenant);
        return _reads.ReadAsync(
            tenant.Value, tenant,
            static (statements, tenant) => statements.Add("SELECT position, time, frontier FROM heads WHERE tenant = $1 AND NOT erasing").Bind(tenant.Value),
            static async (reader, tenant, cancellation) => await reader.ReadAsync(cancellation)
                ? StoredHead.Read(reader, tenant, 0)
                : new LogHead(LogPosition.Start, new MerkleFrontier(), DateTimeOffset.MinValue),
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<StreamVersion> ReadStreamVersionAsync(TenantId tenant, StreamId stream, CancellationToken cancellationToken)
    {
        ReadChecks.Tenant(tenant);
        ReadChecks.Stream(stream);
        return _reads.ReadAsync(
            tenant.Value, (tenant, stream),
            static (statements, ask) => statements.Add($"SELECT version FROM events WHERE tenant = {LivingTenant.First} AND stream = $2 ORDER BY version DESC LIMIT 1")
                .Bind(ask.tenant.Value).Bind(ask.stream.ToString()),
            static async (reader, _, cancellation) => await reader.ReadAsync(cancellation) ? StreamVersion.Of(reader.GetInt64(0)) : StreamVersion.None,
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<RecordedEvent>> ReadStreamAsync(TenantId tenant, StreamRead read, CancellationToken cancellationToken)
    {
        ReadChecks.Tenant(tenant);
        ReadChecks.Stream(read.Stream);
        Limits.CheckPage(read.Count);
        return _reads.ReadAsync(
            tenant.Value, (tenant, read, Limits.PageBytesMax),
            static (statements, ask) => EventReader.AskStream(statements, ask.tenant, ask.read, ask.PageBytesMax),
            static async (reader, _, cancellation) => (await EventReader.ReadAsync(reader, cancellation)).Events,
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<EventPage> ReadLogAsync(TenantId tenant, LogRead read, CancellationToken cancellationToken)
    {
        ReadChecks.Tenant(tenant);
        Limits.CheckPage(read.Count);
        return _reads.ReadAsync(
            tenant.Value, (tenant, read, Limits.PageBytesMax),
            static (statements, ask) => EventReader.AskLog(statements, ask.tenant, ask.read, ask.PageBytesMax),
            static (reader, ask, cancellation) => EventReader.ReadLogAsync(reader, ask.read, cancellation),
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<DocumentLookup> FindDocumentsAsync(
        TenantId tenant, string collection, int? generation, ImmutableArray<string> keys, CancellationToken cancellationToken)
    {
        ReadChecks.Tenant(tenant);
        ReadChecks.Lookup(collection, generation, keys, Limits);
        return _reads.ReadAsync(
            tenant.Value, (tenant, collection, generation, keys),
            static (statements, ask) => DocumentSql.AskLookup(statements, ask.tenant, ask.collection, ask.generation, [.. ask.keys]),
            static (reader, _, cancellation) => DocumentReader.ReadLookupAsync(reader, cancellation),
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<DocumentPage> QueryDocumentsAsync(TenantId tenant, DocumentQuery query, CancellationToken cancellationToken)
    {
        ReadChecks.Tenant(tenant);
        ReadChecks.Query(query, Limits);
        return _reads.ReadAsync(
            tenant.Value, (tenant, query),
            static (statements, ask) => DocumentSql.Query(ask.tenant, ask.query).AddTo(statements),
            static (reader, ask, cancellation) => DocumentReader.ReadPageAsync(reader, ask.query, cancellation),
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<LogPosition?> ReadCheckpointAsync(TenantId tenant, string name, CancellationToken cancellationToken)
    {
        ReadChecks.Tenant(tenant);
        ReadChecks.Name(name, "checkpoint");
        return _reads.ReadAsync(
            tenant.Value, (tenant, name),
            static (statements, ask) => statements.Add(CommitRecords.FindCheckpoint).Bind(ask.tenant.Value).Bind(ask.name),
            static async (reader, ask, cancellation) =>
                await reader.ReadAsync(cancellation) ? CommitRecords.PositionOf(reader.GetInt64(0), ask.name) : (LogPosition?)null,
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<LeaseState>> ReadLeasesAsync(TenantId tenant, LeaseRead read, CancellationToken cancellationToken)
    {
        ReadChecks.Tenant(tenant);
        ReadChecks.Leases(read, Limits);
        return _reads.ReadAsync(
            tenant.Value, (tenant, read),
            static (statements, ask) => LeaseRecords.Ask(statements, ask.tenant, ask.read),
            static (reader, ask, cancellation) => LeaseRecords.ReadAsync(reader, ask.read, cancellation),
            cancellationToken);
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

    /// <summary>
    /// Writes what waits, as long as the server is to be had, and closes all connections. Reads and waits that are under way fail. Closing it
    /// again only awaits that.
    /// </summary>
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
            await _listener.DisposeAsync();
            await _reads.DisposeAsync();
            await _writer.DisposeAsync();
            await _announcer.DisposeAsync();
            await _database.DisposeAsync();
        }
        finally
        {
            _closed.SetResult();
        }
    }

    /// <summary>Checks role and schema, and gives the id under which this store writes.</summary>
    private static Guid Prepare(Database database, PostgresStoreOptions options)
    {
        using var connection = database.Open();
        var role = RoleCheck.CheckPowers(connection, options.Schema);
        if (options.OwnerConnectionString is { } owner)
            SchemaSetup.Migrate(owner, role, options);
        SchemaSetup.Check(connection, role, options);
        RoleCheck.CheckTables(connection, role, options.Schema);
        WriterRow.TidyUp(connection);
        return WriterRow.NewId(connection);
    }
}
