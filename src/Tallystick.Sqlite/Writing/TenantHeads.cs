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
            return head;
        if (records.Find(tenant) is not { } stored)
            return null;
        // If the writer has published a newer head meanwhile, that one stays.
        return _heads.GetOrAdd(tenant, stored);
    }

    /// <summary>Makes a head visible that has become durable.</summary>
    public void Publish(TenantHead head) => _heads[head.Id] = head;
}
