using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Tenancy.Databases;

/// <summary>
/// The bytes that a tenant may store. Looked at before a commit, so the one that passes the limit still gets in; what its projections and
/// subscriptions make of it isn't held up either.
/// </summary>
internal sealed class StorageLimit(IStore store, TenantDirectory directory)
{
    /// <summary>Whether it is known by heart that a tenant may store what it likes.</summary>
    public bool IsFree(TenantId tenant) => tenant == TenantId.Platform
        || (directory.TryFind(tenant) is { } entry && directory.LimitsOf(entry).StoredBytes is null);

    /// <summary>What a tenant has and may have at most, if it has as much already; else null.</summary>
    public async ValueTask<(long Stored, long Maximum)?> FindExcessAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (IsFree(tenant))
            return null;
        var entry = await directory.FindAsync(tenant, cancellationToken);
        if (directory.LimitsOf(entry).StoredBytes is not { } maximum)
            return null;
        var stored = (await store.ReadTenantAsync(tenant, cancellationToken)).StoredBytes;
        return stored >= maximum ? (stored, maximum) : null;
    }

    /// <summary>Refuses a commit that would add to a tenant that has as much as it may.</summary>
    /// <exception cref="LimitExceededException">It has; nothing was written.</exception>
    public async ValueTask DemandAsync(Commit commit, CancellationToken cancellationToken)
    {
        var adds = commit.Appends.Any(append => !append.Events.IsEmpty) || commit.Documents.Any(change => change is DocumentChange.Put);
        if (adds && await FindExcessAsync(commit.Tenant, cancellationToken) is var (stored, maximum))
            throw new LimitExceededException(nameof(TenantLimits.StoredBytes), stored, maximum, $"Tenant '{commit.Tenant}'");
    }
}
