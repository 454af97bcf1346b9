using System.Collections.Immutable;
using Tallystick.Nodes;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Subscriptions;

/// <content>The databases in which the work lies: the main one, and those beside it while they are open.</content>
public sealed partial class SubscriptionHost
{
    private readonly NodeOptions _nodeOptions;
    private readonly WorkDivision _main;
    private readonly List<WorkDivision> _divisions = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private NodeOptions? _node;
    private TaskCompletionSource _nodeGone = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// Completes when the next process that had work of the main database has none any more: what it did elsewhere, in databases that are
    /// closed here, somebody has to look after.
    /// </summary>
    internal Task NodeGone
    {
        get
        {
            lock (_lock)
                return _nodeGone.Task;
        }
    }

    /// <summary>Begins with a database beside the main one: what is added there runs from now on, as far as it is this process's.</summary>
    /// <param name="store">The database itself, whose beats keep nothing open.</param>
    /// <param name="seen">Is told when it has been seen which other processes have its work.</param>
    /// <exception cref="ObjectDisposedException">The host has stopped.</exception>
    internal WorkDivision Open(IStore store, Action seen)
    {
        lock (_lock)
        {
            DemandRunnable();
            var division = NewDivision(store, _ => seen());
            _divisions.Add(division);
            division.Begin();
            return division;
        }
    }

    /// <summary>Ends everything in a database beside the main one, and gives its leases back.</summary>
    /// <exception cref="TimeoutException">Handlers didn't return in time; the message names them.</exception>
    internal async Task CloseAsync(WorkDivision division, CancellationToken cancellationToken)
    {
        WorkItem[] items = [];
        bool isOpen;
        lock (_lock)
        {
            isOpen = _divisions.Remove(division);
            if (isOpen)
            {
                var tenants = division.Tenants;
                items = [.. tenants.SelectMany(tenant => _tenants[tenant.Value].Items)];
                foreach (var tenant in tenants)
                    _tenants.Remove(tenant.Value);
            }
        }

        // If the host is stopping, that ends this too.
        await (isOpen ? StopAsync([division], items, cancellationToken) : _ended.Task.ObserveAsync().WaitAsync(cancellationToken));
    }

    /// <summary>Runs everything for a tenant who is in a certain database, which is open.</summary>
    internal void AddTenant(TenantId tenant, WorkDivision division)
    {
        lock (_lock)
        {
            DemandRunnable();
            if (_tenants.ContainsKey(tenant.Value))
                return;
            var items = NewItems(tenant, division);
            _tenants.Add(tenant.Value, (division, items));
            division.Add(tenant, items);
        }
    }

    private WorkDivision NewDivision(IStore store, Action<bool> seen) => new(
        store, store.IsShared ? _node ??= _nodeOptions.For(store.Limits, _services.Options.Entropy) : null, _services.Options.Time, _services.Logger, seen);

    private void SeenMain(bool isOneGone)
    {
        if (!isOneGone)
            return;
        lock (_lock)
        {
            _nodeGone.SetResult();
            _nodeGone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private ImmutableArray<WorkItem> NewItems(TenantId tenant, WorkDivision division)
    {
        return
        [
            .. _projections.Select(projection => New(projection.Name, (item, lease) => new ProjectionRunner(_services, item, lease, projection))),
            .. _platformProjections.Select(projection => New(projection.Name, (item, lease) => new PlatformProjectionRunner(_services, item, lease, projection, RightOf(item, lease)))),
            .. _subscriptions.Select(subscription => New(subscription.Name, (item, lease) => new SubscriptionRunner(_services, item, lease, subscription))),
        ];

        WorkItem New(string name, Func<WorkItem, Lease?, Runner> newRunner) => new(tenant, name, division.PartitionOf(tenant, name), newRunner);

        // The rows of all tenants lie in the main database, where no lease of another database counts.
        PlatformRight? RightOf(WorkItem item, Lease? lease) =>
            division != _main && _main.IsShared ? new PlatformRight(_services.Store, division.Store, item, _node!.NodeId!, lease) : null;
    }

    private async Task StopAsync(ImmutableArray<WorkDivision> divisions, WorkItem[] items, CancellationToken cancellationToken)
    {
        var (time, within) = (_services.Options.Time, _services.Options.StopTimeout);
        foreach (var division in divisions)
            division.Stop();
        var from = time.GetTimestamp();
        await Task.WhenAll(divisions.Select(division => division.LeaveAsync(within, time, cancellationToken)));
        var left = within - time.GetElapsedTime(from);
        await EndAsync(items, left > TimeSpan.Zero ? left : TimeSpan.Zero, cancellationToken);
        foreach (var division in divisions)
            division.Dispose();
    }
}
