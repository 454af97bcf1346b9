using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;

namespace Tallystick.Projections;

/// <summary>
/// The right to write the platform's rows of a tenant who isn't in the main database. The tenant's own database says who works for the
/// tenant, by its leases; they mean nothing in the main one. So whoever works for the tenant takes a lease there too, of which the epoch
/// alone counts: what an earlier one writes is refused once the next has begun.
/// </summary>
/// <remarks>
/// It is taken first and then asked whether the lease in the tenant's database still holds. So one that wakes up late finds either its own
/// epoch passed, or its lease lost before it has written anything.
/// </remarks>
/// <param name="main">The main database.</param>
/// <param name="database">The tenant's database.</param>
/// <param name="item">The work.</param>
/// <param name="node">This process.</param>
/// <param name="lease">The lease in the tenant's database under which it runs; null if no other process can have that database.</param>
internal sealed class PlatformRight(IStore main, IStore database, WorkItem item, string node, Lease? lease)
{
    /// <summary>Nobody needs to wait for its end, since it isn't what decides who works.</summary>
    private static readonly TimeSpan Duration = TimeSpan.FromMilliseconds(1);

    /// <summary>The lease in the main database, as it was last taken.</summary>
    public Lease? Held { get; private set; }

    /// <summary>Takes it, also from whoever had it before.</summary>
    /// <exception cref="WorkMovedException">Another process works for the tenant.</exception>
    /// <exception cref="TallystickException">A store failed, or another process took it within the same moment (transient).</exception>
    public async ValueTask TakeAsync(CancellationToken cancellationToken)
    {
        var commit = Commit.For(TenantId.Platform).Acquire($"platform/{item.Name}@{item.Tenant}", node, Duration);
        Held = await main.CommitAsync(commit, cancellationToken) switch
        {
            CommitResult.Committed committed => committed.Leases[0],
            CommitResult.Refused refused => throw new TallystickException($"Another process has just taken the same work: {refused.Reason}", isTransient: true),
            _ => throw new InvalidOperationException("CommitResult is a closed set."),
        };
        if (lease is null)
            return;
        var states = await database.ReadLeasesAsync(lease.Tenant, new LeaseRead(lease.Name, 1), cancellationToken);
        if (states is not [var state] || state.Owner != lease.Owner || state.Epoch != lease.Epoch)
            throw new WorkMovedException(new Refusal.LeaseLost(lease, states is [var other] ? other.Owner : null, states is [var last] ? last.Epoch : 0));
    }
}
