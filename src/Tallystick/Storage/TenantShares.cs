using System.Collections.Concurrent;
using Tallystick.Tenancy;

namespace Tallystick.Storage;

/// <summary>
/// The weights with which tenants are served wherever several wait for the same thing: one with a share of 2 is served twice as often as one
/// with 1. One value for a process; the catalog of tenants fills it. Safe for concurrent use.
/// </summary>
public sealed class TenantShares
{
    private readonly ConcurrentDictionary<TenantId, int> _others = new();

    /// <summary>A tenant's share; 1 unless another was set.</summary>
    public int Of(TenantId tenant) => _others.TryGetValue(tenant, out var share) ? share : 1;

    /// <summary>Sets a tenant's share, from when it next has to wait on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1, or more than <see cref="TenantLimits.QueueShareMax"/>.</exception>
    public void Set(TenantId tenant, int share)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(share, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(share, TenantLimits.QueueShareMax);
        if (share == 1)
            _others.TryRemove(tenant, out _);
        else
            _others[tenant] = share;
    }
}
