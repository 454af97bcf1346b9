using Tallystick.Subscriptions;
using Tallystick.Tenancy.Databases;

namespace Tallystick.Tenancy;

/// <summary>
/// Says for which tenants projections and subscriptions run: for those in the main database always, for the others while their database is
/// open, where nodes that share that database divide its work. For tenants that are deleted nothing runs.
/// </summary>
internal sealed class TenantRunners(SubscriptionHost host) : IDatabaseWatcher
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, Placement> _homes = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, SortedSet<string>> _shared = new(StringComparer.Ordinal);
    private readonly Dictionary<DatabaseKey, WorkDivision> _open = [];
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
            if (home == Placement.Main)
                host.AddTenant(tenant);
            else if (_open.GetValueOrDefault(DatabaseKey.Of(home, tenant)) is { } division)
                host.AddTenant(tenant, division);
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
            if (_stopped)
                return;
            var division = host.Open(database.Store!, database.TellQuiet);
            _open.Add(database.Key, division);
            foreach (var tenant in TenantsOf(database.Key))
                host.AddTenant(tenant, division);
        }
    }

    public async ValueTask<bool> IsQuietAsync(OpenDatabase database, CancellationToken cancellationToken)
    {
        TenantId[] tenants;
        lock (_lock)
        {
            if (!_open.TryGetValue(database.Key, out var division) || !division.IsWorking)
                return true;
            tenants = [.. TenantsOf(database.Key)];
        }

        foreach (var tenant in tenants)
        {
            var working = host.Status(tenant).Where(status => !IsAtRest(status)).ToArray();
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
        WorkDivision? division;
        lock (_lock)
            _open.Remove(database.Key, out division);
        if (division is not null)
            await host.CloseAsync(division, cancellationToken);
    }

    /// <summary>
    /// Whether something needs no open database here: it has come to an end, or another node does it. What nobody does yet may fall to this one.
    /// </summary>
    private static bool IsAtRest(SubscriptionStatus status) =>
        status.State is SubscriptionState.Stopped or SubscriptionState.Superseded or SubscriptionState.Ended
        || status is { State: SubscriptionState.Elsewhere, Node: not null };

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
