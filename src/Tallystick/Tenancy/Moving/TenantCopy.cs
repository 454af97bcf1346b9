using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Storage.InMemory;

namespace Tallystick.Tenancy.Moving;

/// <summary>
/// Makes a copy of a tenant that is in use, and brings it up to date: events by their positions, which never change; documents, checkpoints and
/// remembered results by comparing both sides and writing what differs, then by replaying the source's journal, whose entries say what is and not
/// what changed, so that it does no harm that some of it was copied already.
/// </summary>
/// <remarks>
/// That nothing was missed is known without comparing everything while nobody may write: both sides are compared before. What is the same then, and
/// is in no entry that was replayed since, is the same still; so in the end only what is in an entry is compared again, and what differed.
/// </remarks>
internal sealed class TenantCopy(IStore source, IStore target, TenantId tenant, string fence, long session)
{
    private const int PageLength = 1000;

    private readonly CopyWriter _writer = new(target, tenant, fence);
    private readonly SortedDictionary<CollectionId, SortedSet<string>> _documents = new(TenantPages.CollectionOrder);
    private readonly SortedSet<string> _keys = new(StringComparer.Ordinal);

    /// <summary>The last position that the target has.</summary>
    public LogPosition Position { get; private set; }

    /// <summary>The last entry of the journal that the target has.</summary>
    public long Entry { get; private set; } = session;

    /// <summary>How many events were copied.</summary>
    public long Events { get; private set; }

    /// <summary>How many documents were written or removed.</summary>
    public long Documents => _writer.Documents;

    /// <summary>How many documents and results must be compared in the end.</summary>
    public int SuspectCount => _keys.Count + _documents.Values.Sum(keys => keys.Count);

    /// <summary>Looks how far the target is, which may have an older copy.</summary>
    /// <exception cref="InvalidOperationException">What the target has isn't a copy of this tenant.</exception>
    public async ValueTask BeginAsync(CancellationToken cancellationToken)
    {
        Position = (await target.ReadHeadAsync(tenant, cancellationToken)).Position;
        if (!await HasSameEventAsync(source, target, tenant, Position, cancellationToken))
        {
            throw new InvalidOperationException(
                $"What the target has of tenant '{tenant}' up to position {Position} isn't a copy of the source. Abandon the move, which erases it, and begin again.");
        }
    }

    /// <summary>Whether two logs have the same event at a position, and with it the same tree up to there where that is a power of two.</summary>
    public static async ValueTask<bool> HasSameEventAsync(
        IStore source, IStore target, TenantId tenant, LogPosition position, CancellationToken cancellationToken)
    {
        if (position == LogPosition.Start)
            return true;
        var read = new LogRead(LogPosition.Of(position.Value - 1), 1);
        return (await source.ReadLogAsync(tenant, read, cancellationToken)).Events is [var here]
            && (await target.ReadLogAsync(tenant, read, cancellationToken)).Events is [var there]
            && here.TreeNodes.Span.SequenceEqual(there.TreeNodes.Span);
    }

    /// <summary>Copies events, then entries, up to a moment of the source.</summary>
    public async ValueTask FollowAsync(TenantStorage storage, Action<LogPosition>? copied, CancellationToken cancellationToken)
    {
        while (Position < storage.Position)
        {
            var page = await source.ReadLogAsync(
                tenant, new LogRead(Position, (int)Math.Min(Math.Min(PageLength, source.Limits.PageLengthMax), storage.Position.Value - Position.Value)), cancellationToken);
            if (page.Events.IsEmpty)
                throw new TallystickException($"The log of tenant '{tenant}' has no event after position {Position}, although its head is {storage.Position}. Verify the log.");
            foreach (var e in page.Events)
                await _writer.AddAsync(e, cancellationToken);
            Position = page.Events[^1].Position;
            Events += page.Events.Length;
            copied?.Invoke(Position);
        }

        await ReplayAsync(storage.JournalHead, cancellationToken);
        await _writer.FlushAsync(cancellationToken);
    }

