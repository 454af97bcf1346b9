using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy.Moving;

namespace Tallystick.Tenancy.Databases;

// Where each tenant is the catalog knows, and this knows by heart; so a call for a tenant in the main database costs one look into a
// dictionary more. Whatever is learned too late does no harm: a tenant that is being moved is fenced at its old place, where commits are
// refused, and who waits for a signal there is told to look up where it is now.

/// <summary>
/// The store of an application with several databases: hands each call on to the database in which its tenant is placed. What is known of no
/// tenant, or of one that was erased, is refused before any database is opened for it.
/// </summary>
internal sealed class PlacedStore : IStore
{
    /// <summary>
    /// After how long a commit that met a fence is tried again although the catalog has told of nothing: nobody tells when a fence is lifted because
    /// the mover has given up for now. It doubles, up to the second.
    /// </summary>
    private static readonly TimeSpan FencePause = TimeSpan.FromMilliseconds(10), FencePauseMax = TimeSpan.FromMilliseconds(500);

    private readonly IStore _main;
    private readonly TenantDirectory _directory;
    private readonly OpenDatabases _databases;
    private readonly TenantOptions _options;
    private readonly TimeProvider _time;
    private readonly bool _isRunner;

    public PlacedStore(IStore main, TenantDirectory directory, OpenDatabases databases, TenantOptions options, TimeProvider time)
        : this(main, directory, databases, options, time, isRunner: false) => ForRunners = new PlacedStore(main, directory, databases, options, time, isRunner: true);

    private PlacedStore(IStore main, TenantDirectory directory, OpenDatabases databases, TenantOptions options, TimeProvider time, bool isRunner)
    {
        (_main, _directory, _databases, _options, _time, _isRunner) = (main, directory, databases, options, time, isRunner);
        ForRunners = this;
    }

    /// <summary>The same for projections and subscriptions, whose waiting for events keeps no database open.</summary>
    public PlacedStore ForRunners { get; }

    /// <summary>What is known of tenants by heart.</summary>
    public TenantDirectory Directory => _directory;

    /// <inheritdoc/>
    public StoreLimits Limits => _main.Limits;

    /// <inheritdoc/>
    public bool IsShared => _main.IsShared;

