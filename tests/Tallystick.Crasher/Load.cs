using System.Globalization;
using System.Text;
using Tallystick.Events;
using Tallystick.Sqlite;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;

namespace Tallystick.Crasher;

/// <summary>
/// Several writers over several tenants, and a projection, until the process is killed or is told (by the end of its input) to close.
/// A commit is printed only after the store has acknowledged it.
/// </summary>
public sealed class Load(string path, int seed, int tailEventsMax, int checkpointPages)
{
    private const int Writers = 6;

    private readonly Lock _output = new();
    private readonly Stream _stdout = Console.OpenStandardOutput();
    private volatile bool _closing;

    public static TenantId[] Tenants { get; } = [TenantId.Parse("acme"), TenantId.Parse("globex"), TenantId.Parse("initech")];

    public async Task<int> RunAsync()
    {
        Print("opening");
        var store = SqliteStore.Open(path, new SqliteStoreOptions { TailEventsMax = tailEventsMax, CheckpointPages = checkpointPages });
        var host = new SubscriptionHost(
            store, GroupTotals.Serializer, [new GroupTotals()], [], new SubscriptionOptions { LiveBatchLength = 50, IdleCheckpointInterval = 100 });
        foreach (var tenant in Tenants)
            host.AddTenant(tenant);
        await host.StartAsync(CancellationToken.None);
        Print("ready");
        var writers = Enumerable.Range(0, Writers).Select(n => Task.Run(() => WriteAsync(store, n))).ToArray();
        await Task.Run(Console.In.ReadToEnd);
        _closing = true;
        await Task.WhenAll(writers);
        Print("closing");
        await host.DisposeAsync();
        await store.DisposeAsync();
        Print("closed");
        return 0;
    }

    private async Task WriteAsync(SqliteStore store, int writer)
    {
        var random = new Random(HashCode.Combine(seed, writer));
        for (var n = 0; !_closing; n++)
        {
            var name = $"{seed}.{writer}.{n}";
            var tenant = Tenants[random.Next(Tenants.Length)];
            var commit = await DrawAsync(store, random, tenant, writer, name);
            if (await store.CommitAsync(commit, CancellationToken.None) is not CommitResult.Committed done)
                continue;
            Print(new Acknowledgement(
                name, tenant.Value, done.FirstPosition.Value, done.Position.Value, done.IsReplay, commit.Key?.Value ?? "",
                [.. done.Streams.Select(head => $"{head.Stream}={head.Version}")],
                [.. commit.Appends.SelectMany(append => append.Events).Select(e => e.Id)]).ToString());
        }
    }

    private static async Task<Commit> DrawAsync(SqliteStore store, Random random, TenantId tenant, int writer, string name)
    {
        var commit = Commit.For(tenant).From(new EventMetadata(CorrelationId: name));
        switch (random.Next(6))
        {
            case 0: // Several streams, each at the version that was read.
                var streams = Enumerable.Range(0, 20).OrderBy(_ => random.Next()).Take(3).Select(n => new StreamId("account", $"{n}")).ToArray();
                for (var i = 0; i < streams.Length; i++)
                {
                    var version = await store.ReadStreamVersionAsync(tenant, streams[i], CancellationToken.None);
                    commit = commit.Append(streams[i], ExpectedVersion.Exactly(version), Event(name, i, streams.Length, random));
                }

                return commit;
            case 1: // An event, a document and a checkpoint that must agree.
                return await LedgerAsync(store, commit, tenant, writer, name);
            case 2: // A rule that spans streams: a seat is taken once.
                var seat = $"{random.Next(3000)}";
                return commit
                    .Require(EventQuery.Tagged($"seat:{seat}"), LogPosition.Start)
                    .Append(new StreamId("seats", $"{writer}"), ExpectedVersion.Any, GroupTotals.Serializer.Serialize(new Ignored(name, 0, 1, seat)));
            case 3: // A key that others use at the same time, and that runs before this one may have used.
                return commit
                    .Append(new StreamId("shared", $"{random.Next(10)}"), ExpectedVersion.Any, Event(name, 0, 2, random), Event(name, 1, 2, random))
                    .Once(new IdempotencyKey($"shared {random.Next(4000)}"));
            case 4:
                return commit
                    .Append(new StreamId("keyed", $"{random.Next(50)}"), ExpectedVersion.Any, Event(name, 0, 1, random))
                    .Once(new IdempotencyKey($"own {name}", name));
            default:
                var count = random.Next(1, 5);
                return commit.Append(
                    new StreamId("plain", $"{random.Next(50)}"), ExpectedVersion.Any,
                    [.. Enumerable.Range(0, count).Select(i => Event(name, i, count, random))]);
        }
    }

    private static async Task<Commit> LedgerAsync(SqliteStore store, Commit commit, TenantId tenant, int writer, string name)
    {
        var ledger = $"ledger-{writer}";
        var count = await store.ReadCheckpointAsync(tenant, ledger, CancellationToken.None) ?? LogPosition.Start;
        var body = Encoding.UTF8.GetBytes(count.Next().ToString());
        var entry = new IndexEntry("count", IndexValue.From(count.Next().Value));
        return commit
            .Append(StreamId.Parse(ledger), ExpectedVersion.Exactly(count.Value), GroupTotals.Serializer.Serialize(new Ignored(name, 0, 1, null)))
            .Change(new DocumentChange.Put(new CollectionId("ledgers", 1), new Document(ledger, body, [entry], count.Next())))
            .Change(new DocumentChange.Activate(new CollectionId("ledgers", 1)))
            .Save(ledger, count.Next(), count);
    }

    private static NewEvent Event(string commit, int index, int of, Random random) => random.Next(4) == 0
        ? GroupTotals.Serializer.Serialize(new Ignored(commit, index, of, null))
        : GroupTotals.Serializer.Serialize(new Counted(
            commit, index, of, random.Next(100).ToString(CultureInfo.InvariantCulture), random.Next(1000)));

    private void Print(string line)
    {
        var bytes = Encoding.UTF8.GetBytes(line + "\n");
        lock (_output)
            _stdout.Write(bytes);
    }
}
