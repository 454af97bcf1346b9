using Tallystick.Events;
using Tallystick.Tenancy;

namespace Tallystick.Commands;

// A dictionary for finding and a doubly linked list for the order of use, under one lock that is held for a few pointer moves.
//
// What it holds may be old: another node may have appended since. That is safe because nothing is concluded from an entry alone:
// accepted commands commit with the entry's version as the expected one, and before a rejection is given the version is read. An entry
// that was found to be old is marked, and stays as the point from which the tail is folded.

/// <summary>
/// The states of recently used streams, by tenant and stream. Bounded; the least recently used goes first. An entry is a shortcut,
/// never the truth: every use is checked against the stream's version. Safe for concurrent use.
/// </summary>
/// <param name="capacity">The most entries. Default <see cref="DefaultCapacity"/>.</param>
public sealed class StateCache(int capacity = StateCache.DefaultCapacity)
{
    /// <summary>The entries that are kept unless told otherwise: 10,000.</summary>
    public const int DefaultCapacity = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(TenantId Tenant, StreamId Stream), Node> _nodes = [];
    private readonly Node _end = new();

    /// <summary>The most entries.</summary>
    public int Capacity { get; } = capacity >= 1 ? capacity : throw new ArgumentOutOfRangeException(
        nameof(capacity), capacity, "The cache needs room for at least one state.");

    /// <summary>The entries that it has now.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _nodes.Count;
        }
    }

    /// <summary>Forgets everything. Costs time when the streams are used again, and changes no result.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _nodes.Clear();
            _end.Next = _end.Previous = _end;
        }
    }

    /// <summary>Forgets one stream.</summary>
    public void Remove(TenantId tenant, StreamId stream)
    {
        lock (_lock)
        {
            if (_nodes.Remove((tenant, stream), out var node))
                node.Unlink();
        }
    }

    /// <summary>Forgets a tenant. Looks at every entry, so it is for what happens seldom: a tenant has moved, or was erased.</summary>
    public void Remove(TenantId tenant)
    {
        lock (_lock)
        {
            for (var node = _end.Next; node != _end;)
            {
                var next = node.Next;
                if (node.Key.Tenant == tenant)
                {
                    _nodes.Remove(node.Key);
                    node.Unlink();
                }

                node = next;
            }
        }
    }

    /// <summary>Finds a stream's state and marks it as used.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="state">The state as it was when it was put.</param>
    /// <param name="isStale">Whether the stream is known to have moved on since.</param>
    internal bool TryGet(TenantId tenant, StreamId stream, out StreamState<object> state, out bool isStale)
    {
        lock (_lock)
        {
            if (!_nodes.TryGetValue((tenant, stream), out var node))
            {
                (state, isStale) = (default, false);
                return false;
            }

            (state, isStale) = (node.State, node.IsStale);
            MakeNewest(node);
            return true;
        }
    }

    /// <summary>Keeps a state, unless a newer one of the stream is there: a slower thread must not bring back the past.</summary>
    internal void Put(TenantId tenant, StreamId stream, StreamState<object> state)
    {
        lock (_lock)
        {
            if (_nodes.TryGetValue((tenant, stream), out var node))
            {
                if (state.Version >= node.State.Version)
                    (node.State, node.IsStale) = (state, false);
            }
            else
            {
                node = MakeRoom() ?? new Node();
                (node.Key, node.State, node.IsStale) = ((tenant, stream), state, false);
                _nodes.Add(node.Key, node);
            }

            MakeNewest(node);
        }
    }

    /// <summary>Takes note of a stream's version in the store, learned when a decision on another version was refused.</summary>
    internal void Observe(TenantId tenant, StreamId stream, StreamVersion decidedOn, StreamVersion actual)
    {
        lock (_lock)
        {
            if (!_nodes.TryGetValue((tenant, stream), out var node))
                return;
            if (node.State.Version < actual)
            {
                node.IsStale = true;
            }
            else if (actual < decidedOn)
            {
                // Streams only grow, so this log is another one: the tenant was restored or erased.
                _nodes.Remove(node.Key);
                node.Unlink();
            }
        }
    }

    /// <summary>Makes room for one more, and gives the evicted node to be used again.</summary>
    private Node? MakeRoom()
    {
        if (_nodes.Count < Capacity)
            return null;
        var oldest = _end.Previous;
        _nodes.Remove(oldest.Key);
        oldest.Unlink();
        return oldest;
    }

    private void MakeNewest(Node node)
    {
        if (_end.Next == node)
            return;
        node.Unlink();
        (node.Previous, node.Next) = (_end, _end.Next);
        (_end.Next.Previous, _end.Next) = (node, node);
    }

    private sealed class Node
    {
        public Node() => Previous = Next = this;

        public (TenantId Tenant, StreamId Stream) Key { get; set; }

        public StreamState<object> State { get; set; }

        public bool IsStale { get; set; }

        public Node Previous { get; set; }

        public Node Next { get; set; }

        public void Unlink()
        {
            (Previous.Next, Next.Previous) = (Next, Previous);
            Previous = Next = this;
        }
    }
}