    /// <inheritdoc/>
    public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(commit);
        var (started, pause) = (_time.GetTimestamp(), FencePause);
        while (true)
        {
            var entry = IsMain(commit.Tenant) ? null : await _directory.FindAsync(commit.Tenant, cancellationToken);
            if (entry is null)
                return await _main.CommitAsync(commit, cancellationToken);
            using var use = await UseAsync(entry, cancellationToken);
            if (use.Store is not { } store)
                continue;
            var result = await store.CommitAsync(commit, cancellationToken);
            if (result is not CommitResult.Refused { Reason: Refusal.Fenced { Fence: var fence } })
                return result;
            await WaitForEndOfMoveAsync(entry, store, fence, started, pause, cancellationToken);
            pause = pause * 2 < FencePauseMax ? pause * 2 : FencePauseMax;
        }
    }

    /// <inheritdoc/>
    public ValueTask<RememberedCommit?> FindCommitAsync(TenantId tenant, string idempotencyKey, CancellationToken cancellationToken) =>
        ReadAsync(tenant, idempotencyKey, static (store, tenant, key, token) => store.FindCommitAsync(tenant, key, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<LogHead> ReadHeadAsync(TenantId tenant, CancellationToken cancellationToken) =>
        ReadAsync(tenant, 0, static (store, tenant, _, token) => store.ReadHeadAsync(tenant, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StreamVersion> ReadStreamVersionAsync(TenantId tenant, StreamId stream, CancellationToken cancellationToken) =>
        ReadAsync(tenant, stream, static (store, tenant, stream, token) => store.ReadStreamVersionAsync(tenant, stream, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<RecordedEvent>> ReadStreamAsync(TenantId tenant, StreamRead read, CancellationToken cancellationToken) =>
        ReadAsync(tenant, read, static (store, tenant, read, token) => store.ReadStreamAsync(tenant, read, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<EventPage> ReadLogAsync(TenantId tenant, LogRead read, CancellationToken cancellationToken) =>
        ReadAsync(tenant, read, static (store, tenant, read, token) => store.ReadLogAsync(tenant, read, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DocumentLookup> FindDocumentsAsync(
        TenantId tenant, string collection, int? generation, ImmutableArray<string> keys, CancellationToken cancellationToken) =>
        ReadAsync(
            tenant, (collection, generation, keys),
            static (store, tenant, find, token) => store.FindDocumentsAsync(tenant, find.collection, find.generation, find.keys, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DocumentPage> QueryDocumentsAsync(TenantId tenant, DocumentQuery query, CancellationToken cancellationToken) =>
        ReadAsync(tenant, query, static (store, tenant, query, token) => store.QueryDocumentsAsync(tenant, query, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<LogPosition?> ReadCheckpointAsync(TenantId tenant, string name, CancellationToken cancellationToken) =>
        ReadAsync(tenant, name, static (store, tenant, name, token) => store.ReadCheckpointAsync(tenant, name, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<LeaseState>> ReadLeasesAsync(TenantId tenant, LeaseRead read, CancellationToken cancellationToken) =>
        ReadAsync(tenant, read, static (store, tenant, read, token) => store.ReadLeasesAsync(tenant, read, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<TenantStorage> ReadTenantAsync(TenantId tenant, CancellationToken cancellationToken) =>
        ReadAsync(tenant, 0, static (store, tenant, _, token) => store.ReadTenantAsync(tenant, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<StoredCollection>> ReadCollectionsAsync(
        TenantId tenant, CollectionId? after, int count, CancellationToken cancellationToken) =>
        ReadAsync(
            tenant, (after, count), static (store, tenant, page, token) => store.ReadCollectionsAsync(tenant, page.after, page.count, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<StoredCheckpoint>> ReadCheckpointsAsync(TenantId tenant, string? after, int count, CancellationToken cancellationToken) =>
        ReadAsync(
            tenant, (after, count), static (store, tenant, page, token) => store.ReadCheckpointsAsync(tenant, page.after, page.count, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<RememberedCommit>> ReadRememberedAsync(TenantId tenant, string? after, int count, CancellationToken cancellationToken) =>
        ReadAsync(
            tenant, (after, count), static (store, tenant, page, token) => store.ReadRememberedAsync(tenant, page.after, page.count, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImmutableArray<JournalEntry>> ReadJournalAsync(TenantId tenant, long after, int count, CancellationToken cancellationToken) =>
        ReadAsync(
            tenant, (after, count), static (store, tenant, page, token) => store.ReadJournalAsync(tenant, page.after, page.count, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask WaitForPositionAsync(TenantId tenant, LogPosition position, CancellationToken cancellationToken) =>
        WaitAsync(tenant, position, static (store, tenant, position, token) => store.WaitForPositionAsync(tenant, position, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask WaitForCheckpointAsync(TenantId tenant, string name, LogPosition position, CancellationToken cancellationToken) =>
        WaitAsync(
            tenant, (name, position),
            static (store, tenant, wanted, token) => store.WaitForCheckpointAsync(tenant, wanted.name, wanted.position, token), cancellationToken);

    /// <summary>
    /// One database, wherever the catalog says that the tenant is, to be used until the use is disposed: for moving a tenant, and for erasing it.
    /// </summary>
    public ValueTask<DatabaseUse> UseAsync(Placement placement, TenantId tenant, CancellationToken cancellationToken) => placement == Placement.Main
        ? new(new DatabaseUse(_main))
        : _databases.UseAsync(DatabaseKey.Of(placement, tenant), isRunner: false, CancellationToken.None, cancellationToken);

    /// <summary>Tells of databases that come and go.</summary>
    public void Watch(IDatabaseWatcher watcher) => _databases.Watch(watcher);

    /// <summary>Removes a tenant's own database, open or not.</summary>
    public ValueTask RemoveAsync(Placement.Dedicated placement, TenantId tenant, Func<CancellationToken, ValueTask> removeAsync, CancellationToken cancellationToken) =>
        _databases.RemoveAsync(DatabaseKey.Of(placement, tenant), removeAsync, cancellationToken);

    /// <summary>Closes all databases but the main one, which belongs to whoever opened it.</summary>
    public ValueTask DisposeAsync() => _databases.DisposeAsync();

    /// <summary>Whether it is certain without asking that the main database answers; it also refuses the default tenant.</summary>
    private static bool IsMain(TenantId tenant) => tenant.IsDefault || tenant == TenantId.Platform;

    private ValueTask<TResult> ReadAsync<TArgument, TResult>(
        TenantId tenant, TArgument argument, Func<IStore, TenantId, TArgument, CancellationToken, ValueTask<TResult>> read, CancellationToken cancellationToken) =>
        IsMain(tenant) || (_directory.TryFind(tenant) is { IsThere: true } known && known.Record.Placement == Placement.Main)
            ? read(_main, tenant, argument, cancellationToken)
            : ReadElsewhereAsync(tenant, argument, read, cancellationToken);

    private async ValueTask<TResult> ReadElsewhereAsync<TArgument, TResult>(
        TenantId tenant, TArgument argument, Func<IStore, TenantId, TArgument, CancellationToken, ValueTask<TResult>> read, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var use = await UseAsync(await _directory.FindAsync(tenant, cancellationToken), cancellationToken);
            if (use.Store is { } store)
                return await read(store, tenant, argument, cancellationToken);
        }
    }

    private async ValueTask WaitAsync<TArgument>(
        TenantId tenant, TArgument argument, Func<IStore, TenantId, TArgument, CancellationToken, ValueTask> wait, CancellationToken cancellationToken)
    {
        if (IsMain(tenant))
        {
            await wait(_main, tenant, argument, cancellationToken);
            return;
        }

        while (true)
        {
            var entry = await _directory.FindAsync(tenant, cancellationToken);
            var use = await UseAsync(entry, cancellationToken);
            var store = use.Store;
            if (_isRunner || store is null)
            {
                use.Dispose();
                _databases.TellQuiet();
            }

            if (store is null)
                continue;
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, entry.Moved);
            try
            {
                await wait(store, tenant, argument, either.Token);
                return;
            }
            catch (OperationCanceledException) when (entry.Moved.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                // Looked up anew.
            }
            finally
            {
                if (!_isRunner)
                    use.Dispose();
            }
        }
    }

    private ValueTask<DatabaseUse> UseAsync(TenantEntry entry, CancellationToken cancellationToken)
    {
        if (!entry.IsThere)
        {
            throw new TallystickException(entry.Record.Exists
                ? $"Tenant '{entry.Tenant}' was erased. Nothing was done."
                : $"There is no tenant '{entry.Tenant}'. Nothing was done. Create it first.");
        }

        return entry.Record.Placement == Placement.Main
            ? new(new DatabaseUse(_main))
            : _databases.UseAsync(DatabaseKey.Of(entry.Record.Placement, entry.Tenant), _isRunner, entry.Moved, cancellationToken);
    }

    /// <summary>Waits a while for the end of a move, which the catalog tells; a fence that no move needs is lifted.</summary>
    /// <exception cref="TallystickException">The tenant is still fenced after as long as a commit may wait.</exception>
    private async ValueTask WaitForEndOfMoveAsync(
        TenantEntry entry, IStore store, string fence, long started, TimeSpan pause, CancellationToken cancellationToken)
    {
        var left = _options.FenceTimeout - _time.GetElapsedTime(started);
        if (left <= TimeSpan.Zero)
        {
            throw new TallystickException(
                $"Tenant '{entry.Tenant}' takes no commits now ({fence}): it is being moved, and {_options.FenceTimeout} (FenceTimeout) weren't enough. Nothing was written; try again.",
                isTransient: true);
        }

        var (record, version) = await _directory.ReadAsync(entry.Tenant, cancellationToken);
        if (version == entry.Version && !MoveFences.IsNeeded(record, fence))
        {
            // Whatever the answer, the commit is tried again: a mover that needs the fence after all begins again.
            await store.CommitAsync(Commit.For(entry.Tenant).Behind(fence).Unfence(), cancellationToken);
            return;
        }

        using var deadline = new CancellationTokenSource(pause < left ? pause : left, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            await _directory.WaitForChangeAsync(entry, either.Token);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // Tried again.
        }
    }
}
