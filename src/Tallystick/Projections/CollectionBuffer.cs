using System.Collections.Immutable;
using System.Text.Json;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Projections;

/// <summary>The documents of one collection that are in memory: see <see cref="ProjectionDocuments"/>.</summary>
internal abstract class CollectionBuffer
{
    public abstract string Name { get; }

    /// <summary>Whether a document that isn't here isn't in the store either: true while a new generation is built without forgetting.</summary>
    public bool HoldsAll { get; set; }

    public abstract IEnumerable<ImmutableArray<string>> TakeWanted(int keysMax);

    public abstract void Add(string key, Document? stored);

    public abstract void Begin();

    /// <summary>Gives how many documents are no longer changed.</summary>
    public abstract int Undo();

    public abstract void CollectChanges(RowScope rows, int generation, List<DocumentChange> changes);

    public abstract void Committed(int cachedDocumentsMax);

    public abstract void Clear(bool isEmpty);
}

/// <inheritdoc/>
internal sealed class CollectionBuffer<TDocument>(DocumentCollection<TDocument> collection) : CollectionBuffer
    where TDocument : class
{
    private readonly Dictionary<string, Slot> _slots = new(StringComparer.Ordinal);
    private readonly List<Slot> _changed = [];
    private readonly List<Before> _journal = [];
    private readonly HashSet<string> _wantedKeys = new(StringComparer.Ordinal);
    private readonly List<string> _wanted = [];
    private int _batch;

    public DocumentCollection<TDocument> Collection { get; } = collection;

    public override string Name => Collection.Name;

    public bool TryGet(string key, out TDocument? document)
    {
        if (_slots.TryGetValue(key, out var slot))
        {
            slot.Batch = _batch;
            document = slot.Value;
            return true;
        }

        document = null;
        return HoldsAll;
    }

    /// <summary>Changes a document; gives 1 if it was unchanged before, else 0.</summary>
    public int Set(string key, TDocument? value, LogPosition position)
    {
        if (string.IsNullOrEmpty(key))
            throw new ArgumentException($"A document of '{Name}' has an empty key.", nameof(key));
        var isNew = !_slots.TryGetValue(key, out var slot);
        if (isNew)
            _slots.Add(key, slot = new Slot(key, isStored: !HoldsAll));
        slot!.Batch = _batch;
        if (value is null && slot.Value is null && !slot.MayBeStored)
            return 0;
        _journal.Add(new Before(slot, slot.Value, slot.Position, slot.IsChanged, isNew));
        (slot.Value, slot.Position) = (value, position);
        if (slot.IsChanged)
            return 0;
        slot.IsChanged = true;
        _changed.Add(slot);
        return 1;
    }

    public void Want(string key)
    {
        if (!HoldsAll && !_slots.ContainsKey(key) && _wantedKeys.Add(key))
            _wanted.Add(key);
    }

    public override IEnumerable<ImmutableArray<string>> TakeWanted(int keysMax)
    {
        if (_wanted.Count == 0)
            return [];
        ImmutableArray<string>[] pages = [.. _wanted.Chunk(keysMax).Select(keys => keys.ToImmutableArray())];
        _wanted.Clear();
        _wantedKeys.Clear();
        return pages;
    }

    public override void Add(string key, Document? stored) => Read(key, stored);

    /// <summary>Takes a document as it was read, unless it has been changed meanwhile.</summary>
    public TDocument? Read(string key, Document? stored)
    {
        if (_slots.TryGetValue(key, out var slot))
            return slot.Value;
        slot = new Slot(key, isStored: stored is not null) { Batch = _batch };
        if (stored is not null)
        {
            slot.Value = Deserialize(stored);
            slot.Position = stored.Position;
        }

        _slots.Add(key, slot);
        return slot.Value;
    }

    public override void Begin() => _journal.Clear();

    public override int Undo()
    {
        var undone = 0;
        for (var i = _journal.Count - 1; i >= 0; i--)
        {
            var (slot, value, position, changed, isNew) = _journal[i];
            (slot.Value, slot.Position) = (value, position);
            if (changed)
                continue;
            slot.IsChanged = false;
            _changed.RemoveAt(_changed.LastIndexOf(slot));
            undone++;
            // A document that was put without having been read is unknown again, not absent.
            if (isNew)
                _slots.Remove(slot.Key);
        }

        _journal.Clear();
        return undone;
    }

    public override void CollectChanges(RowScope rows, int generation, List<DocumentChange> changes)
    {
        var target = new CollectionId(Name, generation);
        foreach (var slot in _changed)
        {
            if (slot.Value is null)
            {
                if (slot.MayBeStored)
                    changes.Add(new DocumentChange.Delete(target, rows.Stored(slot.Key)));
                continue;
            }

            var body = JsonSerializer.SerializeToUtf8Bytes(slot.Value, EventSerializer.DefaultOptions);
            changes.Add(new DocumentChange.Put(target, new Document(rows.Stored(slot.Key), body, rows.Entries(Collection.IndexEntries(slot.Value)), slot.Position)));
        }
    }

    public override void Committed(int cachedDocumentsMax)
    {
        foreach (var slot in _changed)
        {
            slot.IsChanged = false;
            slot.MayBeStored = slot.Value is not null;
        }

        _changed.Clear();
        _journal.Clear();
        if (_slots.Count > cachedDocumentsMax)
            Shrink(cachedDocumentsMax);
        _batch++;
    }

    public override void Clear(bool isEmpty)
    {
        _slots.Clear();
        _changed.Clear();
        _journal.Clear();
        _wanted.Clear();
        _wantedKeys.Clear();
        HoldsAll = isEmpty;
    }

    private TDocument? Deserialize(Document stored)
    {
        try
        {
            return JsonSerializer.Deserialize<TDocument>(stored.Body.Span, EventSerializer.DefaultOptions);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or ArgumentException)
        {
            throw new InvalidOperationException(
                $"Document '{stored.Key}' of '{Name}' doesn't fit {typeof(TDocument).Name}: {error.Message} If the type has changed, raise the projection's version.", error);
        }
    }

    /// <summary>Forgets what the last batch didn't touch; if that isn't enough, all.</summary>
    private void Shrink(int cachedDocumentsMax)
    {
        HoldsAll = false;
        foreach (var slot in _slots.Values.Where(slot => slot.Batch != _batch).ToArray())
            _slots.Remove(slot.Key);
        if (_slots.Count > cachedDocumentsMax)
            _slots.Clear();
    }

    private readonly record struct Before(Slot Slot, TDocument? Value, LogPosition Position, bool Changed, bool IsNew);

    private sealed class Slot(string key, bool isStored)
    {
        public string Key { get; } = key;

        public TDocument? Value { get; set; }

        /// <summary>The last event that changed it.</summary>
        public LogPosition Position { get; set; }

        public bool IsChanged { get; set; }

        /// <summary>Whether the store may have it, so that its absence must be written.</summary>
        public bool MayBeStored { get; set; } = isStored;

        /// <summary>The batch that last touched it.</summary>
        public int Batch { get; set; }
    }
}
