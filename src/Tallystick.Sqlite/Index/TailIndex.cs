using System.Runtime.InteropServices;
using Tallystick.Events;

namespace Tallystick.Sqlite.Index;

/// <summary>
/// The index of the newest events, in memory. The writer adds to it once a transaction is durable, and empties it once the stored index
/// has taken it over; readers copy out of it first and look into the stored index afterwards, so that between the two they miss nothing.
/// </summary>
internal sealed class TailIndex
{
    private readonly Lock _lock = new();
    private Dictionary<TermKey, TailList> _lists = [];

    /// <summary>How many events are indexed here.</summary>
    public int Count { get; private set; }

    /// <summary>The row number of the newest durable event.</summary>
    public long LastSeq { get; private set; }

    /// <summary>Starts after the stored index.</summary>
    public void StartAfter(long seq) => LastSeq = seq;

    /// <summary>Adds events that are now durable.</summary>
    public void Add(ReadOnlySpan<TailEntry> entries)
    {
        if (entries.IsEmpty)
            return;
        lock (_lock)
        {
            foreach (ref readonly var entry in entries)
            {
                Add(TermKey.Log(entry.Tenant), entry.Position, entry.Seq);
                Add(TermKey.Stream(entry.Tenant, entry.Stream), entry.Version, entry.Seq);
                Add(TermKey.Type(entry.Tenant, entry.Type), entry.Seq, entry.Seq);
                if (!entry.Tags.IsDefault)
                {
                    foreach (var tag in entry.Tags)
                        Add(TermKey.Tag(entry.Tenant, tag), entry.Seq, entry.Seq);
                }
            }

            Count += entries.Length;
            LastSeq = entries[^1].Seq;
        }
    }

    /// <summary>Forgets everything: the stored index has it.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _lists = [];
            Count = 0;
        }
    }

    /// <summary>
    /// Copies entries of a list with ordinals from <paramref name="from"/>, at most <paramref name="count"/>.
    /// </summary>
    /// <returns>The ordinal of the list's first entry here, whether copied or not; null if the list has no entry here.</returns>
    public long? CopyForwards(TermKey key, long from, int count, List<long> into)
    {
        lock (_lock)
        {
            if (!_lists.TryGetValue(key, out var list))
                return null;
            var start = list.IndexOf(from, key.IsCounted);
            for (var i = start; i < list.Count && i - start < count; i++)
                into.Add(list.Seqs[i]);
            return list.First;
        }
    }

    /// <summary>Copies entries of a counted list with ordinals up to <paramref name="from"/>, newest first.</summary>
    /// <returns>As <see cref="CopyForwards"/>.</returns>
    public long? CopyBackwards(TermKey key, long from, int count, List<long> into)
    {
        lock (_lock)
        {
            if (!_lists.TryGetValue(key, out var list))
                return null;
            var last = (int)Math.Min(from - list.First, list.Count - 1);
            for (var i = last; i >= 0 && last - i < count; i--)
                into.Add(list.Seqs[i]);
            return list.First;
        }
    }

    /// <summary>The last ordinal of a list, or null if it has no entry here.</summary>
    public long? Last(TermKey key)
    {
        lock (_lock)
        {
            return !_lists.TryGetValue(key, out var list) ? null
                : key.IsCounted ? list.First + list.Count - 1
                : list.Seqs[list.Count - 1];
        }
    }

    /// <summary>All lists in the order in which they are stored. Only the writer calls it, and nobody else changes the lists.</summary>
    public IEnumerable<(TermKey Key, string Term, long First, ReadOnlyMemory<long> Seqs)> Lists() => _lists
        .Select(list => (list.Key, Term: list.Key.ToStored(), list.Value.First, Seqs: new ReadOnlyMemory<long>(list.Value.Seqs, 0, list.Value.Count)))
        .OrderBy(list => list.Key.Tenant).ThenBy(list => list.Term, StringComparer.Ordinal);

    private void Add(TermKey key, long ordinal, long seq)
    {
        ref var list = ref CollectionsMarshal.GetValueRefOrAddDefault(_lists, key, out var exists);
        if (!exists)
            list = new TailList { First = ordinal, Seqs = [seq], Count = 1 };
        else
            list.Append(seq);
    }

    private struct TailList
    {
        public long First;
        public long[] Seqs;
        public int Count;

        public void Append(long seq)
        {
            if (Seqs[Count - 1] == seq)
                return; // The event has the same tag twice.
            if (Count == Seqs.Length)
                Array.Resize(ref Seqs, Count * 2);
            Seqs[Count++] = seq;
        }

        public readonly int IndexOf(long ordinal, bool counted)
        {
            if (counted)
                return (int)Math.Clamp(ordinal - First, 0, Count);
            var index = Array.BinarySearch(Seqs, 0, Count, ordinal);
            return index >= 0 ? index : ~index;
        }
    }
}

/// <summary>What the index needs to know of an event.</summary>
internal readonly record struct TailEntry(
    long Seq, int Tenant, long Position, StreamId Stream, long Version, string Type, System.Collections.Immutable.ImmutableArray<string> Tags);
