using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tallystick;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Functional;
using Tallystick.Pipeline;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;
using Tallystick.Tenancy.Databases;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds Tallystick to an application.</summary>
public static class TallystickServiceCollectionExtensions
{
    /// <summary>
    /// Adds Tallystick: deciders, projections, subscriptions and the store, as <paramref name="configure"/> says. Handles to tenants come
    /// from <see cref="Tenants"/>. With a generic host the projections start and stop with it; else start <see cref="TallystickRuntime"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">It was added before.</exception>
    public static IServiceCollection AddTallystick(this IServiceCollection services, Action<TallystickBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        if (services.Any(service => service.ServiceType == typeof(TallystickRuntime)))
        {
            throw new InvalidOperationException(
                "AddTallystick was called before. Call it once: one application has one store and one pipeline. Parts of an application can "
                + "each extend the one TallystickBuilder.");
        }

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(Entropy.System);
        services.TryAddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        services.TryAddSingleton<TenantShares>();
        services.TryAddSingleton(typeof(ILogger<>), typeof(Logger<>));
        services.TryAddSingleton<IStore>(TallystickBuilder.Storage);

        var builder = new TallystickBuilder(services);
        configure(builder);
        if (!builder.Databases.HasOnlyMain)
        {
            PlaceStore(services, builder);
            services.TryAddSingleton(provider => MakeMover(provider, builder));
        }

        services.AddSingleton<Decider, TenantDecider>();
        services.TryAddSingleton(provider => new IdGenerator(provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<Entropy>()));
        services.TryAddSingleton(provider => new Deciders(provider.GetServices<Decider>().Select(DeciderRegistration.Of)));
        services.TryAddSingleton(MakeSerializer);
        services.TryAddSingleton(provider => MakeCommands(provider, builder));
        services.TryAddSingleton(provider => new ReadModelCatalog(
            provider.GetRequiredService<IStore>(), provider.GetRequiredService<EventSerializer>(), provider.GetServices<Projection>(),
            provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(provider => new PlatformReadModels(
            provider.GetRequiredService<IStore>(), provider.GetRequiredService<EventSerializer>(), PlatformProjectionsOf(provider),
            provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(provider => MakeHost(provider, builder));
        services.TryAddSingleton(provider => MakeTenants(provider, builder));
        services.TryAddSingleton(provider => provider.GetRequiredService<IStore>() is PlacedStore placed
            ? placed.Directory : MakeDirectory(provider, provider.GetRequiredService<IStore>(), builder));
        services.TryAddSingleton(provider => new StorageLimit(provider.GetRequiredService<IStore>(), provider.GetRequiredService<TenantDirectory>()));
        services.TryAddSingleton(provider => MakeRuntime(provider, builder));
        services.AddHostedService<HostedRuntime>();
        return services;
    }

    private static EventSerializer MakeSerializer(IServiceProvider provider)
    {
        var extra = provider.GetServices<ExtraEventType>().Select(one => one.Type).ToArray();
        foreach (var type in extra)
            Immutability.Demand(type, "an event");
        var types = new EventTypes(
            [.. provider.GetRequiredService<Deciders>().EventTypes, .. extra], provider.GetServices<Upcaster>());
        return new EventSerializer(types, provider.GetRequiredService<IdGenerator>());
    }

    private static CommandProcessor MakeCommands(IServiceProvider provider, TallystickBuilder builder)
    {
        var steps = builder.Steps.Select(step => step(provider)).ToArray();
        var options = builder.CommandOptions;
        var rate = new RateStep(provider.GetRequiredService<TenantDirectory>(), provider.GetRequiredService<TimeProvider>());
        var storage = new StorageStep(provider.GetRequiredService<StorageLimit>());
        return new CommandProcessor(
            provider.GetRequiredService<IStore>(), provider.GetRequiredService<Deciders>(), provider.GetRequiredService<EventSerializer>(),
            options with
            {
                Time = provider.GetRequiredService<TimeProvider>(),
                Entropy = provider.GetRequiredService<Entropy>(),
                Validators = [.. options.Validators, .. provider.GetServices<CommandValidator>()],
                Policies = [.. options.Policies, .. provider.GetServices<CommandPolicy>()],
                ConfigurePipeline = pipeline =>
                {
                    pipeline.UseAfter(CommandSteps.Telemetry, CommandSteps.Rate, rate).UseAfter(CommandSteps.Idempotency, CommandSteps.Storage, storage);
                    options.ConfigurePipeline?.Invoke(pipeline);
                    foreach (var step in steps)
                        step(pipeline);
                },
            });
    }

    private static SubscriptionHost MakeHost(IServiceProvider provider, TallystickBuilder builder) => new(
        provider.GetRequiredService<IStore>() is PlacedStore placed ? placed.ForRunners : provider.GetRequiredService<IStore>(), provider.GetRequiredService<EventSerializer>(),
        provider.GetServices<Projection>(), provider.GetServices<Subscription>(),
        builder.SubscriptionOptions with
        {
            Time = provider.GetRequiredService<TimeProvider>(),
            Entropy = provider.GetRequiredService<Entropy>(),
            Shares = provider.GetRequiredService<TenantShares>(),
        },
        provider.GetRequiredService<ILogger<SubscriptionHost>>(), builder.NodeOptions, PlatformProjectionsOf(provider));

    private static Projection[] PlatformProjectionsOf(IServiceProvider provider) =>
        [.. provider.GetServices<PlatformProjection>().Select(one => one.Projection)];

    private static Tenants MakeTenants(IServiceProvider provider, TallystickBuilder builder)
    {
        var store = provider.GetRequiredService<IStore>();
        var commands = provider.GetRequiredService<CommandProcessor>();
        return new Tenants(store, commands, new TenantServices(
            store, provider.GetRequiredService<EventSerializer>(), provider.GetRequiredService<IdGenerator>(), commands,
            provider.GetRequiredService<ReadModelCatalog>(), new SubscriptionCatalog(
                store, provider.GetRequiredService<EventSerializer>(), provider.GetServices<Subscription>(), provider.GetRequiredService<TimeProvider>()),
            provider.GetRequiredService<StorageLimit>()),
            builder.TenantOptions, builder.Databases, provider.GetRequiredService<TenantDirectory>(), MoverOf(provider),
            RemoverOf(provider, builder), provider.GetRequiredService<TimeProvider>());
    }

    /// <summary>Puts the routing store in the place of the one that was chosen, which becomes the main database.</summary>
    private static void PlaceStore(IServiceCollection services, TallystickBuilder builder)
    {
        var main = services.Last(service => service.ServiceType == typeof(IStore) && !service.IsKeyedService);
        services.RemoveAll<IStore>();
        services.Add(main switch
        {
            { ImplementationInstance: { } instance } => ServiceDescriptor.KeyedSingleton(typeof(IStore), Placement.MainDatabase, instance),
            { ImplementationFactory: { } factory } => ServiceDescriptor.KeyedSingleton(typeof(IStore), Placement.MainDatabase, (provider, _) => factory(provider)),
            _ => ServiceDescriptor.KeyedSingleton(typeof(IStore), Placement.MainDatabase, main.ImplementationType!),
        });
        services.AddSingleton<IStore>(provider =>
        {
            var store = provider.GetRequiredKeyedService<IStore>(Placement.MainDatabase);
            var time = provider.GetRequiredService<TimeProvider>();
            var databases = new OpenDatabases(
                key => builder.Databases.Open(provider, key.Placement, key.Tenant), builder.TenantOptions, time,
                provider.GetRequiredService<ILogger<TallystickRuntime>>());
            return new PlacedStore(store, MakeDirectory(provider, store, builder), databases, builder.TenantOptions, time);
        });
    }

    private static TenantDirectory MakeDirectory(IServiceProvider provider, IStore main, TallystickBuilder builder) => new(
        main, provider.GetRequiredService<EventSerializer>(), builder.TenantOptions, provider.GetRequiredService<TenantShares>());

    private static TenantEraser MakeEraser(IServiceProvider provider, TallystickBuilder builder) => new(
        provider.GetRequiredService<IStore>(), provider.GetRequiredService<TenantDirectory>(), RemoverOf(provider, builder),
        provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<TallystickRuntime>>());

    /// <summary>Null if there is nowhere to move to, or a test has taken another store than the routing one.</summary>
    private static TenantMover? MoverOf(IServiceProvider provider) =>
        provider.GetRequiredService<IStore>() is PlacedStore ? provider.GetRequiredService<TenantMover>() : null;

    private static TenantMover MakeMover(IServiceProvider provider, TallystickBuilder builder)
    {
        var (store, time) = ((PlacedStore)provider.GetRequiredService<IStore>(), provider.GetRequiredService<TimeProvider>());
        var node = builder.NodeOptions.For(store.Limits, provider.GetRequiredService<Entropy>());
        return new TenantMover(
            store, provider.GetRequiredService<TenantDirectory>(), RemoverOf(provider, builder), builder.TenantOptions, new MoveLeases(store, node, time), time,
            provider.GetRequiredService<ILogger<TallystickRuntime>>());
    }

    /// <summary>Removes a tenant's own database of a kind, whoever uses it.</summary>
    private static Func<string, TenantId, CancellationToken, ValueTask> RemoverOf(IServiceProvider provider, TallystickBuilder builder) =>
        (kind, tenant, cancellationToken) => provider.GetRequiredService<IStore>() is PlacedStore placed
            ? placed.RemoveAsync(
                new Placement.Dedicated(kind), tenant, token => builder.Databases.RemoveAsync(provider, kind, tenant, token), cancellationToken)
            : builder.Databases.RemoveAsync(provider, kind, tenant, cancellationToken);

    private static TallystickRuntime MakeRuntime(IServiceProvider provider, TallystickBuilder builder)
    {
        // Made now, so that what contradicts itself is refused at the start and not at the first request.
        provider.GetRequiredService<Tenants>();
        return new TallystickRuntime(
            provider.GetRequiredService<IStore>(), provider.GetRequiredService<SubscriptionHost>(), provider.GetRequiredService<TenantDirectory>(),
            MakeEraser(provider, builder), MoverOf(provider), provider.GetRequiredService<CommandProcessor>().Cache, builder.TenantOptions, provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<TallystickRuntime>>());
    }

    /// <summary>Starts and stops the runtime with the host.</summary>
    private sealed class HostedRuntime(TallystickRuntime runtime) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => runtime.StartAsync(cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => runtime.StopAsync(cancellationToken);
    }
}
