using System.Collections.Immutable;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;

namespace Tallystick.Testing.Specifications;

/// <summary>
/// An application that runs as a whole, with projections and subscriptions, and that can be waited for: a command is given back together with
/// everything that it caused, once all of that has settled. It waits by signals, with one deadline, and never polls.
/// </summary>
public sealed class TrackedSession : IAsyncDisposable
{
    private readonly IServiceProvider _services;
    private readonly ServiceProvider? _owned;
    private int _commands;

    private TrackedSession(IServiceProvider services, ServiceProvider? owned) => (_services, _owned) = (services, owned);

    /// <summary>How long a command and all that it causes may take. Default 30 s.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The application's services.</summary>
    public IServiceProvider Services => _services;

    private IStore Store => _services.GetRequiredService<IStore>();

    private SubscriptionHost Host => _services.GetRequiredService<SubscriptionHost>();

    private TimeProvider Time => _services.GetRequiredService<TimeProvider>();

    /// <summary>Starts an application of its own; it is in memory unless it chooses a store.</summary>
    /// <param name="configure">Adds what the application is made of: <c>app => app.AddOrders()</c>.</param>
    /// <param name="time">The clock of everything in it, the deadline included; null: the system's.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<TrackedSession> StartAsync(
        Action<TallystickBuilder> configure, TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        var services = new ServiceCollection();
        services.AddSingleton(time ?? TimeProvider.System);
        services.AddTallystick(configure);
        var provider = services.BuildServiceProvider();
        await provider.GetRequiredService<TallystickRuntime>().StartAsync(cancellationToken);
        return new TrackedSession(provider, provider);
    }

    /// <summary>Watches an application that runs already, such as that of a test server: <c>TrackedSession.Of(app.Services)</c>. It isn't stopped here.</summary>
    public static TrackedSession Of(IServiceProvider services)
    {
        ArgumentNullException.ThrowIfNull(services);
        return new(services, null);
    }

    /// <summary>The handle of a tenant, which is made if there is none yet.</summary>
    public async Task<Tenant> TenantAsync(string tenant, CancellationToken cancellationToken = default)
    {
        var id = TenantId.Parse(tenant);
        var tenants = _services.GetRequiredService<Tenants>();
        await tenants.EnsureAsync(id, tenant, cancellationToken);
        return await tenants.GetAsync(id, cancellationToken);
    }

    /// <summary>Executes a command and waits until everything that it caused has settled.</summary>
    /// <param name="tenant">The tenant, which is made if there is none yet.</param>
    /// <param name="stream">The stream, such as <c>order-42</c>.</param>
    /// <param name="command">The command.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The result, and what the command caused.</returns>
    /// <exception cref="CheckFailedException">
    /// A projection or subscription has stopped at an event, or wasn't done at the deadline; the message says who, where and why.
    /// </exception>
    public async Task<TrackedCommand> ExecuteAsync(string tenant, string stream, object command, CancellationToken cancellationToken = default)
    {
        var handle = await TenantAsync(tenant, cancellationToken);
        var before = (await Store.ReadHeadAsync(handle.Id, cancellationToken)).Position;
        // An id for all that follows: subscriptions hand it on with what they append.
        var correlation = FormattableString.Invariant($"tracked-{Interlocked.Increment(ref _commands)}-{before}");
        var result = await handle.With(new EventMetadata(CorrelationId: correlation))
            .ExecuteAsync(GivenEvents.Parse(stream, "ExecuteAsync"), command, cancellationToken);
        await SettleAsync(handle.Id, cancellationToken);
        return await TrackedCommand.ReadAsync(_services, handle.Id, result, before, correlation, cancellationToken);
    }

    /// <summary>
    /// Waits until every projection and subscription of a tenant has dealt with the log, up to a head that grows no more. Use it after work that went
    /// another way, such as through HTTP.
    /// </summary>
    /// <exception cref="CheckFailedException">One has stopped at an event, or wasn't done at the deadline.</exception>
    public async Task SettleAsync(TenantId tenant, CancellationToken cancellationToken = default)
    {
        using var deadline = new CancellationTokenSource(Deadline, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        Host.AddTenant(tenant);
        var head = LogPosition.Start;
        try
        {
            while (true)
            {
                head = (await Store.ReadHeadAsync(tenant, either.Token)).Position;
                foreach (var runner in Host.Status(tenant))
                    await SettleAsync(tenant, runner.Name, head, either.Token);
                foreach (var projection in _services.GetServices<Projection>())
                    await ShowAsync(tenant, projection, head, either.Token);
                if ((await Store.ReadHeadAsync(tenant, either.Token)).Position == head)
                    return;
            }
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new CheckFailedException(
                $"After {Deadline.TotalSeconds:0.#} s, tenant '{tenant}' still hadn't settled. The head of its log is at position {head}.\n{Describe(tenant, head)}");
        }
    }

    /// <summary>Stops the application, if it was started here.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_owned is null)
            return;
        await _owned.GetRequiredService<TallystickRuntime>().StopAsync(CancellationToken.None);
        await _owned.DisposeAsync();
    }

    /// <summary>Waits until one projection or subscription is live at a position.</summary>
    private async Task SettleAsync(TenantId tenant, string name, LogPosition head, CancellationToken cancellationToken)
    {
        var status = await Host.WaitForStatusAsync(tenant, name, one => one switch
        {
            { State: SubscriptionState.Stopped or SubscriptionState.Superseded or SubscriptionState.Ended } => true,
            { State: SubscriptionState.Live } => one.Position >= head,
            _ => false,
        }, cancellationToken);
        if (status.State != SubscriptionState.Live)
            throw new CheckFailedException($"'{name}' of tenant '{tenant}' doesn't go on.\n{Describe(tenant, head)}");
    }

    /// <summary>
    /// Waits until what a projection has folded can be read. Its checkpoint is saved with the last event that concerns it; events that don't
    /// cause no write, so the checkpoint needn't be at the head.
    /// </summary>
    private async Task ShowAsync(TenantId tenant, Projection projection, LogPosition head, CancellationToken cancellationToken)
    {
        var types = _services.GetRequiredService<EventSerializer>().Types;
        var query = EventQuery.OfTypes([.. projection.EventTypes.SelectMany(type => types.StoredNamesOf(type)).Distinct()]);
        var from = await Store.ReadCheckpointAsync(tenant, projection.Name, cancellationToken) ?? LogPosition.Start;
        while (true)
        {
            var page = await Store.ReadLogAsync(tenant, new LogRead(from, 500, query), cancellationToken);
            if (page.Events.LastOrDefault(e => e.Position <= head) is { } last)
                await Store.WaitForCheckpointAsync(tenant, projection.Name, last.Position, cancellationToken);
            if (page.Through == from || page.Through >= head)
                return;
            from = page.Through;
        }
    }

    private string Describe(TenantId tenant, LogPosition head)
    {
        var text = new StringBuilder();
        foreach (var status in Host.Status(tenant))
        {
            text.Append($"  {status.Name}: {status.State} at position {status.Position}{(status.Position < head ? $", {head.Value - status.Position.Value} behind" : "")}\n");
            if ((status.Failure ?? status.RebuildFailure) is { } failure)
                text.Append($"    {failure.EventType} at position {failure.Position} failed {(failure.Attempts == 1 ? "once" : $"{failure.Attempts} times")}: {failure.Error}\n");
            if (status.StoreError is { } error)
                text.Append($"    the store: {error}\n");
        }

        return text.ToString().TrimEnd();
    }
}
