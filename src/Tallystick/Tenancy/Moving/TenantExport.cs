using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Tenancy.Moving;

/// <summary>Writes all that a store has of a tenant to one file.</summary>
public static class TenantExport
{
    private const int PageLength = 1000;

    /// <summary>
    /// Exports a tenant, which may be in use: the file has all that there was at one moment, towards the end of the export. Documents that change
    /// meanwhile are followed by the tenant's journal, which is switched on for the time of the export, unless it is on already.
    /// </summary>
    /// <param name="store">Where the tenant is.</param>
    /// <param name="tenant">Whose data to export.</param>
    /// <param name="destination">Takes the file (<see cref="TenantFile"/>); it is flushed and stays open.</param>
    /// <param name="progress">Hears up to which position events are written; null: nobody does.</param>
    /// <param name="cancellationToken">Cancels; what was written is no whole file then, and an import says so.</param>
    /// <exception cref="InvalidOperationException">The tenant is being erased, or is only an unfinished copy.</exception>
    /// <exception cref="TallystickException">The store failed; or, transient, somebody else has switched the journal.</exception>
    public static async ValueTask<TenantFile> WriteAsync(
        IStore store, TenantId tenant, Stream destination, IProgress<LogPosition>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(destination);
        var before = await store.ReadTenantAsync(tenant, cancellationToken);
        if (before.IsErasing || before.Fence?.StartsWith(TenantMove.CopyFencePrefix, StringComparison.Ordinal) == true)
            throw new InvalidOperationException($"Tenant '{tenant}' can't be exported: it is {(before.IsErasing ? "being erased" : "an unfinished copy")}.");
        if (!before.IsJournaling)
        {
            (await store.CommitAsync(Commit.For(tenant).Journal(on: true), cancellationToken)).Demand();
            before = await store.ReadTenantAsync(tenant, cancellationToken);
            try
            {
                return await WriteAsync(store, tenant, before, destination, progress, cancellationToken);
            }
            finally
            {
                await SwitchJournalOffAsync(store, tenant, before);
            }
        }

        return await WriteAsync(store, tenant, before, destination, progress, cancellationToken);
    }

    private static async ValueTask<TenantFile> WriteAsync(
        IStore store, TenantId tenant, TenantStorage before, Stream destination, IProgress<LogPosition>? progress, CancellationToken cancellationToken)
    {
        using var writer = new TenantFileWriter(destination, tenant);
        await writer.BeginAsync(cancellationToken);
        var position = await WriteEventsAsync(store, tenant, LogPosition.Start, before.Position, writer, progress, cancellationToken);
        await WriteRestAsync(store, tenant, writer, cancellationToken);
        // All that was copied by now is of this moment or before it, and the journal has what came in between.
        var now = await store.ReadTenantAsync(tenant, cancellationToken);
        await WriteJournalAsync(store, tenant, before.JournalHead, now.JournalHead, writer, cancellationToken);
        await WriteEventsAsync(store, tenant, position, now.Position, writer, progress, cancellationToken);
        if (now.JournalStart != before.JournalStart || (await store.ReadTenantAsync(tenant, cancellationToken)).JournalStart != before.JournalStart)
            throw Switched(tenant);
        return await writer.EndAsync(now.Position, await RootAsync(store, tenant, now.Position, cancellationToken), cancellationToken);
    }

    private static async ValueTask<LogPosition> WriteEventsAsync(
        IStore store, TenantId tenant, LogPosition after, LogPosition through, TenantFileWriter writer, IProgress<LogPosition>? progress,
        CancellationToken cancellationToken)
    {
        while (after < through)
        {
            var count = Math.Min(Math.Min(PageLength, store.Limits.PageLengthMax), through.Value - after.Value);
            var page = await store.ReadLogAsync(tenant, new LogRead(after, (int)count), cancellationToken);
            if (page.Events.IsEmpty)
                throw new TallystickException($"The log of tenant '{tenant}' has no event after position {after}, although its head is {through}. Verify the log.");
            foreach (var e in page.Events)
                await writer.AddAsync(e, cancellationToken);
            after = page.Events[^1].Position;
            progress?.Report(after);
        }

        return after;
    }

    private static async ValueTask WriteRestAsync(IStore store, TenantId tenant, TenantFileWriter writer, CancellationToken cancellationToken)
    {
        await foreach (var collection in TenantPages.CollectionsAsync(store, tenant, cancellationToken))
        {
            await foreach (var document in TenantPages.DocumentsAsync(store, tenant, collection.Id, cancellationToken))
                await writer.AddAsync(new DocumentChange.Put(collection.Id, document), cancellationToken);
            if (collection.IsActive)
                await writer.AddAsync(new DocumentChange.Activate(collection.Id), cancellationToken);
        }

        await foreach (var checkpoint in TenantPages.CheckpointsAsync(store, tenant, cancellationToken))
            await writer.AddAsync(new CheckpointChange(checkpoint.Name, checkpoint.Position, null), cancellationToken);
        await foreach (var remembered in TenantPages.RememberedAsync(store, tenant, cancellationToken))
            await writer.AddAsync(remembered, cancellationToken);
    }

    private static async ValueTask WriteJournalAsync(
        IStore store, TenantId tenant, long after, long through, TenantFileWriter writer, CancellationToken cancellationToken)
    {
        while (after < through)
        {
            var page = await store.ReadJournalAsync(tenant, after, Math.Min(PageLength, store.Limits.PageLengthMax), cancellationToken);
            if (page.IsEmpty)
                throw Switched(tenant);
            foreach (var entry in page)
            {
                if (entry.Number > through)
                    return;
                if (entry.Number != ++after)
                    throw Switched(tenant);
                foreach (var change in entry.Documents)
                    await writer.AddAsync(change, cancellationToken);
                foreach (var change in entry.Checkpoints)
                    await writer.AddAsync(change, cancellationToken);
                foreach (var remembered in entry.Remembered)
                    await writer.AddAsync(remembered, cancellationToken);
            }
        }
    }

    /// <summary>The root of the log up to a position, which may have grown since: made of the nodes that its events carry.</summary>
    private static async ValueTask<Audit.Hash256> RootAsync(IStore store, TenantId tenant, LogPosition position, CancellationToken cancellationToken)
    {
        Audit.Hash256? root = null;
        for (var end = position.Value; end > 0; end &= end - 1)
        {
            var page = await store.ReadLogAsync(tenant, new LogRead(LogPosition.Of(end - 1), 1), cancellationToken);
            var level = Audit.MerkleFrontier.CompletedNodeCount(end);
            var node = new Audit.Hash256(page.Events[0].TreeNodes.Span.Slice(level * Audit.Hash256.ByteLength, Audit.Hash256.ByteLength));
            root = root is { } right ? Audit.MerkleTree.HashNode(node, right) : node;
        }

        return root ?? Audit.MerkleTree.EmptyRoot;
    }

    /// <summary>Lets go of the journal, unless it is somebody else's by now.</summary>
    private static async ValueTask SwitchJournalOffAsync(IStore store, TenantId tenant, TenantStorage mine)
    {
        // The caller's token may be what has ended the export; a commit is bounded by the store.
        if ((await store.ReadTenantAsync(tenant, CancellationToken.None)).JournalStart != mine.JournalStart)
            return;
        while (await store.CommitAsync(Commit.For(tenant).Journal(on: false), CancellationToken.None) is CommitResult.Committed { HasMore: true })
        {
        }
    }

    private static TallystickException Switched(TenantId tenant) =>
        new($"The journal of tenant '{tenant}' was switched by somebody else during the export (a move, or another export). Export again.", isTransient: true);
}
