using Tallystick.Storage;

namespace Tallystick.Tenancy.Moving;

/// <summary>Removes all that a store has of a tenant, whatever its size.</summary>
public static class TenantErasure
{
    /// <summary>
    /// Erases a tenant in bounded commits until nothing is left. Killed in between, the tenant is gone for readers and writers already, and the same
    /// call goes on.
    /// </summary>
    /// <param name="store">Where.</param>
    /// <param name="tenant">Whose.</param>
    /// <param name="fence">The fence that must stand for the erasure to begin; null: whether one stands or not.</param>
    /// <param name="cancellationToken">Cancels; the tenant stays half erased then.</param>
    /// <exception cref="TallystickException">Another fence stands, or the store failed.</exception>
    public static async ValueTask RunAsync(IStore store, TenantId tenant, string? fence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        var commit = Commit.For(tenant).Erase();
        if (fence is not null)
            commit = commit.Behind(fence);
        while ((await store.CommitAsync(commit, cancellationToken)).Demand().HasMore)
        {
        }
    }

    /// <summary>Whether a store has nothing of a tenant that anybody could miss.</summary>
    internal static async ValueTask<bool> IsEmptyAsync(IStore store, TenantId tenant, CancellationToken cancellationToken)
    {
        var storage = await store.ReadTenantAsync(tenant, cancellationToken);
        return storage is { Position.Value: 0, StoredBytes: 0, IsErasing: false }
            && (await store.ReadCollectionsAsync(tenant, null, 1, cancellationToken)).IsEmpty
            && (await store.ReadCheckpointsAsync(tenant, null, 1, cancellationToken)).IsEmpty
            && (await store.ReadRememberedAsync(tenant, null, 1, cancellationToken)).IsEmpty;
    }

    /// <summary>
    /// Fences a tenant of which a store has nothing. Only behind the fence is it certain that there is nothing, so it is looked at twice.
    /// </summary>
    /// <exception cref="InvalidOperationException">The store has a tenant of this id.</exception>
    internal static async ValueTask FenceEmptyAsync(IStore store, TenantId tenant, string fence, CancellationToken cancellationToken)
    {
        if (await IsEmptyAsync(store, tenant, cancellationToken))
        {
            (await store.CommitAsync(Commit.For(tenant).Fence(fence), cancellationToken)).Demand();
            if (await IsEmptyAsync(store, tenant, cancellationToken))
                return;
            (await store.CommitAsync(Commit.For(tenant).Behind(fence).Unfence(), cancellationToken)).Demand();
        }

        throw Taken(tenant);
    }

    internal static InvalidOperationException Taken(TenantId tenant) =>
        new($"The target has a tenant '{tenant}' already. Choose another id, or erase that one first.");
}
