using Tallystick.Subscriptions;
using Tallystick.Tenancy.Databases;

namespace Tallystick.Tenancy;

/// <summary>
/// Says for which tenants projections and subscriptions run: for those in the main database always, for the others while their database is
/// open. For tenants that are deleted nothing runs.
/// </summary>
internal sealed class TenantRunners(SubscriptionHost host) : IDatabaseWatcher
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, Placement> _homes = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, SortedSet<string>> _shared = new(StringComparer.Ordinal);
    private readonly HashSet<DatabaseKey> _open = [];
    private bool _stopped;

    /// <summary>The databases beside the main one that have tenants.</summary>
    public IReadOnlyList<(Placement Placement, TenantId Tenant)> Databases
    {
        get
        {
            lock (_lock)
            {
                return
                [
                    .. _shared.Values.Where(tenants => tenants.Count > 0).Select(tenants => (_homes[tenants.Min!], TenantId.Parse(tenants.Min!))),
                    .. _homes.Where(home => home.Value is Placement.Dedicated).Select(home => (home.Value, TenantId.Parse(home.Key))),
                ];
            }
        }
    }

    /// <summary>Takes note of what has become of a tenant.</summary>
    public async Task SetAsync(TenantId tenant, TenantRecord record, CancellationToken cancellationToken)
    {
        var home = record.Status is TenantStatus.None or TenantStatus.Deleted or TenantStatus.Erased or TenantStatus.Importing ? null : record.Placement;
        Placement? before;
        lock (_lock)
            before = _homes.GetValueOrDefault(tenant.Value);
        if (before == home)
            return;
        if (before is not null)
        {
            Forget(tenant, before);
            await host.RemoveTenantAsync(tenant, cancellationToken);
        }

        lock (_lock)
        {
            if (home is null || _stopped)
                return;
            _homes.Add(tenant.Value, home);
            if (home is Placement.Shared shared && home != Placement.Main)
                Of(shared).Add(tenant.Value);
            if (home == Placement.Main || _open.Contains(DatabaseKey.Of(home, tenant)))
                host.AddTenant(tenant);
        }
    }

    /// <summary>Starts nothing any more.</summary>
    public void Stop()
    {
        lock (_lock)
            _stopped = true;
    }

    public void Opened(OpenDatabase database)
    {
        lock (_lock)
        {
            _open.Add(database.Key);
            if (_stopped)
                return;
            foreach (var tenant in TenantsOf(database.Key))
                host.AddTenant(tenant);
        }
    }

    public async ValueTask<bool> IsQuietAsync(OpenDatabase database, CancellationToken cancellationToken)
    {
        TenantId[] tenants;
        lock (_lock)
            tenants = [.. TenantsOf(database.Key)];
        foreach (var tenant in tenants)
        {
            var working = host.Status(tenant)
                .Where(status => status.State is not (SubscriptionState.Stopped or SubscriptionState.Superseded or SubscriptionState.Ended)).ToArray();
            if (working.Length == 0)
                continue;
            // One that is live may not have noticed the newest events yet.
            var head = (await database.Store!.ReadHeadAsync(tenant, cancellationToken)).Position;
            if (working.Any(status => status.State != SubscriptionState.Live || status.Position < head))
                return false;
        }

        return true;
    }

    public async Task ClosingAsync(OpenDatabase database, CancellationToken cancellationToken)
    {
        TenantId[] tenants;
        lock (_lock)
        {
            _open.Remove(database.Key);
            tenants = [.. TenantsOf(database.Key)];
        }

        foreach (var tenant in tenants)
            await host.RemoveTenantAsync(tenant, cancellationToken);
    }

    private void Forget(TenantId tenant, Placement home)
    {
        lock (_lock)
        {
            _homes.Remove(tenant.Value);
            if (home is Placement.Shared shared && home != Placement.Main)
                Of(shared).Remove(tenant.Value);
        }
    }

    private SortedSet<string> Of(Placement.Shared shared)
    {
        if (!_shared.TryGetValue(shared.Database, out var tenants))
            _shared.Add(shared.Database, tenants = new SortedSet<string>(StringComparer.Ordinal));
        return tenants;
    }

    private IEnumerable<TenantId> TenantsOf(DatabaseKey key) => key.Placement switch
    {
        Placement.Shared shared => Of(shared).Select(TenantId.Parse),
        _ when _homes.GetValueOrDefault(key.Tenant.Value) == key.Placement => [key.Tenant],
        _ => [],
    };
}
