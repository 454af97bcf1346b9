using Tallystick.Events;

namespace Tallystick.Sqlite.Writing;

/// <summary>
/// The versions of the streams written last, so that the writer need not look them up. Two halves: the older is forgotten when the newer
/// is full, and what is used moves to the newer. Only the writer's thread uses it.
/// </summary>
internal sealed class StreamVersions(int capacity)
{
    private readonly int _half = Math.Max(1, capacity / 2);
    private Dictionary<(int Tenant, StreamId Stream), long> _newer = [];
    private Dictionary<(int Tenant, StreamId Stream), long> _older = [];

    public bool TryGet((int Tenant, StreamId Stream) key, out long version)
    {
        if (_newer.TryGetValue(key, out version))
            return true;
        if (!_older.TryGetValue(key, out version))
            return false;
        Set(key, version);
        return true;
    }

    public void Set((int Tenant, StreamId Stream) key, long version)
    {
        _newer[key] = version;
        if (_newer.Count >= _half)
            (_older, _newer) = (_newer, new Dictionary<(int, StreamId), long>(_half));
    }
}
