using System.Collections.Immutable;

namespace Tallystick.Storage.InMemory;

/// <summary>One tenant's documents: for each generation of a collection a dictionary in the order of keys, and which one is active.</summary>
internal sealed class InMemoryDocuments
{
    private readonly SortedDictionary<string, int> _active = new(KeyOrder.Instance);
    private readonly Dictionary<CollectionId, SortedDictionary<string, Document>> _generations = [];

    /// <summary>The bytes of all bodies.</summary>
    public long BodyBytes { get; private set; }

    /// <summary>How many documents there are.</summary>
    public long Count { get; private set; }

    /// <summary>A page of the generations that have documents or are active.</summary>
    public ImmutableArray<StoredCollection> After(CollectionId? after, int count) =>
    [
        .. _generations.Where(pair => pair.Value.Count > 0).Select(pair => pair.Key)
            .Concat(_active.Select(pair => new CollectionId(pair.Key, pair.Value))).Distinct()
            .OrderBy(id => id.Name, KeyOrder.Instance).ThenBy(id => id.Generation)
            .Where(id => after is not { } end || KeyOrder.Instance.Compare(id.Name, end.Name) is var order && (order > 0 || (order == 0 && id.Generation > end.Generation)))
            .Take(count).Select(id => new StoredCollection(id, _active.GetValueOrDefault(id.Name) == id.Generation)),
    ];

    /// <summary>Makes one change.</summary>
    public void Apply(DocumentChange change)
    {
        switch (change)
        {
            case DocumentChange.Put put:
                if (!_generations.TryGetValue(put.Collection, out var documents))
                    _generations.Add(put.Collection, documents = new SortedDictionary<string, Document>(KeyOrder.Instance));
                Uncount(documents, put.Document.Key);
                documents[put.Document.Key] = put.Document;
                (Count, BodyBytes) = (Count + 1, BodyBytes + put.Document.Body.Length);
                break;
            case DocumentChange.Delete delete:
                if (_generations.TryGetValue(delete.Collection, out var present))
                {
                    Uncount(present, delete.Key);
                    present.Remove(delete.Key);
                }

                break;
            case DocumentChange.Activate activate:
                _active[activate.Collection.Name] = activate.Collection.Generation;
                break;
            default:
                throw new InvalidOperationException("DocumentChange is a closed set.");
        }
    }

    /// <summary>Finds documents by their keys.</summary>
    public DocumentLookup Find(string collection, int? generation, ImmutableArray<string> keys)
    {
        var read = generation ?? _active.GetValueOrDefault(collection);
        var documents = _generations.GetValueOrDefault(new CollectionId(collection, read));
        return new DocumentLookup(read, [.. keys.Select(key => documents?.GetValueOrDefault(key))]);
    }

    /// <summary>Finds documents by a query: all of a generation are looked at, and those that match are sorted.</summary>
    public DocumentPage Query(DocumentQuery query)
    {
        var read = query.Generation ?? _active.GetValueOrDefault(query.Collection);
        if (!_generations.TryGetValue(new CollectionId(query.Collection, read), out var documents))
            return new DocumentPage(read, [], null);
        var order = new DocumentOrder(query);
        var found = documents.Values.Where(document => Matches(query, document) && order.IsAfterCursor(document)).Order(order).ToList();
        return new DocumentPage(
            read, [.. found.Take(query.Limit)], found.Count > query.Limit ? order.CursorOf(found[query.Limit - 1]) : null);
    }

    private void Uncount(SortedDictionary<string, Document> documents, string key)
    {
        if (documents.TryGetValue(key, out var old))
            (Count, BodyBytes) = (Count - 1, BodyBytes - old.Body.Length);
    }

    private static bool Matches(DocumentQuery query, Document document)
    {
        if (query.OrderBy is { } index && DocumentOrder.ValueOf(document, index) is null)
            return false;
        foreach (var wanted in query.Equal)
        {
            if (DocumentOrder.ValueOf(document, wanted.Name) != wanted.Value)
                return false;
        }

        if (query.Range is not { } range)
            return true;
        return DocumentOrder.ValueOf(document, range.Index) is { } value
            && (range.From is not { } from || value >= from)
            && (range.To is not { } to || value < to);
    }
}
