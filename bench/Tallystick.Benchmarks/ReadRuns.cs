using System.Collections.Immutable;
using System.Diagnostics;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Sqlite;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;

namespace Tallystick.Benchmarks;

/// <summary>Reads, folds and rebuilds, beside a bare read of the same number of rows.</summary>
internal static class ReadRuns
{
    private const int StreamLength = 10_000, LogLength = 200_000, FoldLength = 1000, RebuildLength = 50_000, Page = 1000;

    private static readonly TenantId Tenant = TenantId.Parse("acme");
    private static readonly StreamId LongStream = new("order", "long");

    public static async Task RunAsync()
    {
        Report.Title("Reads");
        using var folder = new Folder();
        FillBare(folder.File("bare-stream.db"), StreamLength);
        FillBare(folder.File("bare-log.db"), LogLength);
        await using (var store = SqliteStore.Open(folder.File("stream.db")))
        {
            await FillAsync(store, StreamLength, _ => LongStream);
            await PairAsync($"stream of {StreamLength:#,0}, deserialised", () => BareReads.Run(folder.File("bare-stream.db"), true), () => ReadStreamAsync(store));
            await FoldAsync(store);
        }

        await using (var store = SqliteStore.Open(folder.File("log.db")))
        {
            await FillAsync(store, LogLength, number => new StreamId("order", $"{number % 5000}"));
            await PairAsync($"log of {LogLength:#,0}", () => BareReads.Run(folder.File("bare-log.db"), false), () => ReadLogAsync(store));
        }
    }

    public static async Task RunRebuildAsync()
    {
        Report.Title("Rebuild");
        using var folder = new Folder();
        FillBare(folder.File("bare-rebuild.db"), RebuildLength);
        await using var store = SqliteStore.Open(folder.File("rebuild.db"));
        await FillAsync(store, RebuildLength, number => new StreamId("order", $"{number % 1000}"));
        await PairAsync(
            $"rebuild {RebuildLength:#,0} into 1,000 documents", () => BareReads.Run(folder.File("bare-rebuild.db"), true), () => RebuildAsync(store));
    }

    /// <summary>The two take turns for some seconds, since .NET's compiler needs that long to be done with them; the best of each is kept.</summary>
    private static async Task PairAsync(string name, Func<double> bare, Func<Task<double>> ours)
    {
        double bestBare = 0, bestOurs = 0;
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromSeconds(6);)
        {
            bestBare = Math.Max(bestBare, bare());
            bestOurs = Math.Max(bestOurs, await ours());
        }

        Report.Ratio(name, bestOurs, bestBare, "events/s");
    }

    private static void FillBare(string path, int count)
    {
        using var bare = new BareLoop(path, false, true);
        var last = Task.CompletedTask;
        for (var i = 0; i < count; i++)
            last = bare.AppendAsync($"order-{i % 5000}", i, Payloads.Json(i));
        last.Wait();
    }

    private static async Task FillAsync(SqliteStore store, int count, Func<int, StreamId> stream)
    {
        var pending = new List<Task>();
        for (var i = 0; i < count; i++)
        {
            pending.Add(store.CommitAsync(Commit.For(Tenant).Append(stream(i), ExpectedVersion.Any, Payloads.Event(i)), default).AsTask());
            if (pending.Count == 1000)
            {
                await Task.WhenAll(pending);
                pending.Clear();
            }
        }

        await Task.WhenAll(pending);
    }

    private static async Task<double> ReadStreamAsync(SqliteStore store)
    {
        var clock = Stopwatch.StartNew();
        var from = StreamVersion.None;
        var count = 0;
        while (true)
        {
            var page = await store.ReadStreamAsync(Tenant, new StreamRead(LongStream, from, Page), default);
            if (page.IsEmpty)
                break;
            foreach (var e in page)
                BenchApplication.Serializer.Deserialize(e);
            count += page.Length;
            from = page[^1].Version.Next();
        }

        return count / clock.Elapsed.TotalSeconds;
    }

    private static async Task<double> ReadLogAsync(SqliteStore store)
    {
        var clock = Stopwatch.StartNew();
        var after = LogPosition.Start;
        var count = 0;
        while (true)
        {
            var page = await store.ReadLogAsync(Tenant, new LogRead(after, Page), default);
            if (page.Events.IsEmpty)
                break;
            count += page.Events.Length;
            after = page.Through;
        }

        return count / clock.Elapsed.TotalSeconds;
    }

    private static async Task FoldAsync(SqliteStore store)
    {
        var stream = new StreamId("order", "thousand");
        var events = ImmutableArray.CreateBuilder<NewEvent>();
        for (var i = 0; i < FoldLength; i++)
            events.Add(Payloads.Event(i));
        await store.CommitAsync(Commit.For(Tenant).Append(stream, ExpectedVersion.Any, events.DrainToImmutable()), default);
        var best = TimeSpan.MaxValue;
        for (var warm = Stopwatch.StartNew(); warm.Elapsed < TimeSpan.FromSeconds(4);)
        {
            var processor = new CommandProcessor(store, Deciders.Of(new BenchDecider()), BenchApplication.Serializer);
            var clock = Stopwatch.StartNew();
            await processor.States.LoadAsync<BenchState>(Tenant, stream, default);
            best = clock.Elapsed < best ? clock.Elapsed : best;
        }

        Report.Figure($"fold a stream of {FoldLength:#,0} (to reach: under 3)", best.TotalMilliseconds, "ms");
    }

    private static async Task<double> RebuildAsync(SqliteStore store)
    {
        await using var host = new SubscriptionHost(store, BenchApplication.Serializer, [new BenchProjection()], []);
        host.AddTenant(Tenant);
        await host.StartAsync(default);
        await host.WaitForStatusAsync(Tenant, "bench", status => status.State == SubscriptionState.Live, default);
        var clock = Stopwatch.StartNew();
        await host.RebuildAsync(Tenant, "bench", default);
        await host.WaitForStatusAsync(Tenant, "bench", status => status.State == SubscriptionState.Live, default);
        return RebuildLength / clock.Elapsed.TotalSeconds;
    }
}
