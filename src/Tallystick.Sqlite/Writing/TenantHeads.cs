using System.Collections.Concurrent;
using Tallystick.Sqlite.Reading;
using Tallystick.Tenancy;

namespace Tallystick.Sqlite.Writing;

/// <summary>
/// The durable ends of the tenants' logs, for the writer and all readers. A tenant's row in the file lags behind by the tail, so a head
/// that has events in the tail is always here; others are read when they are asked for, and kept (about 1 KB each).
/// </summary>
internal sealed class TenantHeads
{
    private readonly ConcurrentDictionary<TenantId, TenantHead> _heads = new();

    public TenantHead? Find(TenantId tenant, TenantRecords records)
    {
        if (_heads.TryGetValue(tenant, out var head))
            return head.Number == 0 ? null : head;
        if (records.Find(tenant) is not { } stored)
            return null;
        // If the writer has published a newer head meanwhile, that one stays.
        return _heads.GetOrAdd(tenant, stored);
    }

    /// <summary>
    /// Whether a tenant is no longer the one that a read has begun with: it is being erased, or was, and may have begun anew.
    /// </summary>
    public bool IsGone(TenantHead head) =>
        _heads.TryGetValue(head.Id, out var now) && (now.Number != head.Number || now.IsErasing);

    /// <summary>
    /// Forgets a tenant that is erased. What stays is the knowledge that there is none: a reader that has read the tenant's row a moment before
    /// would put it back otherwise.
    /// </summary>
    public void Remove(TenantHead head) => _heads[head.Id] = head with { Number = 0 };

    /// <summary>Makes a head visible that has become durable.</summary>
    public void Publish(TenantHead head) => _heads[head.Id] = head;
}
