using System.Collections.Immutable;
using Tallystick.Tenancy;

namespace Tallystick.Storage;

/// <summary>The checks of a commit's leases that need no store.</summary>
internal static class LeaseChecks
{
    /// <summary>Checks the leases that a commit changes and those that it depends on.</summary>
    public static void Check(Commit commit, StoreLimits limits)
    {
        if (commit.Leases.IsEmpty && commit.Fences.IsEmpty)
            return;
        CommitChecks.Limit(
            commit.Leases.Length + commit.Fences.Length, limits.LeasesPerCommitMax, nameof(StoreLimits.LeasesPerCommitMax), "The commit's list of leases");
        foreach (var fence in commit.Fences)
        {
            CheckHeld(fence, limits);
            if (fence.Tenant != commit.Tenant && fence.Tenant != TenantId.Platform)
            {
                throw new ArgumentException(
                    $"A commit for {commit.Tenant} depends on lease '{fence.Name}' of {fence.Tenant}. It can depend on leases of its own tenant and of the platform.");
            }
        }

        foreach (var change in commit.Leases)
            CheckChange(change, commit.Tenant, limits);
        CheckRepeated(commit.Leases);
        if (commit.Key is { } key && !commit.Leases.IsEmpty)
        {
            throw new ArgumentException(
                $"The commit with idempotency key '{key.Value}' changes leases; a repetition's answer would tell of a lease that was lost long ago. Change leases by commits without a key.");
        }
    }

    private static void CheckChange(LeaseChange change, TenantId tenant, StoreLimits limits)
    {
        CommitChecks.Name(change.Name, "lease", limits);
        switch (change)
        {
            case LeaseChange.Acquire acquire:
                CommitChecks.Name(acquire.Owner, "lease's owner", limits);
                CheckDuration(change.Name, acquire.Duration);
                break;
            case LeaseChange.Renew renew:
                CheckOwn(renew.Held, tenant, limits);
                CheckDuration(change.Name, renew.Duration);
                break;
            case LeaseChange.Release release:
                CheckOwn(release.Held, tenant, limits);
                break;
            default:
                throw new InvalidOperationException("LeaseChange is a closed set.");
        }
    }

    private static void CheckOwn(Lease held, TenantId tenant, StoreLimits limits)
    {
        CheckHeld(held, limits);
        if (held.Tenant != tenant)
            throw new ArgumentException($"A commit for {tenant} changes lease '{held.Name}' of {held.Tenant}. Change a tenant's leases by commits for that tenant.");
    }

    private static void CheckHeld(Lease held, StoreLimits limits)
    {
        CommitChecks.Name(held.Name, "lease", limits);
        CommitChecks.Name(held.Owner, "lease's owner", limits);
        if (held.Tenant.IsDefault || held.Epoch < 1)
            throw new ArgumentException($"Lease '{held.Name}' has no tenant, or epoch {held.Epoch}; the first is 1. Use a lease as a commit gave it.");
    }

    private static void CheckDuration(string name, TimeSpan duration)
    {
        if (duration <= TimeSpan.Zero || duration > LeaseChange.DurationMax)
            throw new ArgumentException($"Lease '{name}' is wanted for {duration}; it must be more than 0, and at most {LeaseChange.DurationMax.TotalDays:0} day. Renew it to hold it for longer.");
    }

    /// <summary>One change for each lease: the second one could mean before or after the first.</summary>
    private static void CheckRepeated(ImmutableArray<LeaseChange> changes)
    {
        if (changes.Length < 2)
            return;
        var seen = new HashSet<string>(changes.Length);
        foreach (var change in changes)
        {
            if (!seen.Add(change.Name))
                throw new ArgumentException($"The commit changes lease '{change.Name}' twice; change it once.");
        }
    }
}
