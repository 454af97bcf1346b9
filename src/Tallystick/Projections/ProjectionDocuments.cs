using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Projections;

/// <summary>
/// The documents of a projection as its handlers see them: those in the store, changed by every event before, also by those of the same
/// batch that aren't committed yet. Used by one handler at a time.
/// </summary>
/// <remarks>
/// It is a write-back cache. A document is read at most once while it stays in the cache, and written once per commit however many
/// events touched it. What an event did can be undone, so that a failing event leaves no trace in a batch.
/// </remarks>
public sealed class ProjectionDocuments
{
    private readonly IStore _store;
    private readonly RowScope _rows;
    private readonly int _generation;
    private readonly CollectionBuffer[] _buffers;

    internal ProjectionDocuments(IStore store, RowScope rows, Projection projection, int generation, bool isEmpty)
    {
        (_store, _rows, _generation) = (store, rows, generation);
        _buffers = [.. projection.Collections.Select(collection => collection.CreateBuffer())];
        foreach (var buffer in _buffers)
            buffer.HoldsAll = isEmpty;
    }

    /// <summary>How many documents are changed and not committed.</summary>
    internal int ChangedCount { get; private set; }

    internal LogPosition Position { get; private set; }

    /// <summary>The document with this key, or null.</summary>
    public ValueTask<TDocument?> FindAsync<TDocument>(
        DocumentCollection<TDocument> collection, string key, CancellationToken cancellationToken = default)
        where TDocument : class
    {
        var buffer = BufferOf(collection);
        return buffer.TryGet(key, out var document) ? new(document) : LoadAsync(buffer, key, cancellationToken);
    }

    /// <summary>Stores a document under a key, replacing the one that is there.</summary>
    public void Put<TDocument>(DocumentCollection<TDocument> collection, string key, TDocument document)
        where TDocument : class
    {
        ArgumentNullException.ThrowIfNull(document);
        ChangedCount += BufferOf(collection).Set(key, document, Position);
    }

    /// <summary>Removes a document, if it is there.</summary>
    public void Delete<TDocument>(DocumentCollection<TDocument> collection, string key)
        where TDocument : class => ChangedCount += BufferOf(collection).Set(key, null, Position);

    /// <summary>Notes that a document will be needed.</summary>
    internal void Want<TDocument>(DocumentCollection<TDocument> collection, string key)
        where TDocument : class => BufferOf(collection).Want(key);

    /// <summary>Reads all wanted documents, with one read per collection (and per page of keys).</summary>
    internal async ValueTask LoadWantedAsync(CancellationToken cancellationToken)
    {
        foreach (var buffer in _buffers)
        {
            foreach (var keys in buffer.TakeWanted(_store.Limits.PageLengthMax))
            {
                var found = await StoreCall.RunAsync(_store.FindDocumentsAsync(_rows.Home, buffer.Name, _generation, _rows.Stored(keys), cancellationToken));
                for (var i = 0; i < keys.Length; i++)
                    buffer.Add(keys[i], found.Items[i]);
            }
        }
    }

    /// <summary>Begins an event: what follows can be undone.</summary>
    internal void Begin(LogPosition position)
    {
        Position = position;
        foreach (var buffer in _buffers)
            buffer.Begin();
    }

    /// <summary>Takes back what the present event did.</summary>
    internal void Undo()
    {
        foreach (var buffer in _buffers)
            ChangedCount -= buffer.Undo();
    }

    /// <summary>What has changed, to be committed, in the order in which the documents were first touched.</summary>
    internal DocumentChange[] Changes()
    {
        var changes = new List<DocumentChange>(ChangedCount);
        foreach (var buffer in _buffers)
            buffer.CollectChanges(_rows, _generation, changes);
        return [.. changes];
    }

    /// <summary>All changes are committed. Forgets documents if the cache is over its bound.</summary>
    internal void Committed(int cachedDocumentsMax)
    {
        ChangedCount = 0;
        foreach (var buffer in _buffers)
            buffer.Committed(cachedDocumentsMax);
    }

    /// <summary>Forgets everything: it may not be what the store has.</summary>
    internal void Clear(bool isEmpty)
    {
        ChangedCount = 0;
        foreach (var buffer in _buffers)
            buffer.Clear(isEmpty);
    }

    private async ValueTask<TDocument?> LoadAsync<TDocument>(CollectionBuffer<TDocument> buffer, string key, CancellationToken cancellationToken)
        where TDocument : class
    {
        var found = await StoreCall.RunAsync(_store.FindDocumentsAsync(_rows.Home, buffer.Name, _generation, [_rows.Stored(key)], cancellationToken));
        return buffer.Read(key, found.Items[0]);
    }

    private CollectionBuffer<TDocument> BufferOf<TDocument>(DocumentCollection<TDocument> collection)
        where TDocument : class =>
        collection.Ordinal < _buffers.Length && _buffers[collection.Ordinal] is CollectionBuffer<TDocument> buffer && ReferenceEquals(buffer.Collection, collection)
            ? buffer
            : throw new InvalidOperationException($"Collection '{collection.Name}' belongs to another projection.");
}
