using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;

namespace Tallystick.Tests.Projections;

/// <summary>Projections over all tenants: rows of the platform, a checkpoint for each tenant.</summary>
public sealed class PlatformProjectionTests
{
    private static readonly TenantId Acme = TenantId.Parse("acme");
    private static readonly TenantId Globex = TenantId.Parse("globex");

    [Fact]
    public async Task Rows_say_which_tenant_they_came_from_and_can_be_queried_over_all_and_of_one()
    {
        await using var world = await PlatformWorld.StartAsync(new InMemoryStore());
        await world.AddTenantAsync(Acme);
        await world.AddTenantAsync(Globex);
        await world.PlaceAsync(Acme, "1", "ann", 10);
        await world.PlaceAsync(Globex, "1", "bob", 30);
        await world.PlaceAsync(Globex, "2", "bob", 20);

        var all = await (await world.FreshAsync(Acme, Globex)).OrderByDescending(order => order.Total).PageAsync(default, world.Soon);
        var one = await world.Rows.Query().OfTenant(Globex).OrderBy(order => order.Total).PageAsync(default, world.Soon);
        var found = await world.Rows.FindAsync($"{Acme}/1", default, world.Soon);

        Assert.Equal([(Globex, "1", 30m), (Globex, "2", 20m), (Acme, "1", 10m)], all.Items.Select(row => (row.Tenant, row.Key, row.Value!.Total)));
        Assert.Equal([(Globex, "2", 20m), (Globex, "1", 30m)], one.Items.Select(row => (row.Tenant, row.Key, row.Value!.Total)));
        Assert.Equal((Acme, "ann"), (found.Tenant, found.Value?.Customer));
    }

    [Fact]
    public async Task Each_tenant_has_a_checkpoint_of_its_own_among_the_platforms()
    {
        await using var world = await PlatformWorld.StartAsync(new InMemoryStore());
        await world.AddTenantAsync(Acme);
        await world.AddTenantAsync(Globex);
        await world.PlaceAsync(Acme, "1", "ann", 10);
        await world.PlaceAsync(Globex, "1", "bob", 20);
        await world.PlaceAsync(Globex, "2", "bob", 20);
        await world.FreshAsync(Acme, Globex);

        var checkpoints = await world.Store.ReadCheckpointsAsync(TenantId.Platform, "order-summaries@", 10, world.Soon);

        Assert.Equal(1, checkpoints.Single(one => one.Name == "order-summaries@acme@1").Position.Value);
        Assert.Equal(2, checkpoints.Single(one => one.Name == "order-summaries@globex@1").Position.Value);
        Assert.Empty(await world.Store.ReadCheckpointsAsync(Acme, null, 10, world.Soon));
        Assert.Empty(await world.Store.ReadCollectionsAsync(Acme, null, 10, world.Soon));
    }

    [Fact]
    public async Task After_a_restart_it_goes_on_at_each_tenants_checkpoint()
    {
        var store = new InMemoryStore();
        await using (var world = await PlatformWorld.StartAsync(store))
        {
            await world.AddTenantAsync(Acme);
            await world.PlaceAsync(Acme, "1", "ann", 10);
            await world.FreshAsync(Acme);
        }

        await using (var world = await PlatformWorld.StartAsync(store))
        {
            await world.AddTenantAsync(Globex);
            await world.AddLineAsync(Acme, "1", 5);
            await world.PlaceAsync(Globex, "9", "bob", 20);
            var page = await (await world.FreshAsync(Acme, Globex)).Query().PageAsync(default, world.Soon);
            Assert.Equal([(Acme, 15m), (Globex, 20m)], page.Items.Select(row => (row.Tenant, row.Value!.Total)));
        }
    }

    [Fact]
    public async Task Another_version_is_seen_only_when_it_is_built_for_every_tenant_and_the_old_rows_go()
    {
        var store = new InMemoryStore();
        await using (var world = await PlatformWorld.StartAsync(store))
        {
            await world.AddTenantAsync(Acme);
            await world.AddTenantAsync(Globex);
            await world.PlaceAsync(Acme, "1", "ann", 10);
            await world.PlaceAsync(Globex, "1", "bob", 20);
            await world.FreshAsync(Acme, Globex);
        }

        // One tenant's part can't be built, so nobody sees anything of the new version.
        var poisoned = true;
        await using (var world = await PlatformWorld.StartAsync(store, version: 2, isPoison: customer => customer == "bob" && Volatile.Read(ref poisoned)))
        {
            await world.Host.WaitForStatusAsync(Globex, "order-summaries", status => status.State == SubscriptionState.Stopped, world.Soon);
            await world.FoldedAsync(Acme, generation: 2, 1);
            // The other tenant's runner has looked whether all are built, before it folds what follows.
            await world.AddLineAsync(Acme, "1", 1);
            await world.FoldedAsync(Acme, generation: 2, 2);
            Assert.Equal(1, (await store.QueryDocumentsAsync(TenantId.Platform, new DocumentQuery("order-summaries"), world.Soon)).Generation);

            Volatile.Write(ref poisoned, false);
            await world.Host.ResumeAsync(Globex, "order-summaries", world.Soon);
            var page = await (await world.FreshAsync(Acme, Globex)).Query().PageAsync(default, world.Soon);

            Assert.Equal([Acme, Globex], page.Items.Select(row => row.Tenant));
            await world.ForgottenAsync(generation: 1);
            var old = await store.QueryDocumentsAsync(TenantId.Platform, new DocumentQuery("order-summaries") { Generation = 1 }, world.Soon);
            Assert.Empty(old.Items);
        }
    }

