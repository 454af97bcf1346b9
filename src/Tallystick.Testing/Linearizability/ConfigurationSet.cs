namespace Tallystick.Testing.Linearizability;

/// <summary>
/// The configurations that a search has seen: which operations are done and the state after them. Operations are bits; the required ones,
/// which are in the order of their calls, are stored only from the first that isn't done to the last that is, so that what is stored
/// depends on how many overlap and not on the history's length.
/// </summary>
internal sealed class ConfigurationSet
{
    private const int ChunkWords = 1 << 14;

    private readonly List<ulong[]> _chunks = [];
    private int[] _buckets = new int[1 << 10];
    private Entry[] _entries = new Entry[1 << 10];
    private int _used;

    public int Count { get; private set; }

    /// <summary>
    /// Adds a configuration. False if it is known, or one that is at least as good: the same but with fewer optional operations done, since
    /// each that is left can be done later or never.
    /// </summary>
    /// <param name="hash">Of all but the optional operations.</param>
    /// <param name="state">The number of the state.</param>
    /// <param name="low">How many words of operations, all done, come before the window.</param>
    /// <param name="window">The required operations that are done, from there on.</param>
    /// <param name="optional">The optional operations that are done; always of the same length.</param>
    public bool TryAdd(ulong hash, int state, int low, ReadOnlySpan<ulong> window, ReadOnlySpan<ulong> optional)
    {
        for (var i = _buckets[Bucket(hash)]; i != 0; i = _entries[i - 1].Next)
        {
            ref readonly var entry = ref _entries[i - 1];
            if (entry.Hash == hash && entry.State == state && entry.Low == low && entry.WindowLength == window.Length && Covers(entry, window, optional))
                return false;
        }

        Add(hash, state, low, window, optional);
        return true;
    }

    private bool Covers(in Entry entry, ReadOnlySpan<ulong> window, ReadOnlySpan<ulong> optional)
    {
        var words = _chunks[entry.Chunk].AsSpan(entry.Start);
        if (!words[..window.Length].SequenceEqual(window))
            return false;
        for (var i = 0; i < optional.Length; i++)
        {
            if ((words[window.Length + i] & ~optional[i]) != 0)
                return false;
        }

        return true;
    }

    private void Add(ulong hash, int state, int low, ReadOnlySpan<ulong> window, ReadOnlySpan<ulong> optional)
    {
        var length = window.Length + optional.Length;
        if (_chunks.Count == 0 || _used + length > _chunks[^1].Length)
        {
            _chunks.Add(new ulong[Math.Max(ChunkWords, length)]);
            _used = 0;
        }

        var words = _chunks[^1].AsSpan(_used, length);
        window.CopyTo(words);
        optional.CopyTo(words[window.Length..]);
        if (Count == _entries.Length)
            Grow();
        ref var bucket = ref _buckets[Bucket(hash)];
        _entries[Count] = new Entry(hash, state, low, window.Length, _chunks.Count - 1, _used, bucket);
        bucket = ++Count;
        _used += length;
    }

    private void Grow()
    {
        Array.Resize(ref _entries, Count * 2);
        _buckets = new int[_entries.Length];
        for (var i = 0; i < Count; i++)
        {
            ref var bucket = ref _buckets[Bucket(_entries[i].Hash)];
            _entries[i] = _entries[i] with { Next = bucket };
            bucket = i + 1;
        }
    }

    /// <summary>There are as many buckets as places for entries, always a power of 2.</summary>
    private int Bucket(ulong hash) => (int)(hash & (ulong)(_buckets.Length - 1));

    /// <param name="Hash">Of state and required operations.</param>
    /// <param name="State">The number of the state.</param>
    /// <param name="Low">The word at which the window begins.</param>
    /// <param name="WindowLength">In words.</param>
    /// <param name="Chunk">Where the words are: the window's, then the optional operations'.</param>
    /// <param name="Start">Where in the chunk.</param>
    /// <param name="Next">The next entry of the same bucket, from 1; 0 ends it.</param>
    private readonly record struct Entry(ulong Hash, int State, int Low, int WindowLength, int Chunk, int Start, int Next);
}
