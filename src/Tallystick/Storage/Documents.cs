using System.Collections.Immutable;
using Tallystick.Events;

namespace Tallystick.Storage;

/// <summary>
/// One generation of a collection of documents. A collection may be built anew in a second generation while readers use the first;
/// <see cref="DocumentChange.Activate"/> swaps them in one commit.
/// </summary>
/// <param name="Name">The collection.</param>
/// <param name="Generation">1 or more.</param>
public readonly record struct CollectionId(string Name, int Generation)
{
    /// <summary>The id as text, for messages.</summary>
    public override string ToString() => $"{Name}#{Generation}";
}

/// <summary>A read-model document as it is stored.</summary>
/// <param name="Key">Unique within its collection.</param>
/// <param name="Body">The bytes (JSON in UTF-8).</param>
/// <param name="Index">One value for each declared index; queries filter and order by them.</param>
/// <param name="Position">The log position up to which events are folded into it.</param>
public sealed record Document(string Key, ReadOnlyMemory<byte> Body, ImmutableArray<IndexEntry> Index, LogPosition Position);

/// <summary>
/// A document's value in one index. A document without an entry isn't in that index: a query that filters or orders by it leaves it out.
/// To be found with a value that is missing, it needs an entry with <see cref="IndexValue.Null"/>.
/// </summary>
/// <param name="Name">The index.</param>
/// <param name="Value">The value, in a form whose bytes sort like the value.</param>
public readonly record struct IndexEntry(string Name, IndexValue Value);

/// <summary>One change of a collection within a commit.</summary>
public abstract record DocumentChange
{
    private DocumentChange(CollectionId collection) => Collection = collection;

    /// <summary>Where.</summary>
    public CollectionId Collection { get; }

    /// <summary>Stores a document, replacing the one with the same key.</summary>
    public sealed record Put(CollectionId Target, Document Document) : DocumentChange(Target);

    /// <summary>Removes a document, if it is there.</summary>
    public sealed record Delete(CollectionId Target, string Key) : DocumentChange(Target);

    /// <summary>Makes this generation the one that readers see.</summary>
    public sealed record Activate(CollectionId Target) : DocumentChange(Target);
}

/// <summary>Which documents of a collection to read, in which order, and how many.</summary>
/// <param name="Collection">The collection.</param>
public sealed record DocumentQuery(string Collection)
{
    /// <summary>The generation to read; null (the default) reads the active one.</summary>
    public int? Generation { get; init; }

    /// <summary>The document's index values must equal all of these.</summary>
    public ImmutableArray<IndexEntry> Equal { get; init; } = [];

    /// <summary>The document's value in an index must lie in a range; null: no range.</summary>
    public IndexRange? Range { get; init; }

    /// <summary>The index to order by (ties by key); null orders by key.</summary>
    public string? OrderBy { get; init; }

    /// <summary>Whether the order is reversed.</summary>
    public bool Descending { get; init; }

    /// <summary>Where the page before ended; null starts at the beginning.</summary>
    public DocumentCursor? After { get; init; }

    /// <summary>The most documents to give. Default 100; at most <see cref="StoreLimits.PageLengthMax"/>.</summary>
    public int Limit { get; init; } = 100;
}

/// <summary>A range of an index.</summary>
/// <param name="Index">The index.</param>
/// <param name="From">The least value, included; null: no least.</param>
/// <param name="To">The value to stop before, excluded; null: no end.</param>
public sealed record IndexRange(string Index, IndexValue? From, IndexValue? To);

/// <summary>Where a page of documents ended: keyset paging needs the last document's place, not a count.</summary>
/// <param name="Value">The last document's value in the index ordered by; null when ordered by key.</param>
/// <param name="Key">The last document's key.</param>
public sealed record DocumentCursor(IndexValue? Value, string Key);

/// <summary>Some documents of a collection.</summary>
/// <param name="Generation">The generation that was read; 0 if the collection has no active one yet.</param>
/// <param name="Items">The documents, in the order asked for.</param>
/// <param name="Next">What to pass as <see cref="DocumentQuery.After"/> for the next page; null if this was the last.</param>
public sealed record DocumentPage(int Generation, ImmutableArray<Document> Items, DocumentCursor? Next)
{
    /// <summary>What reading a collection gives that has no active generation yet.</summary>
    public static DocumentPage NotActive { get; } = new(0, [], null);
}

/// <summary>Documents found by their keys.</summary>
/// <param name="Generation">The generation that was read; 0 if the collection has no active one yet.</param>
/// <param name="Items">For each key asked for, in that order, its document, or null if there is none.</param>
public sealed record DocumentLookup(int Generation, ImmutableArray<Document?> Items);