    /// <summary>Compares what isn't events, and makes the target like the source.</summary>
    public async ValueTask EqualiseAsync(CancellationToken cancellationToken)
    {
        foreach (var collection in await CollectionsAsync(cancellationToken))
        {
            await foreach (var difference in DocumentsAsync(collection, cancellationToken))
            {
                await _writer.AddAsync(
                    difference.InSource ? new DocumentChange.Put(collection, difference.Source) : new DocumentChange.Delete(collection, difference.Target.Key), cancellationToken);
            }
        }

        await foreach (var collection in TenantPages.CollectionsAsync(source, tenant, cancellationToken))
        {
            if (collection.IsActive)
                await _writer.AddAsync(new DocumentChange.Activate(collection.Id), cancellationToken);
        }

        await foreach (var difference in CheckpointsAsync(cancellationToken))
        {
            await _writer.AddAsync(
                difference.InSource
                    ? new CheckpointChange(difference.Source.Name, difference.Source.Position, null)
                    : new CheckpointChange(difference.Target.Name, null, null), cancellationToken);
        }

        await foreach (var difference in RememberedAsync(cancellationToken))
        {
            if (difference.InSource)
                await _writer.AddAsync(difference.Source, cancellationToken);
        }

        await _writer.FlushAsync(cancellationToken);
    }

    /// <summary>Compares what isn't events, and remembers what must be compared again in the end.</summary>
    public async ValueTask CompareAsync(CancellationToken cancellationToken)
    {
        _documents.Clear();
        _keys.Clear();
        foreach (var collection in await CollectionsAsync(cancellationToken))
        {
            await foreach (var difference in DocumentsAsync(collection, cancellationToken))
                Suspect(collection, difference.InSource ? difference.Source.Key : difference.Target.Key);
        }

        await foreach (var difference in RememberedAsync(cancellationToken))
            _keys.Add((difference.InSource ? difference.Source : difference.Target).Key.Value);
    }

    /// <summary>Demands that both sides are equal. Nobody may write meanwhile, and the target must have been brought up to date.</summary>
    /// <exception cref="TallystickException">They differ; the message says where.</exception>
    public async ValueTask DemandEqualAsync(CancellationToken cancellationToken)
    {
        var (here, there) = (await source.ReadHeadAsync(tenant, cancellationToken), await target.ReadHeadAsync(tenant, cancellationToken));
        if (here.Position != there.Position || here.Tree.Root() != there.Tree.Root())
            throw Differ($"the log ends at position {here.Position} with root {here.Tree.Root()}, the copy's at {there.Position} with {there.Tree.Root()}");
        await foreach (var difference in TenantPages.DifferencesAsync(
            TenantPages.CollectionsAsync(source, tenant, cancellationToken), TenantPages.CollectionsAsync(target, tenant, cancellationToken),
            static (x, y) => TenantPages.CollectionOrder.Compare(x.Id, y.Id), static (x, y) => x == y))
            throw Differ($"of collection {(difference.InSource ? difference.Source : difference.Target).Id}");
        foreach (var (collection, keys) in _documents)
            await DemandDocumentsAsync(collection, keys, cancellationToken);
        await foreach (var difference in CheckpointsAsync(cancellationToken))
            throw Differ($"of checkpoint '{(difference.InSource ? difference.Source : difference.Target).Name}'");
        foreach (var key in _keys)
        {
            var (first, second) = (await source.FindCommitAsync(tenant, key, cancellationToken), await target.FindCommitAsync(tenant, key, cancellationToken));
            if (first is null != second is null || (first is not null && !TenantPages.IsSame(first, second!)))
                throw Differ($"of the remembered result of key '{key}'");
        }

        var sizes = ((await source.ReadTenantAsync(tenant, cancellationToken)).StoredBytes, (await target.ReadTenantAsync(tenant, cancellationToken)).StoredBytes);
        if (sizes.Item1 != sizes.Item2)
            throw Differ($"{sizes.Item1} bytes are stored, but {sizes.Item2} in the copy");
    }

