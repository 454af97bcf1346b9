namespace Tallystick.Testing.Linearizability;

/// <summary>
/// Calls and returns in the order of time, as a doubly linked list from which an operation can be lifted and into which it can be put back
/// in constant time, as long as the last one lifted is put back first (the "dancing links" of Wing and Gong's and Lowe's algorithms).
/// </summary>
internal sealed class EventList
{
    private const int Head = 0;

    private readonly int[] _next;
    private readonly int[] _previous;
    private readonly int[] _operations;
    private readonly int[] _calls;
    private readonly int[] _returns;
    private readonly long[] _times;

    /// <summary>Links the events of operations that are in the order of their calls.</summary>
    public EventList(long[] called, long[] returned)
    {
        var count = called.Length;
        (_calls, _returns) = (new int[count], new int[count]);
        (_next, _previous) = (new int[(2 * count) + 2], new int[(2 * count) + 2]);
        (_operations, _times) = (new int[(2 * count) + 2], new long[(2 * count) + 2]);
        var byReturn = Enumerable.Range(0, count).ToArray();
        Array.Sort((long[])returned.Clone(), byReturn);
        var (call, end) = (0, 0);
        for (var node = 1; node <= 2 * count; node++)
        {
            // At the same time, calls come first: the two then overlap, which claims less.
            var isCall = call < count && called[call] <= returned[byReturn[end]];
            var operation = isCall ? call++ : byReturn[end++];
            (isCall ? _calls : _returns)[operation] = node;
            _operations[node] = operation;
            _times[node] = isCall ? called[operation] : returned[operation];
        }

        for (var node = 0; node < _next.Length; node++)
            (_next[node], _previous[node]) = (node + 1, node - 1);
    }

    /// <summary>Whether all operations are lifted.</summary>
    public bool IsEmpty => _next[Head] == _next.Length - 1;

    /// <summary>The first event; always a call, unless the list is empty.</summary>
    public int First => _next[Head];

    public int Next(int node) => _next[node];

    public int OperationOf(int node) => _operations[node];

    public int CallOf(int operation) => _calls[operation];

    public bool IsReturn(int node) => _returns[_operations[node]] == node;

    public long TimeOf(int node) => _times[node];

    /// <summary>The first return: operations that are called after it must wait for it. The list isn't empty.</summary>
    public int FirstReturn()
    {
        var node = First;
        while (!IsReturn(node))
            node = _next[node];
        return node;
    }

    public void Lift(int operation)
    {
        Unlink(_returns[operation]);
        Unlink(_calls[operation]);
    }

    public void PutBack(int operation)
    {
        Link(_calls[operation]);
        Link(_returns[operation]);
    }

    private void Unlink(int node)
    {
        _next[_previous[node]] = _next[node];
        _previous[_next[node]] = _previous[node];
    }

    private void Link(int node)
    {
        _next[_previous[node]] = node;
        _previous[_next[node]] = node;
    }
}
