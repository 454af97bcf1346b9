using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Subscriptions;

/// <summary>
/// Runs an application's projections and subscriptions, each in a loop of its own for each tenant. The loops run on the task scheduler (or
/// synchronisation context) on which <see cref="StartAsync"/> or <see cref="AddTenant"/> was called. One that fails never harms another.
/// </summary>
public sealed class SubscriptionHost : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly ImmutableArray<BoundProjection> _projections;
    private readonly ImmutableArray<BoundProjection> _platformProjections;
    private readonly ImmutableArray<Subscription> _subscriptions;
    private readonly RunnerServices _services;
    private readonly SortedDictionary<string, ImmutableArray<Runner>> _tenants = new(StringComparer.Ordinal);
    private bool _started;
    private bool _stopped;

    /// <summary>Makes a host; nothing runs until <see cref="StartAsync"/>.</summary>
    /// <param name="store">Holds the logs, documents and checkpoints.</param>
    /// <param name="serializer">Reads the events; all handled event types must be registered with it.</param>
    /// <param name="projections">The projections.</param>
    /// <param name="subscriptions">The subscriptions.</param>
    /// <param name="options">The bounds; null: the defaults.</param>
    /// <param name="logger">Null: nothing is logged.</param>
    /// <param name="platformProjections">The projections over all tenants; null: none.</param>
    /// <exception cref="ArgumentException">Two have the same name, or an option is out of range.</exception>
    /// <exception cref="InvalidOperationException">A handled event type isn't registered, or nothing is handled.</exception>
    public SubscriptionHost(
        IStore store, EventSerializer serializer, IEnumerable<Projection> projections, IEnumerable<Subscription> subscriptions,
        SubscriptionOptions? options = null, ILogger<SubscriptionHost>? logger = null, IEnumerable<Projection>? platformProjections = null)
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
    }

    /// <summary>Starts all runners of the tenants added so far. Each reads its checkpoint and state first, nothing that grows with the log.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            DemandRunnable();
            if (_started)
                return Task.CompletedTask;
            _started = true;
            foreach (var runner in _tenants.Values.SelectMany(runners => runners))
                runner.Start();
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// Asks all runners to end and awaits them, at most <see cref="SubscriptionOptions.StopTimeout"/>. What they have handled is saved. A host can't be
    /// started again.
    /// </summary>
    /// <exception cref="TimeoutException">Handlers didn't return in time; the message names them.</exception>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Runner[] runners;
        lock (_lock)
        {
            if (_stopped)
                return;
            _stopped = true;
            runners = [.. _tenants.Values.SelectMany(all => all)];
        }

        await EndAsync(runners, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

    /// <summary>Runs everything for a tenant from now on. Adding one that is there does nothing.</summary>
    public void AddTenant(TenantId tenant)
    {
        lock (_lock)
        {
            DemandRunnable();
            if (_tenants.ContainsKey(tenant.Value))
                return;
            ImmutableArray<Runner> runners =
            [
                .. _projections.Select(projection => new ProjectionRunner(_services, tenant, projection)),
                .. _platformProjections.Select(projection => new PlatformProjectionRunner(_services, tenant, projection)),
                .. _subscriptions.Select(subscription => new SubscriptionRunner(_services, tenant, subscription)),
            ];
            _tenants.Add(tenant.Value, runners);
            if (!_started)
                return;
            foreach (var runner in runners)
                runner.Start();
        }
    }

    /// <summary>Ends everything for a tenant and awaits it. Removing one that isn't there does nothing.</summary>
    /// <exception cref="TimeoutException">Handlers didn't return in time; the message names them.</exception>
    public async Task RemoveTenantAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        ImmutableArray<Runner> runners;
        lock (_lock)
        {
            if (!_tenants.Remove(tenant.Value, out runners))
                return;
        }

        await EndAsync([.. runners], cancellationToken);
    }

    /// <summary>What each projection and subscription of a tenant is doing in this process; empty if the tenant isn't run here.</summary>
    public ImmutableArray<SubscriptionStatus> Status(TenantId tenant)
    {
        lock (_lock)
            return _tenants.TryGetValue(tenant.Value, out var runners) ? [.. runners.Select(runner => runner.Status)] : [];
    }

    /// <summary>Waits, by a signal, until a projection or subscription has a certain status. Pass a deadline by the token.</summary>
    /// <exception cref="ArgumentException">The tenant or the name isn't run here.</exception>
    public Task<SubscriptionStatus> WaitForStatusAsync(
        TenantId tenant, string name, Func<SubscriptionStatus, bool> wanted, CancellationToken cancellationToken) =>
        Find(tenant, name).WaitForStatusAsync(wanted, cancellationToken);

    /// <summary>Lets a stopped projection or subscription go on; it tries the event that stopped it again.</summary>
    /// <exception cref="InvalidOperationException">It isn't stopped.</exception>
    /// <exception cref="ArgumentException">The tenant or the name isn't run here.</exception>
    public Task ResumeAsync(TenantId tenant, string name, CancellationToken cancellationToken) =>
        Find(tenant, name).TellAsync(new RunnerCommand.Resume(), cancellationToken);

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
    /// <exception cref="InvalidOperationException">It isn't stopped at this position.</exception>
    /// <exception cref="ArgumentException">The tenant or the name isn't run here.</exception>
    public Task SkipAsync(TenantId tenant, string name, LogPosition position, string reason, string by, CancellationToken cancellationToken) =>
        Find(tenant, name).TellAsync(new RunnerCommand.Skip(position, reason, by), cancellationToken);

    /// <summary>
    /// Begins to build a projection's documents anew, beside the present ones, which are kept up to date until the new ones replace them.
    /// Returns when that is durably begun; the status tells how far it is.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is being rebuilt already, is stopped, or is a subscription.</exception>
    /// <exception cref="TallystickException">The store failed, or another process changed the projection at the same moment (transient).</exception>
    /// <exception cref="ArgumentException">The tenant or the name isn't run here.</exception>
    public Task RebuildAsync(TenantId tenant, string name, CancellationToken cancellationToken) =>
        Find(tenant, name).TellAsync(new RunnerCommand.Rebuild(), cancellationToken);

    private Runner Find(TenantId tenant, string name)
    {
        lock (_lock)
        {
            if (!_tenants.TryGetValue(tenant.Value, out var runners))
                throw new ArgumentException($"Tenant {tenant} isn't run by this host; add it by AddTenant.", nameof(tenant));
            return runners.FirstOrDefault(runner => runner.Name == name) ?? throw new ArgumentException(
                $"There is no projection or subscription '{name}'; there are {string.Join(", ", runners.Select(runner => runner.Name))}.", nameof(name));
        }
    }

    private async Task EndAsync(Runner[] runners, CancellationToken cancellationToken)
    {
        foreach (var runner in runners)
            runner.Stop();
        try
        {
            await Task.WhenAll(runners.Select(runner => runner.Completion))
                .WaitAsync(_services.Options.StopTimeout, _services.Options.Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            var late = runners.Where(runner => !runner.Completion.IsCompleted).ToArray();
            foreach (var runner in late)
                SubscriptionLog.StopTimedOut(_services.Logger, runner.Name, runner.Tenant);
            throw new TimeoutException(
                $"After {_services.Options.StopTimeout} these handlers still hadn't returned: {string.Join(", ", late.Select(runner => $"{runner.Name} of {runner.Tenant}"))}. They must heed their cancellation token.");
        }

        foreach (var runner in runners)
            runner.Dispose();
    }

    private void DemandRunnable() => ObjectDisposedException.ThrowIf(_stopped, this);
}
