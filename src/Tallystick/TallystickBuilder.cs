using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Nodes;
using Tallystick.Pipeline;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;
using Tallystick.Tenancy.Databases;

namespace Tallystick;

/// <summary>
/// Says what an application is made of. Everything is checked when the application is built: a mutable state, an event without a name, two
/// deciders of one category, or an upcaster that leads nowhere is refused then, with the reason.
/// </summary>
public sealed class TallystickBuilder
{
    internal TallystickBuilder(IServiceCollection services) => Services = services;

    /// <summary>The application's services, for extensions.</summary>
    public IServiceCollection Services { get; }

    internal CommandOptions CommandOptions { get; private set; } = new();

    internal SubscriptionOptions SubscriptionOptions { get; private set; } = new();

    internal TenantOptions TenantOptions { get; private set; } = new();

    internal DatabaseRegistry Databases { get; } = new();

    internal NodeOptions NodeOptions { get; private set; } = new();

    internal List<Func<IServiceProvider, Action<PipelineBuilder<CommandRequest, CommandResult>>>> Steps { get; } = [];

    /// <summary>Chooses the store. The last choice counts.</summary>
    public TallystickBuilder UseStore(Func<IServiceProvider, IStore> open)
    {
        Services.Replace(ServiceDescriptor.Singleton(open));
        return this;
    }

    /// <summary>Keeps everything in memory: for tests and trials. This is what is used when no store is chosen.</summary>
    public TallystickBuilder UseInMemoryStore() => UseStore(Storage);

    /// <summary>
    /// Adds a database in which tenants can be placed, beside the main one. It is opened on first use, and closed after a time without use.
    /// </summary>
    /// <param name="name">Its name, by which <see cref="Placement.Shared"/> names it. It must not change once tenants are there.</param>
    /// <param name="open">Opens it.</param>
    /// <exception cref="ArgumentException">The name isn't one, or it is taken.</exception>
    public TallystickBuilder AddDatabase(string name, Func<IServiceProvider, IStore> open)
    {
        ArgumentNullException.ThrowIfNull(open);
        Databases.AddShared(name, open);
        return this;
    }

    /// <summary>
    /// Adds a kind of databases of which each tenant that is placed there has one of its own. Each is opened on first use, and closed after a
    /// time without use.
    /// </summary>
    /// <param name="kind">The kind's name, by which <see cref="Placement.Dedicated"/> names it. It must not change once tenants are there.</param>
    /// <param name="open">Opens a tenant's database, making it when it isn't there.</param>
    /// <param name="remove">Removes a tenant's database, which is closed, with all its files. One that isn't there is no error.</param>
    /// <exception cref="ArgumentException">The name isn't one, or it is taken.</exception>
    public TallystickBuilder AddDedicated(
        string kind, Func<IServiceProvider, TenantId, IStore> open, Func<IServiceProvider, TenantId, CancellationToken, ValueTask> remove)
    {
        ArgumentNullException.ThrowIfNull(open);
        ArgumentNullException.ThrowIfNull(remove);
        Databases.AddDedicated(kind, new DedicatedFamily(open, remove));
        return this;
    }

    /// <summary>Says where a new tenant's data is kept when whoever creates it doesn't say; see also <see cref="Placement.Spread"/>.</summary>
    public TallystickBuilder PlaceTenants(Func<TenantId, Placement> rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        return ConfigureTenants(options => options with { Place = rule });
    }

    /// <summary>Changes how tenants are placed and bounded.</summary>
    public TallystickBuilder ConfigureTenants(Func<TenantOptions, TenantOptions> change)
    {
        TenantOptions = change(TenantOptions).Check();
        return this;
    }

    /// <summary>Adds the rules of one kind of entity, with its events.</summary>
    public TallystickBuilder AddDecider<TDecider>()
        where TDecider : Decider
    {
        Services.AddSingleton<Decider, TDecider>();
        return this;
    }

