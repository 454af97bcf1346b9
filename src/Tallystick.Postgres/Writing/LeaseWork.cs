using Tallystick.Postgres.Reading;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Writing;

/// <summary>Names a lease in a batch.</summary>
internal readonly record struct LeaseId(TenantId Tenant, string Name);

/// <summary>
/// The leases that a batch's commits name: as they were when they were locked, and what the commits have changed since.
/// </summary>
internal sealed class LeaseWork
{
    private readonly Dictionary<LeaseId, LeaseEntry> _entries = [];
    private readonly HashSet<LeaseId> _changed = [];

    /// <summary>The server's time after the locks were taken, in microseconds since 1970; only read if a commit changes leases.</summary>
    public long Now { get; set; }

    /// <summary>The leases to store, as they are to be.</summary>
    public IEnumerable<(LeaseId Id, LeaseEntry Entry)> Changed => _changed.Select(id => (id, _entries[id]));

    /// <summary>Takes note of a lease as it is stored.</summary>
    public void Found(LeaseId id, LeaseEntry entry) => _entries.Add(id, entry);

    /// <summary>The first of a commit's leases that isn't as it demands, or null.</summary>
    public Refusal? Objection(Commit commit)
    {
        foreach (var fence in commit.Fences)
        {
            if (Lost(fence) is { } lost)
                return lost;
        }

        foreach (var change in commit.Leases)
        {
            if (Objection(commit.Tenant, change) is { } objection)
                return objection;
        }

        return null;
    }

    /// <summary>Makes a change that nothing objects to; gives the epoch that the lease is in then.</summary>
    public long Apply(TenantId tenant, LeaseChange change)
    {
        var id = new LeaseId(tenant, change.Name);
        var entry = _entries.GetValueOrDefault(id);
        entry = change switch
        {
            LeaseChange.Acquire acquire => new LeaseEntry(
                acquire.Owner, entry.Owner == acquire.Owner ? entry.Epoch : entry.Epoch + 1, End(acquire.Duration)),
            LeaseChange.Renew renew => entry with { Until = End(renew.Duration) },
            _ => new LeaseEntry(null, entry.Epoch, Now),
        };
        _entries[id] = entry;
        _changed.Add(id);
        return entry.Epoch;
    }

    private Refusal? Objection(TenantId tenant, LeaseChange change) => change switch
    {
        LeaseChange.Acquire acquire => Held(tenant, acquire),
        LeaseChange.Renew renew => Lost(renew.Held),
        LeaseChange.Release release => Lost(release.Held),
        _ => throw new InvalidOperationException($"LeaseChange is a closed set, but here is a {change.GetType()}."),
    };

    private Refusal.LeaseLost? Lost(Lease lease)
    {
        var entry = _entries.GetValueOrDefault(new LeaseId(lease.Tenant, lease.Name));
        return entry.Owner == lease.Owner && entry.Epoch == lease.Epoch ? null : new Refusal.LeaseLost(lease, entry.Owner, entry.Epoch);
    }

    private Refusal.LeaseHeld? Held(TenantId tenant, LeaseChange.Acquire acquire)
    {
        var entry = _entries.GetValueOrDefault(new LeaseId(tenant, acquire.Name));
        return entry.Owner is { } owner && owner != acquire.Owner && entry.Until > Now
            ? new Refusal.LeaseHeld(acquire.Name, owner, entry.Epoch, entry.Remaining(Now))
            : null;
    }

    // What is finer than the server's microseconds is rounded up, so that no lease ends at once.
    private long End(TimeSpan duration) => Now + (duration.Ticks + TimeSpan.TicksPerMicrosecond - 1) / TimeSpan.TicksPerMicrosecond;
}
