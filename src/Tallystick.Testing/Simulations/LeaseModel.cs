using System.Collections.Immutable;
using Tallystick.Storage;

namespace Tallystick.Testing.Simulations;

/// <summary>What a tenant's leases must be: who held each, in which epoch, and until when, by the store's clock.</summary>
internal sealed class LeaseModel
{
    private readonly SortedDictionary<string, (string? Owner, long Epoch, DateTimeOffset Until)> _leases = new(StringComparer.Ordinal);

    /// <summary>All of them.</summary>
    public IEnumerable<(string Name, string? Owner, long Epoch)> All => _leases.Select(pair => (pair.Key, pair.Value.Owner, pair.Value.Epoch));

    /// <summary>Who holds a lease; null: nobody.</summary>
    public string? OwnerOf(string name) => _leases.GetValueOrDefault(name).Owner;

    /// <summary>Why a lease isn't held as its owner believes, or null.</summary>
    public string? Lost(Lease lease)
    {
        var (owner, epoch, _) = _leases.GetValueOrDefault(lease.Name);
        return owner == lease.Owner && epoch == lease.Epoch
            ? null : $"it depends on lease '{lease.Name}' of '{lease.Owner}' in epoch {lease.Epoch}, which {(owner is null ? "nobody" : $"'{owner}'")} holds in epoch {epoch}";
    }

    /// <summary>Why a change can't be made, or null.</summary>
    public string? Objection(LeaseChange change, DateTimeOffset now)
    {
        if (change is LeaseChange.Renew renew)
            return Lost(renew.Held);
        if (change is LeaseChange.Release release)
            return Lost(release.Held);
        var (owner, epoch, until) = _leases.GetValueOrDefault(change.Name);
        return change is LeaseChange.Acquire acquire && owner is not null && owner != acquire.Owner && now < until
            ? $"lease '{change.Name}' is held by '{owner}' in epoch {epoch} and not by '{acquire.Owner}'" : null;
    }

    /// <summary>Takes over what a commit changed; gives what is wrong with the epochs that it was told, or null.</summary>
    public string? Apply(Commit commit, CommitResult.Committed committed, DateTimeOffset now)
    {
        var told = 0;
        foreach (var change in commit.Leases)
        {
            var (owner, epoch, _) = _leases.GetValueOrDefault(change.Name);
            if (change is LeaseChange.Acquire acquire)
            {
                epoch += owner == acquire.Owner ? 0 : 1;
                _leases[change.Name] = (acquire.Owner, epoch, now + acquire.Duration);
                if (told >= committed.Leases.Length || committed.Leases[told] != new Lease(commit.Tenant, change.Name, acquire.Owner, epoch))
                    return $"'{acquire.Owner}' acquired lease '{change.Name}' in epoch {epoch}, but was told of {(told < committed.Leases.Length ? committed.Leases[told] : "none")}";
                told++;
            }
            else
            {
                _leases[change.Name] = change is LeaseChange.Renew renew ? (owner, epoch, now + renew.Duration) : (null, epoch, now);
            }
        }

        return null;
    }

    /// <summary>What is wrong with a page of leases, or null.</summary>
    public string? Check(LeaseRead read, ImmutableArray<LeaseState> page, DateTimeOffset now)
    {
        var expected = _leases.Where(pair => pair.Key.StartsWith(read.Prefix, StringComparison.Ordinal) && string.CompareOrdinal(pair.Key, read.After ?? "") > 0).Take(read.Count)
            .Select(pair => new LeaseState(
                pair.Key, pair.Value.Owner, pair.Value.Epoch, pair.Value.Owner is null || pair.Value.Until < now ? TimeSpan.Zero : pair.Value.Until - now)).ToArray();
        return page.SequenceEqual(expected)
            ? null : $"the leases were given as {string.Join(", ", page.Except(expected))}, but they are {string.Join(", ", expected.Except(page))}";
    }
}
