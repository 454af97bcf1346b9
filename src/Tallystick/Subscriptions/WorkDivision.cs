using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tallystick.Nodes;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Subscriptions;

// A lease guards commits only in the database in which it lies, since the two are decided in one transaction. So each database has leases,
// beats and partitions of its own; what goes wrong with one of them harms no work in another.

/// <summary>
/// The part of a host's work that lies in one database: what runs for the tenants who are there. Where processes share the database, they
/// divide it among them; else all of it runs here.
/// </summary>
internal sealed class WorkDivision : IPartitionWork, IDisposable
{
    private readonly Lock _lock = new();
    private readonly WorkCoordinator? _coordinator;
    private readonly Action<bool> _seen;
    private readonly Lease?[] _held = [];
    private readonly SortedDictionary<string, ImmutableArray<WorkItem>> _tenants = new(StringComparer.Ordinal);
    private ImmutableArray<string?> _others = [];
    private bool _started;
    private bool _stopped;

    /// <summary>Makes a division; nothing runs until it is started.</summary>
    /// <param name="store">The database.</param>
    /// <param name="nodes">How it is divided, checked and with a name; null if this process has it for itself.</param>
    /// <param name="time">The clock of the beats.</param>
    /// <param name="logger">Is told of gains and losses.</param>
    /// <param name="seen">Is told when other processes have other work than before, and whether one of them has none any more.</param>
    public WorkDivision(IStore store, NodeOptions? nodes, TimeProvider time, ILogger logger, Action<bool> seen)
    {
        (Store, _seen) = (store, seen);
        if (nodes is null)
            return;
        (_held, _others) = (new Lease?[nodes.WorkPartitions], [.. new string?[nodes.WorkPartitions]]);
        _coordinator = new WorkCoordinator(store, nodes, time, this, logger);
    }

    public IStore Store { get; }

    /// <summary>Whether processes divide it.</summary>
    public bool IsShared => _coordinator is not null;

    /// <summary>Whether somebody can have its work: where the processes can't agree on how it is divided, nobody has.</summary>
    public bool IsWorking => _coordinator?.HasAgreed ?? true;

    /// <summary>The tenants who are there.</summary>
    public ImmutableArray<TenantId> Tenants
    {
        get
        {
            lock (_lock)
                return [.. _tenants.Keys.Select(TenantId.Parse)];
        }
    }

    /// <summary>The part to which a projection or subscription belongs; null: everything runs here.</summary>
    public int? PartitionOf(TenantId tenant, string name) => IsShared ? WorkPartition.Of(tenant, name, _held.Length) : null;

    /// <summary>Runs a tenant's items from now on, as far as they are this process's.</summary>
    public void Add(TenantId tenant, ImmutableArray<WorkItem> items)
    {
        lock (_lock)
        {
            _tenants.Add(tenant.Value, items);
            foreach (var item in items)
                Join(item);
        }
    }

    /// <summary>Forgets a tenant; its items are ended by whoever asks for it.</summary>
    public void Remove(TenantId tenant)
    {
        lock (_lock)
            _tenants.Remove(tenant.Value);
    }

    /// <summary>Starts what is this process's. If it fails, it can be repeated.</summary>
    /// <exception cref="InvalidOperationException">The database's work is divided into another number of partitions than the options say.</exception>
    /// <exception cref="TallystickException">The store failed; only where processes share it.</exception>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_coordinator is not null)
            return _coordinator.StartAsync(cancellationToken);
        Begin();
        return Task.CompletedTask;
    }

    /// <summary>The same without waiting: a database that fails is tried again at each beat.</summary>
    public void Begin()
    {
        _coordinator?.Begin();
        if (_coordinator is not null)
            return;
        lock (_lock)
        {
            _started = true;
            foreach (var item in Items())
                item.Start(lease: null);
        }
    }

    /// <summary>From now on, what ends isn't expected to run on another process.</summary>
    public void Stop()
    {
        lock (_lock)
            _stopped = true;
    }

    /// <summary>
    /// Ends what runs under leases and lets other processes have it. Handlers that don't return in time are left for later, who names them.
    /// </summary>
    public async Task LeaveAsync(TimeSpan within, TimeProvider time, CancellationToken cancellationToken)
    {
        if (_coordinator is null)
            return;
        using var deadline = new CancellationTokenSource(within, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            await _coordinator.StopAsync(either.Token);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // The leases that weren't given back end by themselves.
        }
    }

    /// <summary>Once it has been left and everything has ended.</summary>
    public void Dispose() => _coordinator?.Dispose();

    void IPartitionWork.Start(int partition, Lease lease)
    {
        lock (_lock)
        {
            _held[partition] = lease;
            foreach (var item in Items().Where(item => item.Partition == partition))
                item.Start(lease);
        }
    }

    Task IPartitionWork.EndAsync(int partition)
    {
        lock (_lock)
        {
            _held[partition] = null;
            var end = _stopped ? SubscriptionState.Ended : SubscriptionState.Elsewhere;
            return Task.WhenAll(Items().Where(item => item.Partition == partition).Select(item => item.End(end)));
        }
    }

    void IPartitionWork.Seen(ImmutableArray<string?> others)
    {
        bool isOneGone;
        lock (_lock)
        {
            var before = _others;
            _others = others;
            isOneGone = before.Any(node => node is not null && !others.Contains(node));
            foreach (var item in Items().Where(item => others[item.Partition!.Value] != before[item.Partition.Value]))
                item.Seen(others[item.Partition!.Value]);
        }

        _seen(isOneGone);
    }

    private IEnumerable<WorkItem> Items() => _tenants.Values.SelectMany(items => items);

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
}
