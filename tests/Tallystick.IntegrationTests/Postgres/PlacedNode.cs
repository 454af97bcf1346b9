using Microsoft.Extensions.DependencyInjection;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;

namespace Tallystick.IntegrationTests.Postgres;

/// <summary>
/// An application with every kind of database: the main one and a shard in schemas of a PostgreSQL database, a PostgreSQL database for each
/// tenant, and a SQLite file for each tenant.
/// </summary>
internal sealed class PlacedNode : IAsyncDisposable
{
    public static readonly Placement Shard = new Placement.Shared("eu-2"), Own = new Placement.Dedicated("postgres"), File = new Placement.Dedicated("file");

    private readonly ServiceProvider _services;

    public PlacedNode(PostgresSchema main, PostgresSchema shard, string files, Func<TenantOptions, TenantOptions>? tenants = null, TimeProvider? time = null) =>
        _services = new ServiceCollection().AddSingleton(time ?? TimeProvider.System)
            .AddTallystick(app => app
                .UsePostgres(main.RequestConnection, options => options with { Time = TimeProvider.System, Schema = main.Name, OwnerConnectionString = main.OwnerConnection })
                .AddPostgresDatabase("eu-2", shard.RequestConnection, options => options with { Time = TimeProvider.System, Schema = shard.Name, OwnerConnectionString = shard.OwnerConnection })
                .AddPostgresDatabases(main.RequestConnection, main.OwnerConnection, prefix: PrefixOf(main), change: options => options with { Time = TimeProvider.System })
                .AddSqliteFiles(files)
                .ConfigureTenants(tenants ?? (options => options))
                .ConfigureNodes(options => options with { WorkPartitions = 4, HeartbeatInterval = TimeSpan.FromMilliseconds(500), LeaseDuration = TimeSpan.FromSeconds(2) })
                .AddEvents(typeof(Placed)).AddProjection<PlacedList>().AddPlatformProjection<PlacedEverywhere>())
            .BuildServiceProvider();

    public static string PrefixOf(PostgresSchema main) => $"{main.Name}_";

    public IStore Store => Get<IStore>();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public Task StartAsync() => Get<TallystickRuntime>().StartAsync(Token);

    public async Task<TenantId> CreateAsync(string name, Placement placement)
    {
        var tenant = TenantId.Parse(name);
        Assert.IsType<CommandResult.Accepted>(await Get<Tenants>().ExecuteAsync(tenant, new TenantCommand.Create(name, placement), null, Token));
        return tenant;
    }

    public async Task<LogPosition> WriteAsync(TenantId tenant, string text)
    {
        var commit = Commit.For(tenant).Append(new StreamId("order", text), ExpectedVersion.NoStream, Get<EventSerializer>().Serialize(new Placed(text)));
        return (await Store.CommitAsync(commit, Token)).Demand().Position;
    }

    /// <summary>Demands that both projections show an event, whichever node runs them.</summary>
    public async Task DemandProjectedAsync(TenantId tenant, string text)
    {
        var fresh = ReadFreshness.AtLeast((await Store.ReadHeadAsync(tenant, Token)).Position, TimeSpan.FromSeconds(60));
        var models = (await Get<Tenants>().GetAsync(tenant, Token)).ReadModels<PlacedRow>();
        Assert.Equal(text, (await models.FindAsync(text, fresh, Token)).Value?.Text);
        await Get<PlatformReadModels>().WaitAsync<PlacedEverywhere>(tenant, fresh, Token);
        Assert.Equal(text, (await Get<PlatformReadModels>().For<PlacedTotal>().FindAsync($"{tenant}/{text}", default, Token)).Value?.Text);
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}

[EventType("thing.placed")]
public sealed record Placed(string Text);

public sealed record PlacedRow(string Text);

public sealed record PlacedTotal(string Text);

/// <summary>What a tenant has.</summary>
public sealed class PlacedList : Projection<PlacedRow>
{
    public const string ListName = "placed";

    public PlacedList()
        : base(ListName, version: 1) => Upsert<Placed>((_, at) => at.Stream.Key, (_, e, _) => new PlacedRow(e.Text));
}

/// <summary>What all have.</summary>
public sealed class PlacedEverywhere : Projection<PlacedTotal>
{
    public const string ListName = "placed-everywhere";

    public PlacedEverywhere()
        : base(ListName, version: 1) => Upsert<Placed>((_, at) => at.Stream.Key, (_, e, _) => new PlacedTotal(e.Text));
}

/// <summary>A clock that can be stopped: then no timer goes off any more, as in a process that was suspended.</summary>
internal sealed class StoppableTime : TimeProvider
{
    private volatile bool _isStopped;

    public void Stop() => _isStopped = true;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => System.CreateTimer(
        given =>
        {
            if (!_isStopped)
                callback(given);
        },
        state, dueTime, period);
}