    private async ValueTask ReplayAsync(long through, CancellationToken cancellationToken)
    {
        while (Entry < through)
        {
            var page = await source.ReadJournalAsync(tenant, Entry, Math.Min(PageLength, source.Limits.PageLengthMax), cancellationToken);
            foreach (var entry in page)
            {
                // What came later belongs to a later moment of the log.
                if (entry.Number > through)
                    return;
                if (entry.Number != Entry + 1)
                    throw new TallystickException($"The journal of tenant '{tenant}' has no entry {Entry + 1}: somebody has switched it. Begin again.", isTransient: true);
                await ReplayAsync(entry, cancellationToken);
                Entry = entry.Number;
            }

            if (page.IsEmpty)
                throw new TallystickException($"The journal of tenant '{tenant}' ends before entry {through}: somebody has switched it. Begin again.", isTransient: true);
        }
    }

    private async ValueTask ReplayAsync(JournalEntry entry, CancellationToken cancellationToken)
    {
        foreach (var change in entry.Documents)
        {
            await _writer.AddAsync(change, cancellationToken);
            if (change is DocumentChange.Put put)
                Suspect(change.Collection, put.Document.Key);
            else if (change is DocumentChange.Delete delete)
                Suspect(change.Collection, delete.Key);
        }

        foreach (var change in entry.Checkpoints)
            await _writer.AddAsync(change, cancellationToken);
        foreach (var remembered in entry.Remembered)
        {
            await _writer.AddAsync(remembered, cancellationToken);
            _keys.Add(remembered.Key.Value);
        }
    }

    private void Suspect(CollectionId collection, string key)
    {
        if (!_documents.TryGetValue(collection, out var keys))
            _documents.Add(collection, keys = new SortedSet<string>(StringComparer.Ordinal));
        keys.Add(key);
    }

    private async ValueTask DemandDocumentsAsync(CollectionId collection, SortedSet<string> suspects, CancellationToken cancellationToken)
    {
        const int KeysPerCall = 100;
        foreach (var chunk in suspects.Chunk(Math.Min(KeysPerCall, source.Limits.PageLengthMax)))
        {
            ImmutableArray<string> keys = [.. chunk];
            var here = (await source.FindDocumentsAsync(tenant, collection.Name, collection.Generation, keys, cancellationToken)).Items;
            var there = (await target.FindDocumentsAsync(tenant, collection.Name, collection.Generation, keys, cancellationToken)).Items;
            for (var i = 0; i < keys.Length; i++)
            {
                if (here[i] is null != there[i] is null || (here[i] is { } document && !TenantPages.IsSame(document, there[i]!)))
                    throw Differ($"of document '{keys[i]}' of {collection}");
            }
        }
    }

    private async ValueTask<ImmutableArray<CollectionId>> CollectionsAsync(CancellationToken cancellationToken)
    {
        var all = new SortedSet<CollectionId>(TenantPages.CollectionOrder);
        foreach (var store in (IStore[])[source, target])
        {
            await foreach (var collection in TenantPages.CollectionsAsync(store, tenant, cancellationToken))
                all.Add(collection.Id);
        }

        return [.. all];
    }

    private IAsyncEnumerable<Difference<Document>> DocumentsAsync(CollectionId collection, CancellationToken cancellationToken) => TenantPages.DifferencesAsync(
        TenantPages.DocumentsAsync(source, tenant, collection, cancellationToken), TenantPages.DocumentsAsync(target, tenant, collection, cancellationToken),
        static (x, y) => KeyOrder.Instance.Compare(x.Key, y.Key), TenantPages.IsSame);

    private IAsyncEnumerable<Difference<StoredCheckpoint>> CheckpointsAsync(CancellationToken cancellationToken) => TenantPages.DifferencesAsync(
        TenantPages.CheckpointsAsync(source, tenant, cancellationToken), TenantPages.CheckpointsAsync(target, tenant, cancellationToken),
        static (x, y) => KeyOrder.Instance.Compare(x.Name, y.Name), static (x, y) => x == y);

    private IAsyncEnumerable<Difference<RememberedCommit>> RememberedAsync(CancellationToken cancellationToken) => TenantPages.DifferencesAsync(
        TenantPages.RememberedAsync(source, tenant, cancellationToken), TenantPages.RememberedAsync(target, tenant, cancellationToken),
        static (x, y) => KeyOrder.Instance.Compare(x.Key.Value, y.Key.Value), TenantPages.IsSame);

    private TallystickException Differ(string what) => new(
        $"The copy of tenant '{tenant}' differs from the source: {what}. Nothing was switched. Abandon the move, which erases the copy, and verify the source.");
}
