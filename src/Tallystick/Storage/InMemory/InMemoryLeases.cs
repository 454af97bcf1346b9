using System.Collections.Immutable;

namespace Tallystick.Storage.InMemory;

/// <summary>One tenant's leases. A lease is never removed: its epoch must outlive its holder.</summary>
internal sealed class InMemoryLeases
{
    private readonly SortedDictionary<string, Entry> _entries = new(KeyOrder.Instance);

    /// <summary>Why a lease isn't held as its owner believes, or null.</summary>
    public Refusal.LeaseLost? Lost(Lease lease)
    {
        var entry = _entries.GetValueOrDefault(lease.Name);
        return entry.Owner == lease.Owner && entry.Epoch == lease.Epoch ? null : new Refusal.LeaseLost(lease, entry.Owner, entry.Epoch);
    }

    /// <summary>Why a change can't be made, or null.</summary>
    public Refusal? Objection(LeaseChange change, DateTimeOffset now) => change switch
    {
        LeaseChange.Acquire acquire => Held(acquire, now),
        LeaseChange.Renew renew => Lost(renew.Held),
        LeaseChange.Release release => Lost(release.Held),
        _ => throw new InvalidOperationException("LeaseChange is a closed set."),
    };

    /// <summary>Makes a change that nothing objects to; gives the epoch that the lease is in then.</summary>
    public long Apply(LeaseChange change, DateTimeOffset now)
    {
        var entry = _entries.GetValueOrDefault(change.Name);
        entry = change switch
        {
            LeaseChange.Acquire acquire => new Entry(acquire.Owner, entry.Owner == acquire.Owner ? entry.Epoch : entry.Epoch + 1, now + acquire.Duration),
            LeaseChange.Renew renew => entry with { Until = now + renew.Duration },
            _ => new Entry(null, entry.Epoch, now),
        };
        _entries[change.Name] = entry;
        return entry.Epoch;
    }

    /// <summary>Some of the leases.</summary>
    public ImmutableArray<LeaseState> Read(LeaseRead read, DateTimeOffset now) =>
    [
        .. _entries
            .Where(pair => pair.Key.StartsWith(read.Prefix, StringComparison.Ordinal) && (read.After is null || KeyOrder.Instance.Compare(pair.Key, read.After) > 0))
            .Take(read.Count)
            .Select(pair => new LeaseState(pair.Key, pair.Value.Owner, pair.Value.Epoch, pair.Value.Remaining(now))),
    ];

    private Refusal.LeaseHeld? Held(LeaseChange.Acquire acquire, DateTimeOffset now)
    {
        var entry = _entries.GetValueOrDefault(acquire.Name);
        return entry.Owner is { } owner && owner != acquire.Owner && entry.Until > now
            ? new Refusal.LeaseHeld(acquire.Name, owner, entry.Epoch, entry.Remaining(now))
            : null;
    }

    private readonly record struct Entry(string? Owner, long Epoch, DateTimeOffset Until)
    {
        public TimeSpan Remaining(DateTimeOffset now) => Owner is not null && Until > now ? Until - now : TimeSpan.Zero;
    }
}
