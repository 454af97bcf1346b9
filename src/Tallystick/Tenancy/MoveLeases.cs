using Tallystick.Nodes;
using Tallystick.Storage;

namespace Tallystick.Tenancy;

/// <summary>The right to work at a tenant's move, where several nodes could: a lease in the main database, renewed while the work goes on.</summary>
internal sealed class MoveLeases(IStore main, NodeOptions node, TimeProvider time)
{
    private const string Prefix = "move/";

    /// <summary>Does work under the lease, which is given back afterwards. If the lease is lost, the work is cancelled.</summary>
    /// <returns>Null if the work was done; else how long another node holds the lease at least.</returns>
    /// <exception cref="TallystickException">The lease was lost, or the store failed.</exception>
    public async Task<TimeSpan?> RunAsync(TenantId tenant, Func<CancellationToken, Task> workAsync, CancellationToken cancellationToken)
    {
        if (!main.IsShared)
        {
            await workAsync(cancellationToken);
            return null;
        }

        var sentAt = time.GetTimestamp();
        var acquire = Commit.For(TenantId.Platform).Acquire(Prefix + tenant.Value, node.NodeId!, node.LeaseDuration);
        switch (await main.CommitAsync(acquire, cancellationToken))
        {
            case CommitResult.Refused { Reason: Refusal.LeaseHeld held }:
                return held.Remaining;
            case var result:
                var lease = result.Demand().Leases[0];
                try
                {
                    await WorkAsync(lease, sentAt, workAsync, cancellationToken);
                }
                finally
                {
                    await GiveBackAsync(lease);
                }

                return null;
        }
    }

    private async Task WorkAsync(Lease lease, long sentAt, Func<CancellationToken, Task> workAsync, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var renewing = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var renewal = RenewAsync(lease, sentAt, ending, renewing.Token);
        try
        {
            await workAsync(ending.Token);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TallystickException($"Lease '{lease.Name}' was lost; another node may go on.", error, isTransient: true);
        }
        finally
        {
            renewing.Cancel();
            await renewal;
        }
    }

    /// <summary>Renews the lease until it is cancelled; ends the work when the lease is lost or couldn't be renewed in time.</summary>
    private async Task RenewAsync(Lease lease, long renewedAt, CancellationTokenSource work, CancellationToken cancellationToken)
    {
        try
        {
            while (time.GetElapsedTime(renewedAt) < node.LeaseDuration)
            {
                await Task.Delay(node.HeartbeatInterval, time, cancellationToken);
                var sentAt = time.GetTimestamp();
                try
                {
                    if (await main.CommitAsync(Commit.For(TenantId.Platform).Renew(lease, node.LeaseDuration), cancellationToken) is CommitResult.Refused)
                        break;
                    renewedAt = sentAt;
                }
                catch (TallystickException)
                {
                    // The next beat may succeed in time.
                }
            }

            work.Cancel();
        }
        catch (OperationCanceledException)
        {
            // The work has ended.
        }
    }

    /// <summary>Lets another node have it at once. If that fails, it is free when its time is over.</summary>
    private async Task GiveBackAsync(Lease lease)
    {
        try
        {
            // Whatever has ended the work; a commit is bounded by the store.
            await main.CommitAsync(Commit.For(TenantId.Platform).Release(lease), CancellationToken.None);
        }
        catch (Exception error) when (error is TallystickException or ObjectDisposedException)
        {
            // Free in a while.
        }
    }
}
