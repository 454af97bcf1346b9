using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Writing;

/// <summary>
/// What the writer remembers of tenants and streams between batches, so that it need not look them up. A stream's version holds only as
/// long as the tenant's log is the one that this writer has left, which its root tells: if another node has written meanwhile, all versions of
/// that tenant are forgotten by giving it a new stamp. That holds too for a tenant that another node has erased and that began anew: the root stands
/// for all events, with their streams and versions, so the same root is the same log. Only the writer's thread uses it.
/// </summary>
internal sealed class TenantMemory(int capacity)
{
    private readonly TwoHalves<TenantId, (Hash256 Root, long Stamp)> _tenants = new(capacity);
    private readonly TwoHalves<(TenantId Tenant, StreamId Stream), (long Version, long Stamp)> _streams = new(capacity);
    private long _lastStamp;

    /// <summary>Whether the tenant surely has a head (unless another node has removed it).</summary>
    public bool Knows(TenantId tenant) => _tenants.TryGet(tenant, out _);

    /// <summary>Takes note of a tenant's log as it was found.</summary>
    public void Seen(TenantId tenant, in Hash256 root)
    {
        if (!_tenants.TryGet(tenant, out var known) || known.Root != root)
            _tenants.Set(tenant, (root, ++_lastStamp));
    }

    /// <summary>Takes note of how this writer has left a tenant's log; the versions that it knows still hold.</summary>
    public void Left(TenantId tenant, in Hash256 root)
    {
        if (_tenants.TryGet(tenant, out var known))
            _tenants.Set(tenant, (root, known.Stamp));
    }

    public void Forget(TenantId tenant) => _tenants.Remove(tenant);

    public bool TryGetVersion(TenantId tenant, StreamId stream, out long version)
    {
        version = 0;
        if (!_tenants.TryGet(tenant, out var known) || !_streams.TryGet((tenant, stream), out var found) || found.Stamp != known.Stamp)
            return false;
        version = found.Version;
        return true;
    }

    public void SetVersion(TenantId tenant, StreamId stream, long version)
    {
        if (_tenants.TryGet(tenant, out var known))
            _streams.Set((tenant, stream), (version, known.Stamp));
    }

    /// <summary>Two halves: the older is forgotten when the newer is full, and what is used moves to the newer.</summary>
    private sealed class TwoHalves<TKey, TValue>(int capacity)
        where TKey : notnull
    {
        private readonly int _half = Math.Max(1, capacity / 2);
        private Dictionary<TKey, TValue> _newer = [];
        private Dictionary<TKey, TValue> _older = [];

        public bool TryGet(TKey key, out TValue value)
        {
            if (_newer.TryGetValue(key, out value!))
                return true;
            if (!_older.TryGetValue(key, out value!))
                return false;
            Set(key, value);
            return true;
        }

        public void Set(TKey key, TValue value)
        {
            _newer[key] = value;
            if (_newer.Count >= _half)
                (_older, _newer) = (_newer, new Dictionary<TKey, TValue>());
        }

        public void Remove(TKey key)
        {
            _newer.Remove(key);
            _older.Remove(key);
        }
    }
}
