using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Tallystick.Storage;
using Tallystick.Storage.InMemory;

namespace Tallystick.Tenancy.Moving;

/// <summary>All that a store lists of a tenant, read page by page, and where two stores differ.</summary>
internal static class TenantPages
{
    private const int PageLength = 1000;

    /// <summary>A page of documents may be about this large; how many that are is learned from those before.</summary>
    private const long PageBytes = 4 * 1024 * 1024;

    public static IComparer<CollectionId> CollectionOrder { get; } = Comparer<CollectionId>.Create(
        static (x, y) => KeyOrder.Instance.Compare(x.Name, y.Name) is var order and not 0 ? order : x.Generation.CompareTo(y.Generation));

    public static IAsyncEnumerable<StoredCollection> CollectionsAsync(IStore store, TenantId tenant, CancellationToken cancellationToken) =>
        PagesAsync<StoredCollection, CollectionId?>(
            store.Limits, (after, count) => store.ReadCollectionsAsync(tenant, after, count, cancellationToken), last => last.Id);

    public static IAsyncEnumerable<StoredCheckpoint> CheckpointsAsync(IStore store, TenantId tenant, CancellationToken cancellationToken) =>
        PagesAsync<StoredCheckpoint, string?>(
            store.Limits, (after, count) => store.ReadCheckpointsAsync(tenant, after, count, cancellationToken), last => last.Name);

    public static IAsyncEnumerable<RememberedCommit> RememberedAsync(IStore store, TenantId tenant, CancellationToken cancellationToken) =>
        PagesAsync<RememberedCommit, string?>(
            store.Limits, (after, count) => store.ReadRememberedAsync(tenant, after, count, cancellationToken), last => last.Key.Value);

    /// <summary>The documents of a generation in the order of their keys.</summary>
    public static async IAsyncEnumerable<Document> DocumentsAsync(
        IStore store, TenantId tenant, CollectionId collection, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var query = new DocumentQuery(collection.Name) { Generation = collection.Generation, Limit = Math.Min(16, store.Limits.PageLengthMax) };
        while (true)
        {
            var page = await store.QueryDocumentsAsync(tenant, query, cancellationToken);
            var bytes = 1L;
            foreach (var document in page.Items)
            {
                bytes += document.Body.Length;
                yield return document;
            }

            if (page.Next is null)
                yield break;
            var fitting = Math.Clamp(PageBytes * page.Items.Length / bytes, 1, Math.Min(PageLength, store.Limits.PageLengthMax));
            query = query with { After = page.Next, Limit = (int)fitting };
        }
    }

    /// <summary>Where two lists in the same order differ: what one lacks, and what isn't the same in both.</summary>
    public static async IAsyncEnumerable<Difference<T>> DifferencesAsync<T>(
        IAsyncEnumerable<T> source, IAsyncEnumerable<T> target, Comparison<T> order, Func<T, T, bool> isSame)
    {
        await using var left = source.GetAsyncEnumerator(CancellationToken.None);
        await using var right = target.GetAsyncEnumerator(CancellationToken.None);
        var (inSource, inTarget) = (await left.MoveNextAsync(), await right.MoveNextAsync());
        while (inSource || inTarget)
        {
            var at = !inSource ? 1 : !inTarget ? -1 : order(left.Current, right.Current);
            if (at != 0 || !isSame(left.Current, right.Current))
                yield return new Difference<T>(at <= 0, at <= 0 ? left.Current : default!, at >= 0 ? right.Current : default!);
            if (at <= 0)
                inSource = await left.MoveNextAsync();
            if (at >= 0)
                inTarget = await right.MoveNextAsync();
        }
    }

    public static bool IsSame(Document x, Document y) =>
        x.Key == y.Key && x.Position == y.Position && x.Body.Span.SequenceEqual(y.Body.Span) && x.Index.AsSpan().SequenceEqual(y.Index.AsSpan());

    public static bool IsSame(RememberedCommit x, RememberedCommit y) =>
        x.Key == y.Key && x.Result.FirstPosition == y.Result.FirstPosition && x.Result.Position == y.Result.Position
        && x.Result.Streams.AsSpan().SequenceEqual(y.Result.Streams.AsSpan());

    private static async IAsyncEnumerable<T> PagesAsync<T, TAfter>(
        StoreLimits limits, Func<TAfter?, int, ValueTask<ImmutableArray<T>>> read, Func<T, TAfter> placeOf)
    {
        var count = Math.Min(PageLength, limits.PageLengthMax);
        var after = default(TAfter);
        while (true)
        {
            var page = await read(after, count);
            foreach (var item in page)
                yield return item;
            if (page.Length < count)
                yield break;
            after = placeOf(page[^1]);
        }
    }
}

/// <summary>A place at which two stores differ.</summary>
/// <param name="InSource">Whether the source has it; if not, it is only in the target.</param>
/// <param name="Source">What the source has; <c>default</c> if it has nothing.</param>
/// <param name="Target">What the target has; <c>default</c> if it has nothing.</param>
internal readonly record struct Difference<T>(bool InSource, T Source, T Target);
