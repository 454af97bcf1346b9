using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Simulations;
using Tallystick.Testing.Stores;
using Tallystick.Tests.Tenancy;
using Tallystick.Tests.Testing.Conformance;

namespace Tallystick.Tests.Nodes;

/// <summary>
/// Whole applications as several processes over several databases: the main one, the shard <c>eu-2</c>, a database for each tenant
/// (<c>own</c>), and one for each tenant that only one process can have (<c>file</c>).
/// </summary>
internal sealed class DividedNodes : IDisposable
{
    public static readonly Placement Shard = new Placement.Shared("eu-2"), Own = new Placement.Dedicated("own"), Alone = new Placement.Dedicated("file");

    /// <summary>What runs for each tenant.</summary>
    public static readonly ImmutableArray<string> Names = [NoteList.ListName, AllNotes.ListName, "note-echo"];

    private readonly SortedDictionary<string, InMemoryStore> _databases = new(StringComparer.Ordinal);

    public Machines Machines { get; } = new();

    public void Dispose() => Machines.Dispose();

    /// <summary>A database, whoever has it open.</summary>
    public IStore Database(string name)
    {
        if (name == "main")
            return Machines.Database;
        if (!_databases.TryGetValue(name, out var store))
            _databases.Add(name, store = new InMemoryStore(new StoreOptions { Time = Machines.Time }));
        return store;
    }

    public DividedNode Start(string name, int partitions = 4, TimeSpan? idle = null)
    {
        var node = new DividedNode(this, name, partitions, idle ?? TimeSpan.FromHours(1));
        var started = node.Machine.Do(() => node.Get<TallystickRuntime>().StartAsync(CancellationToken.None));
        Machines.RunUntil(() => started.IsCompletedSuccessfully, TimeSpan.Zero, $"{name} starts");
        return node;
    }

    /// <summary>Until every tenant's work is done: each piece by exactly one of these nodes.</summary>
    public void RunUntilDone(TimeSpan within, TenantId[] tenants, params DividedNode[] nodes) => Machines.RunUntil(
        () => tenants.All(tenant => Names.All(name => nodes.Count(node => node.Status(tenant, name) is { State: SubscriptionState.Live } status
            && status.Position == HeadOf(tenant, node)) == 1)),
        within, $"everything is done by {string.Join(" and ", nodes.Select(node => node.Machine.Name))}");

    public ImmutableArray<LeaseState> Leases(string database) =>
        Machines.Get(Database(database).ReadLeasesAsync(TenantId.Platform, new LeaseRead("", 1000), CancellationToken.None).AsTask());

    public string[] HoldersOf(string database) =>
        [.. Leases(database).Where(lease => lease.Name.StartsWith("work/0", StringComparison.Ordinal)).Select(lease => lease.Owner ?? "").Distinct().Order(StringComparer.Ordinal)];

    public static string NameOf(Placement placement, TenantId tenant) => placement switch
    {
        Placement.Shared(var name) => name,
        Placement.Dedicated(var kind) => $"{kind}/{tenant}",
        _ => throw new InvalidOperationException(),
    };

    /// <summary>The rows of all tenants, as they are stored.</summary>
    public string[] PlatformRows() =>
        [.. Machines.Get(Database("main").QueryDocumentsAsync(TenantId.Platform, new DocumentQuery(AllNotes.ListName) { Limit = 1000 }, CancellationToken.None).AsTask()).Items.Select(row => row.Key)];

    public ImmutableArray<RecordedEvent> Log(string database, TenantId tenant) =>
        Machines.Get(Database(database).ReadLogAsync(tenant, new LogRead(LogPosition.Start, 1000), CancellationToken.None).AsTask()).Events;

    private LogPosition HeadOf(TenantId tenant, DividedNode node) =>
        Database(NameOf(node.Placements[tenant.Value], tenant)).ReadHeadAsync(tenant, CancellationToken.None).AtOnce().Position;
}

/// <summary>One process of them.</summary>
internal sealed class DividedNode
{
    private readonly DividedNodes _nodes;
    private readonly ServiceProvider _services;

    public DividedNode(DividedNodes nodes, string name, int partitions, TimeSpan idle)
    {
        _nodes = nodes;
        Machine = nodes.Machines.Add(name);
        var services = new ServiceCollection();
        services.AddSingleton(Machine.Time).AddSingleton<Entropy>(new SeededEntropy(name.Length)).AddSingleton<IStore>(Machine.Store);
        services.AddTallystick(app => app
            .AddDecider<NoteDecider>().AddProjection<NoteList>().AddPlatformProjection<AllNotes>().AddSubscription<NoteEcho>().AddEvents(typeof(NoteEchoed))
            .AddDatabase("eu-2", _ => Open("eu-2", isShared: true))
            .AddDedicated("own", (_, tenant) => Open($"own/{tenant}", isShared: true), (_, _, _) => ValueTask.CompletedTask)
            .AddDedicated("file", (_, tenant) => Open($"file/{tenant}", isShared: false), (_, _, _) => ValueTask.CompletedTask)
            .ConfigureNodes(options => options with { NodeId = name, WorkPartitions = partitions })
            .ConfigureTenants(options => options with { DatabaseIdleTimeout = idle })
            .ConfigureSubscriptions(options => options with { RetryDelayFirst = TimeSpan.FromSeconds(1), RetryDelayMax = TimeSpan.FromSeconds(1) }));
        _services = services.BuildServiceProvider();
    }

