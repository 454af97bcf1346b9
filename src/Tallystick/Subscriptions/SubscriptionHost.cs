using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tallystick.Events;
using Tallystick.Nodes;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Subscriptions;

/// <summary>
/// Runs an application's projections and subscriptions, each in a loop of its own for each tenant. The loops run on the task scheduler (or
/// synchronisation context) on which <see cref="StartAsync"/> or <see cref="AddTenant(TenantId)"/> was called. One that fails never harms another.
/// </summary>
/// <remarks>
/// Where several processes share a store, each runs a part of the work, under leases (<see cref="NodeOptions"/>): what a host doesn't run has
/// the state <see cref="SubscriptionState.Elsewhere"/>, and is started here when the process that has it dies or leaves.
/// </remarks>
public sealed partial class SubscriptionHost : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly ImmutableArray<BoundProjection> _projections;
    private readonly ImmutableArray<BoundProjection> _platformProjections;
    private readonly ImmutableArray<Subscription> _subscriptions;
    private readonly RunnerServices _services;
    private readonly SortedDictionary<string, (WorkDivision Division, ImmutableArray<WorkItem> Items)> _tenants = new(StringComparer.Ordinal);
    private bool _started;
    private bool _stopped;

    /// <summary>Makes a host; nothing runs until <see cref="StartAsync"/>.</summary>
    /// <param name="store">Holds the logs, documents and checkpoints.</param>
    /// <param name="serializer">Reads the events; all handled event types must be registered with it.</param>
    /// <param name="projections">The projections.</param>
    /// <param name="subscriptions">The subscriptions.</param>
    /// <param name="options">The bounds; null: the defaults.</param>
    /// <param name="logger">Null: nothing is logged.</param>
    /// <param name="nodes">How the processes that share the store divide the work; null: the defaults.</param>
    /// <param name="platformProjections">The projections over all tenants; null: none.</param>
    /// <exception cref="ArgumentException">Two have the same name, or an option is out of range.</exception>
    /// <exception cref="InvalidOperationException">A handled event type isn't registered, or nothing is handled.</exception>
    public SubscriptionHost(
        IStore store, EventSerializer serializer, IEnumerable<Projection> projections, IEnumerable<Subscription> subscriptions,
        SubscriptionOptions? options = null, ILogger<SubscriptionHost>? logger = null, NodeOptions? nodes = null,
        IEnumerable<Projection>? platformProjections = null)
    {
        _projections = [.. projections.Select(projection => new BoundProjection(projection, serializer))];
        _platformProjections = [.. (platformProjections ?? []).Select(projection => PlatformGenerations.Bind(projection, serializer, store.Limits))];
        _subscriptions = [.. subscriptions];
        foreach (var subscription in _subscriptions)
            SubscriptionRunner.QueryOf(subscription, serializer.Types);
        foreach (var same in _projections.Concat(_platformProjections).Select(p => p.Name).Concat(_subscriptions.Select(s => s.Name)).GroupBy(name => name).Where(group => group.Count() > 1))
            throw new ArgumentException($"Two projections or subscriptions have the name '{same.Key}'; names must be unique, since checkpoints are saved under them.");
        var bounds = (options ?? new SubscriptionOptions()).For(store.Limits);
        _services = new RunnerServices(
            store, serializer, bounds, new BatchGate(bounds.ConcurrentBatchesMax, bounds.Shares), new IdGenerator(bounds.Time, bounds.Entropy),
            logger ?? (ILogger)NullLogger.Instance);
        _nodeOptions = nodes ?? new NodeOptions();
        _main = NewDivision(store, SeenMain);
    }

    /// <summary>
    /// Starts all runners of the tenants added so far. Each reads its checkpoint and state first, nothing that grows with the log. Where
    /// processes share the store, a runner starts when this process has got its lease. If it fails, it can be repeated.
    /// </summary>
    /// <exception cref="InvalidOperationException">The database's work is divided into another number of partitions than the options say.</exception>
    /// <exception cref="TallystickException">The store failed; only where processes share it.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            DemandRunnable();
            if (_started)
                return;
            _started = true;
        }

        try
        {
            await _main.StartAsync(cancellationToken);
        }
        catch
        {
            lock (_lock)
                _started = false;
            throw;
        }
    }

    /// <summary>
    /// Asks all runners to end and awaits them, at most <see cref="SubscriptionOptions.StopTimeout"/>. What they have handled is saved, and their leases
    /// are given back, so that other processes go on. A host can't be started again.
    /// </summary>
    /// <exception cref="TimeoutException">Handlers didn't return in time; the message names them.</exception>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        WorkItem[] items;
        ImmutableArray<WorkDivision> divisions;
        lock (_lock)
        {
            if (_stopped)
                return;
            _stopped = true;
            items = [.. Items()];
            divisions = [_main, .. _divisions];
            _divisions.Clear();
        }

        try
        {
            await StopAsync(divisions, items, cancellationToken);
        }
        finally
        {
            _ended.SetResult();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

    /// <summary>Runs everything for a tenant from now on. Adding one that is there does nothing.</summary>
    public void AddTenant(TenantId tenant) => AddTenant(tenant, _main);

    /// <summary>Ends everything for a tenant and awaits it. Removing one that isn't there does nothing.</summary>
    /// <exception cref="TimeoutException">Handlers didn't return in time; the message names them.</exception>
    public async Task RemoveTenantAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        ImmutableArray<WorkItem> items;
        lock (_lock)
        {
            if (!_tenants.Remove(tenant.Value, out var work))
                return;
            work.Division.Remove(tenant);
            items = work.Items;
        }

        await EndAsync([.. items], _services.Options.StopTimeout, cancellationToken);
    }

    /// <summary>What each projection and subscription of a tenant is doing in this process; empty if the tenant wasn't added.</summary>
    public ImmutableArray<SubscriptionStatus> Status(TenantId tenant)
    {
        lock (_lock)
            return _tenants.TryGetValue(tenant.Value, out var work) ? [.. work.Items.Select(item => item.Status.Value)] : [];
    }

    /// <summary>Waits, by a signal, until a projection or subscription has a certain status. Pass a deadline by the token.</summary>
    /// <exception cref="ArgumentException">The tenant wasn't added, or there is no such name.</exception>
    /// <exception cref="InvalidOperationException">Another process runs it, or runs it now; the message names it.</exception>
    public Task<SubscriptionStatus> WaitForStatusAsync(
        TenantId tenant, string name, Func<SubscriptionStatus, bool> wanted, CancellationToken cancellationToken) =>
        Find(tenant, name).Status.WaitAsync(wanted, cancellationToken);

    /// <summary>Lets a stopped projection or subscription go on; it tries the event that stopped it again.</summary>
    /// <exception cref="InvalidOperationException">It isn't stopped, or another process runs it; the message names it.</exception>
    /// <exception cref="ArgumentException">The tenant wasn't added, or there is no such name.</exception>
    public Task ResumeAsync(TenantId tenant, string name, CancellationToken cancellationToken) =>
        RunnerOf(tenant, name).TellAsync(new RunnerCommand.Resume(), cancellationToken);

    /// <summary>
    /// Leaves the event that stopped a projection or subscription out for ever, and lets it go on. That is recorded as an event
    /// (<c>tallystick.event-skipped</c> in the stream <c>subscription-NAME</c>) of the tenant's log; rebuilds skip the same event.
    /// </summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="name">The projection or subscription.</param>
    /// <param name="position">The event's position, as its status names it: so that no other event is skipped than the operator saw.</param>
    /// <param name="reason">Why.</param>
    /// <param name="by">Who decided it.</param>
    /// <param name="cancellationToken">Cancels the waiting, not the skip.</param>
    /// <exception cref="InvalidOperationException">It isn't stopped at this position, or another process runs it; the message names it.</exception>
    /// <exception cref="ArgumentException">The tenant wasn't added, or there is no such name.</exception>
    public Task SkipAsync(TenantId tenant, string name, LogPosition position, string reason, string by, CancellationToken cancellationToken) =>
        RunnerOf(tenant, name).TellAsync(new RunnerCommand.Skip(position, reason, by), cancellationToken);

    /// <summary>
    /// Begins to build a projection's documents anew, beside the present ones, which are kept up to date until the new ones replace them.
    /// Returns when that is durably begun; the status tells how far it is.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is being rebuilt already, is stopped, is a subscription, or another process runs it; the message names it.</exception>
    /// <exception cref="TallystickException">The store failed, or another process changed the projection at the same moment (transient).</exception>
    /// <exception cref="ArgumentException">The tenant wasn't added, or there is no such name.</exception>
    public Task RebuildAsync(TenantId tenant, string name, CancellationToken cancellationToken) =>
        RunnerOf(tenant, name).TellAsync(new RunnerCommand.Rebuild(), cancellationToken);

    private WorkItem Find(TenantId tenant, string name)
    {
        lock (_lock)
        {
            if (!_tenants.TryGetValue(tenant.Value, out var work))
                throw new ArgumentException($"Tenant {tenant} isn't run by this host; add it by AddTenant.", nameof(tenant));
            return work.Items.FirstOrDefault(item => item.Name == name) ?? throw new ArgumentException(
                $"There is no projection or subscription '{name}'; there are {string.Join(", ", work.Items.Select(item => item.Name))}.", nameof(name));
        }
    }

    /// <summary>The runner that an operator can tell something.</summary>
    private Runner RunnerOf(TenantId tenant, string name)
    {
        var item = Find(tenant, name);
        var status = item.Status.Value;
        if (item.Runner is { } runner && status.State != SubscriptionState.Elsewhere)
            return runner;
        throw status.NotHere() ?? (Exception)new TallystickException(
            $"'{name}' of {tenant} isn't run by any node at this moment. Start the host, or try again when a node has taken it, in some seconds.", isTransient: true);
    }

    private IEnumerable<WorkItem> Items() => _tenants.Values.SelectMany(work => work.Items);

    private async Task EndAsync(WorkItem[] items, TimeSpan within, CancellationToken cancellationToken)
    {
        var ending = items.Select(item => item.End(SubscriptionState.Ended)).ToArray();
        try
        {
            await Task.WhenAll(ending).WaitAsync(within, _services.Options.Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            var late = items.Where((_, i) => !ending[i].IsCompleted).ToArray();
            foreach (var item in late)
                SubscriptionLog.StopTimedOut(_services.Logger, item.Name, item.Tenant);
            throw new TimeoutException(
                $"After {_services.Options.StopTimeout} these handlers still hadn't returned: {string.Join(", ", late.Select(item => $"{item.Name} of {item.Tenant}"))}. They must heed their cancellation token.");
        }

        foreach (var item in items)
            item.Dispose();
    }

    private void DemandRunnable() => ObjectDisposedException.ThrowIf(_stopped, this);
}