    [Fact]
    public async Task A_tenants_own_read_models_cannot_be_narrowed_to_a_tenant()
    {
        await using var world = await PlatformWorld.StartAsync(new InMemoryStore());
        await world.AddTenantAsync(Acme);
        var tenant = await world.Tenants.GetAsync(Acme, world.Soon);

        Assert.Throws<InvalidOperationException>(() => tenant.ReadModels<OrderSummary>());
        Assert.Throws<InvalidOperationException>(() => new ReadModelCatalog(world.Store, world.Serializer, [new OrderSummaries()])
            .For<OrderSummary>(Acme).Query().OfTenant(Globex));
    }

    [Fact]
    public async Task A_name_that_leaves_no_room_for_the_tenants_is_refused()
    {
        await using var world = await PlatformWorld.StartAsync(new InMemoryStore());
        var error = Assert.Throws<ArgumentException>(() => new SubscriptionHost(
            world.Store, world.Serializer, [], [], platformProjections: [new OrderSummaries(name: new string('x', 54))]));
        Assert.Contains("54 characters, over the limit of 53", error.Message, StringComparison.Ordinal);
    }

    private sealed class PlatformWorld : IAsyncDisposable
    {
        private readonly ServiceProvider _services;
        private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(90));

        private PlatformWorld(IStore store, ServiceProvider services) => (Store, _services) = (store, services);

        public IStore Store { get; }

        public CancellationToken Soon => _deadline.Token;

        public Tenants Tenants => _services.GetRequiredService<Tenants>();

        public SubscriptionHost Host => _services.GetRequiredService<SubscriptionHost>();

        public EventSerializer Serializer => _services.GetRequiredService<EventSerializer>();

        public PlatformReadModels Models => _services.GetRequiredService<PlatformReadModels>();

        public ReadModels<OrderSummary> Rows => Models.For<OrderSummary>();

        public static async Task<PlatformWorld> StartAsync(IStore store, int version = 1, Func<string, bool>? isPoison = null)
        {
            var services = new ServiceCollection();
            services.AddTallystick(app => app
                .AddEvents(typeof(OrderPlaced), typeof(LineAdded), typeof(OrderConfirmed), typeof(OrderCancelled))
                .AddPlatformProjection<OrderSummaries>()
                .ConfigureSubscriptions(options => options with { RetriesMax = 0 }));
            // The object itself, so that the store outlives the application.
            services.Replace(ServiceDescriptor.Singleton(store));
            services.AddSingleton(new OrderSummaries(version, isPoisonCustomer: isPoison));
            var world = new PlatformWorld(store, services.BuildServiceProvider());
            await world._services.GetRequiredService<TallystickRuntime>().StartAsync(world.Soon);
            return world;
        }

        public ValueTask AddTenantAsync(TenantId tenant) => Tenants.EnsureAsync(tenant, tenant.Value, Soon);

        public Task PlaceAsync(TenantId tenant, string order, string customer, decimal total) => AppendAsync(tenant, order, new OrderPlaced(customer, total));

        public Task AddLineAsync(TenantId tenant, string order, decimal amount) => AppendAsync(tenant, order, new LineAdded(amount));

        /// <summary>The rows, once they show all that these tenants' logs have now.</summary>
        public async Task<ReadModels<OrderSummary>> FreshAsync(params TenantId[] tenants)
        {
            foreach (var tenant in tenants)
            {
                var head = (await Store.ReadHeadAsync(tenant, Soon)).Position;
                await Models.WaitAsync<OrderSummaries>(tenant, ReadFreshness.AtLeast(head, TimeSpan.FromSeconds(60)), Soon);
            }

            return Rows;
        }

        public Task FoldedAsync(TenantId tenant, int generation, long position) =>
            Store.WaitForCheckpointAsync(TenantId.Platform, $"order-summaries@{tenant}@{generation}", LogPosition.Of(position), Soon).AsTask();

        /// <summary>Waits until no tenant has a checkpoint in a generation any more. The shared state counts its changes, and striking it off is one.</summary>
        public async Task ForgottenAsync(int generation)
        {
            for (var revision = LogPosition.Start; ; revision = revision.Next())
            {
                await Store.WaitForCheckpointAsync(TenantId.Platform, "order-summaries@state", revision, Soon);
                var page = await Store.ReadCheckpointsAsync(TenantId.Platform, "order-summaries@", 100, Soon);
                if (!page.Any(one => one.Name.EndsWith($"@{generation}", StringComparison.Ordinal)))
                    return;
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _services.DisposeAsync();
            _deadline.Dispose();
        }

        private async Task AppendAsync(TenantId tenant, string order, object @event) => (await Store.CommitAsync(
            Commit.For(tenant).Append(new StreamId("order", order), ExpectedVersion.Any, Serializer.Serialize(@event)), Soon)).Demand();
    }
}
