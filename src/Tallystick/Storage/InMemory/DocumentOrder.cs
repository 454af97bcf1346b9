namespace Tallystick.Storage.InMemory;

/// <summary>The order that a query asks for: by one index, then by key; or by key alone; or the reverse.</summary>
internal sealed class DocumentOrder(DocumentQuery query) : IComparer<Document>
{
    /// <summary>A document's value in an index; null if it isn't in that index.</summary>
    public static IndexValue? ValueOf(Document document, string index)
    {
        foreach (var entry in document.Index)
        {
            if (entry.Name == index)
                return entry.Value;
        }

        return null;
    }

    /// <inheritdoc/>
    public int Compare(Document? x, Document? y) => Compare(SortValueOf(x!), x!.Key, SortValueOf(y!), y!.Key);

    /// <summary>Whether a document comes after the end of the page before.</summary>
    public bool IsAfterCursor(Document document) => query.After is not { } cursor
        || Compare(SortValueOf(document), document.Key, cursor.Value ?? IndexValue.Null, cursor.Key) > 0;

    /// <summary>The place of a document, from which the next page goes on.</summary>
    public DocumentCursor CursorOf(Document document) => new(query.OrderBy is null ? null : SortValueOf(document), document.Key);

    // Ordered by key, all documents have the same value.
    private IndexValue SortValueOf(Document document) => query.OrderBy is { } index ? ValueOf(document, index)!.Value : IndexValue.Null;

    private int Compare(IndexValue value1, string key1, IndexValue value2, string key2)
    {
        var order = value1.CompareTo(value2);
        if (order == 0)
            order = KeyOrder.Instance.Compare(key1, key2);
        return query.Descending ? -order : order;
    }
}
