using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Nodes;
using Tallystick.Pipeline;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;

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
    });
}

/// <summary>An event type that belongs to no decider.</summary>
internal sealed record ExtraEventType(Type Type);