    public Machine Machine { get; }

    /// <summary>The databases beside the main one that this process has opened, by name: the last opening counts.</summary>
    public SortedDictionary<string, FaultyStore> Opened { get; } = new(StringComparer.Ordinal);

    /// <summary>Those of them that are open.</summary>
    public SortedSet<string> OpenNow { get; } = new(StringComparer.Ordinal);

    /// <summary>Where tenants were created.</summary>
    public SortedDictionary<string, Placement> Placements { get; } = new(StringComparer.Ordinal);

    /// <summary>What is to go wrong in a database from now on, also if it is opened later.</summary>
    public SortedDictionary<string, StoreFault> Faults { get; } = new(StringComparer.Ordinal);

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public SubscriptionStatus? Status(TenantId tenant, string name) => Get<SubscriptionHost>().Status(tenant).SingleOrDefault(status => status.Name == name);

    public bool IsRunning(TenantId tenant, string name) => Status(tenant, name) is { State: not (SubscriptionState.Elsewhere or SubscriptionState.Ended) };

    /// <summary>Creates tenants and lets other nodes know where they are, for the tests' sake.</summary>
    public TenantId[] Create(Placement placement, params string[] names)
    {
        var tenants = names.Select(TenantId.Parse).ToArray();
        foreach (var tenant in tenants)
        {
            Placements[tenant.Value] = placement;
            Do(async () => Assert.IsType<CommandResult.Accepted>(await Get<Tenants>().ExecuteAsync(tenant, new TenantCommand.Create(tenant.Value, placement), null, CancellationToken.None)));
        }

        return tenants;
    }

    public DividedNode Knowing(DividedNode other)
    {
        foreach (var (tenant, placement) in other.Placements)
            Placements[tenant] = placement;
        return this;
    }

    public void Write(TenantId tenant, string id, string text = "x") => Do(async () => Assert.IsType<CommandResult.Accepted>(
        await (await Get<Tenants>().GetAsync(tenant, CancellationToken.None)).ExecuteAsync(new StreamId("note", id), new NoteCommand.Write(text, "ann"), CancellationToken.None)));

    public void Tell(TenantId tenant, TenantCommand command) =>
        Do(async () => Assert.IsType<CommandResult.Accepted>(await Get<Tenants>().ExecuteAsync(tenant, command, null, CancellationToken.None)));

    /// <summary>Opens a tenant's database here by reading something.</summary>
    public void Visit(TenantId tenant) => Do(async () => await Get<IStore>().ReadHeadAsync(tenant, CancellationToken.None));

    public void Do(Func<Task> work)
    {
        var done = Machine.Do(work);
        _nodes.Machines.RunUntil(() => done.IsCompleted, TimeSpan.FromSeconds(5), "it is done");
        done.GetAwaiter().GetResult();
    }

    private FaultyStore Open(string name, bool isShared)
    {
        var store = new FaultyStore(new Kept(this, name, _nodes.Database(name))) { IsShared = isShared };
        if (Faults.TryGetValue(name, out var fault))
            store.Inject(fault);
        Opened[name] = store;
        OpenNow.Add(name);
        return store;
    }

    /// <summary>What closing leaves as it is.</summary>
    private sealed class Kept(DividedNode node, string name, IStore inner) : PassThroughStore(inner)
    {
        protected override ValueTask CloseAsync()
        {
            node.OpenNow.Remove(name);
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>The notes of all tenants.</summary>
public sealed class AllNotes : Projection<NoteLine>
{
    public const string ListName = "all-notes";

    public AllNotes()
        : base(ListName, version: 1) => Upsert<NoteEvent.Written>((_, at) => at.Stream.Key, (_, e, at) => new NoteLine(at.Stream.Key, e.Text, e.Author));
}

[EventType("note.echoed")]
public sealed record NoteEchoed(string Text);

/// <summary>Answers each note, once.</summary>
public sealed class NoteEcho : Subscription
{
    public NoteEcho()
        : base("note-echo") => On<NoteEvent.Written>((written, context, _) => new(new Verdict.Complete(
            context.BeginCommit().Append(new StreamId("echo", context.At.Stream.Key), ExpectedVersion.Any, context.NewEvent(new NoteEchoed(written.Text))))));
}
