using System.Collections.Immutable;
using Tallystick.Nodes;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Subscriptions;

/// <content>The part of the work that this process has, where several processes share a store.</content>
public sealed partial class SubscriptionHost
{
    private readonly WorkCoordinator? _coordinator;
    private readonly Lease?[] _held = [];
    private ImmutableArray<string?> _others = [];

    private WorkItem NewItem(TenantId tenant, string name, Func<WorkItem, Lease?, Runner> newRunner) =>
        new(tenant, name, _coordinator is null ? null : WorkPartition.Of(tenant, name, _held.Length), newRunner);

    /// <summary>Starts an item that has just been added, if it is this process's.</summary>
    private void Join(WorkItem item)
    {
        if (item.Partition is not { } partition)
        {
            if (_started)
                item.Start(lease: null);
        }
        else if (_held[partition] is { } lease)
            item.Start(lease);
        else
            item.Seen(_others[partition]);
    }

    /// <summary>Lets other processes have the work. Handlers that don't return in time are left for later, who names them.</summary>
    private async Task LeaveAsync(WorkCoordinator coordinator, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(_services.Options.StopTimeout, _services.Options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            await coordinator.StopAsync(either.Token);
            coordinator.Dispose();
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // The leases that weren't given back end by themselves.
        }
    }

    /// <summary>What the coordinator sees of the host.</summary>
    private sealed class Partitions(SubscriptionHost host) : IPartitionWork
    {
        public void Start(int partition, Lease lease)
        {
            lock (host._lock)
            {
                host._held[partition] = lease;
                foreach (var item in host.Items().Where(item => item.Partition == partition))
                    item.Start(lease);
            }
        }

        public Task EndAsync(int partition)
        {
            lock (host._lock)
            {
                host._held[partition] = null;
                var end = host._stopped ? SubscriptionState.Ended : SubscriptionState.Elsewhere;
                return Task.WhenAll(host.Items().Where(item => item.Partition == partition).Select(item => item.End(end)));
            }
        }

        public void Seen(ImmutableArray<string?> others)
        {
            lock (host._lock)
            {
                var before = host._others;
                host._others = others;
                foreach (var item in host.Items().Where(item => others[item.Partition!.Value] != before[item.Partition.Value]))
                    item.Seen(others[item.Partition!.Value]);
            }
        }
    }
}
