using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Testing.Conformance;

/// <summary>What a store lists of a tenant.</summary>
internal static partial class TenantDump
{
    /// <summary>
    /// All of <see cref="OfAsync(IStore, TenantId, CancellationToken)"/>, and everything that the store lists of the tenant: sizes, every document of every generation, every
    /// checkpoint and every remembered result.
    /// </summary>
    public static async Task<string> EverythingAsync(IStore store, TenantId tenant, CancellationToken cancellationToken) =>
        await OfAsync(store, tenant, cancellationToken) + await ContentAsync(store, tenant, cancellationToken)
        + Of(await store.ReadTenantAsync(tenant, cancellationToken)) + Of(await store.ReadJournalAsync(tenant, 0, 1000, cancellationToken));

    /// <summary>All that a copy of the tenant must have too.</summary>
    public static async Task<string> ContentAsync(IStore store, TenantId tenant, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var storage = await store.ReadTenantAsync(tenant, cancellationToken);
        Line(text, $"{storage.Position} with {storage.StoredBytes} bytes");
        await WriteLogAsync(text, store, tenant, cancellationToken);
        CollectionId? afterCollection = null;
        for (ImmutableArray<StoredCollection> page; (page = await store.ReadCollectionsAsync(tenant, afterCollection, 2, cancellationToken)).Length > 0;)
        {
            Write(text, page);
            foreach (var collection in page)
                await WriteDocumentsAsync(text, store, tenant, collection.Id, cancellationToken);
            afterCollection = page[^1].Id;
        }

        string? after = null;
        for (ImmutableArray<StoredCheckpoint> page; (page = await store.ReadCheckpointsAsync(tenant, after, 3, cancellationToken)).Length > 0; after = page[^1].Name)
            Write(text, page);
        after = null;
        for (ImmutableArray<RememberedCommit> page; (page = await store.ReadRememberedAsync(tenant, after, 100, cancellationToken)).Length > 0; after = page[^1].Key.Value)
            Write(text, page);
        return text.ToString();
    }

    private static async Task WriteLogAsync(StringBuilder text, IStore store, TenantId tenant, CancellationToken cancellationToken)
    {
        Write(text, await store.ReadHeadAsync(tenant, cancellationToken));
        var page = new EventPage([], Events.LogPosition.Start);
        do
        {
            page = await store.ReadLogAsync(tenant, new LogRead(page.Through, 1000), cancellationToken);
            Write(text, page.Events);
        }
        while (page.Events.Length > 0);
    }

    private static async Task WriteDocumentsAsync(
        StringBuilder text, IStore store, TenantId tenant, CollectionId collection, CancellationToken cancellationToken)
    {
        var query = new DocumentQuery(collection.Name) { Generation = collection.Generation, Limit = 1000 };
        for (DocumentPage? page = null; page is null || page.Next is not null;)
        {
            page = await store.QueryDocumentsAsync(tenant, query with { After = page?.Next }, cancellationToken);
            foreach (var document in page.Items)
                Write(text, document);
        }
    }

    private static void Write(StringBuilder text, TenantStorage storage) => Line(
        text, $"storage {storage.Position} {storage.StoredBytes} fence {storage.Fence} journal {storage.JournalStart} {storage.JournalHead} {storage.IsErasing}");

    private static void Write(StringBuilder text, ImmutableArray<StoredCollection> collections)
    {
        foreach (var collection in collections)
            Line(text, $"collection {collection.Id} {collection.IsActive}");
    }

    private static void Write(StringBuilder text, ImmutableArray<StoredCheckpoint> checkpoints)
    {
        foreach (var checkpoint in checkpoints)
            Line(text, $"checkpoint {checkpoint.Name} {checkpoint.Position}");
    }

    private static void Write(StringBuilder text, ImmutableArray<RememberedCommit> commits)
    {
        foreach (var commit in commits)
            Write(text, commit);
    }

    private static void Write(StringBuilder text, ImmutableArray<JournalEntry> entries)
    {
        foreach (var entry in entries)
            text.AppendLine(CultureInfo.InvariantCulture, $"entry {entry.Number} {Encoding.UTF8.GetString(entry.ToBytes())}");
    }
}