    /// <summary>Adds a projection; its read models are found by the type of their documents.</summary>
    public TallystickBuilder AddProjection<TProjection>()
        where TProjection : Projection
    {
        Services.AddSingleton<Projection, TProjection>();
        return this;
    }

    /// <summary>
    /// Adds a projection over all tenants, for whoever operates the installation: it folds every tenant's events into rows of the platform that
    /// say which tenant they came from, with a checkpoint for each tenant. They are read by <see cref="PlatformReadModels"/> alone.
    /// </summary>
    public TallystickBuilder AddPlatformProjection<TProjection>()
        where TProjection : Projection
    {
        Services.AddSingleton<TProjection>();
        Services.AddSingleton(provider => new PlatformProjection(provider.GetRequiredService<TProjection>()));
        return this;
    }

    /// <summary>Adds a subscription: what shall happen after events.</summary>
    public TallystickBuilder AddSubscription<TSubscription>()
        where TSubscription : Subscription
    {
        Services.AddSingleton<Subscription, TSubscription>();
        return this;
    }

    /// <summary>Adds what lifts an older shape of an event to a newer one.</summary>
    public TallystickBuilder AddUpcaster<TUpcaster>()
        where TUpcaster : Upcaster
    {
        Services.AddSingleton<Upcaster, TUpcaster>();
        return this;
    }

    /// <summary>Adds event types that belong to no decider, for example those that a subscription appends.</summary>
    public TallystickBuilder AddEvents(params ReadOnlySpan<Type> types)
    {
        foreach (var type in types)
            Services.AddSingleton(new ExtraEventType(type));
        return this;
    }

    /// <summary>Adds checks of commands; all failures of all validators are reported at once.</summary>
    public TallystickBuilder AddValidator<TValidator>()
        where TValidator : CommandValidator
    {
        Services.AddSingleton<CommandValidator, TValidator>();
        return this;
    }

    /// <summary>Adds a policy: who may give a type of command.</summary>
    public TallystickBuilder AddPolicy(CommandPolicy policy)
    {
        Services.AddSingleton(policy);
        return this;
    }

    /// <summary>Adds a step to the end of the pipeline of commands, just before the decider.</summary>
    public TallystickBuilder AddStep<TStep>(string name)
        where TStep : class, IPipelineStep<CommandRequest, CommandResult> =>
        ConfigurePipeline(provider => steps => steps.Use(name, ActivatorUtilities.CreateInstance<TStep>(provider)));

    /// <summary>Changes the pipeline of commands: adds steps before or after a named one (<see cref="CommandSteps"/>), replaces or removes one.</summary>
    public TallystickBuilder ConfigurePipeline(Func<IServiceProvider, Action<PipelineBuilder<CommandRequest, CommandResult>>> configure)
    {
        Steps.Add(configure);
        return this;
    }

    /// <summary>Changes how commands are processed.</summary>
    public TallystickBuilder ConfigureCommands(Func<CommandOptions, CommandOptions> change)
    {
        CommandOptions = change(CommandOptions);
        return this;
    }

    /// <summary>Changes how projections and subscriptions run.</summary>
    public TallystickBuilder ConfigureSubscriptions(Func<SubscriptionOptions, SubscriptionOptions> change)
    {
        SubscriptionOptions = change(SubscriptionOptions);
        return this;
    }

    /// <summary>Changes how the processes that share a database divide the work of projections and subscriptions.</summary>
    public TallystickBuilder ConfigureNodes(Func<NodeOptions, NodeOptions> change)
    {
        NodeOptions = change(NodeOptions);
        return this;
    }

    internal static InMemoryStore Storage(IServiceProvider provider) => new(new StoreOptions
    {
        Time = provider.GetRequiredService<TimeProvider>(),
        Entropy = provider.GetRequiredService<Entropy>(),
        Shares = provider.GetRequiredService<TenantShares>(),
    });
}

/// <summary>A projection over all tenants.</summary>
internal sealed record PlatformProjection(Projection Projection);

/// <summary>An event type that belongs to no decider.</summary>
internal sealed record ExtraEventType(Type Type);
