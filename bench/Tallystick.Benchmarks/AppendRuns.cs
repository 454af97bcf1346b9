using System.Collections.Immutable;
using System.Diagnostics;
using Tallystick.Events;
using Tallystick.Sqlite;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Benchmarks;

/// <summary>Commits per second, beside the bare loop.</summary>
internal static class AppendRuns
{
    private static readonly TenantId Tenant = TenantId.Parse("acme");

    public static async Task RunAsync(TimeSpan time)
    {
        Report.Title($"Appends ({Payloads.Bytes}-byte events, {time.TotalSeconds:0.#} s a run)");
        await PairAsync("1 writer, 1 event", () => BareAlone(time), () => StoreAsync(1, 1, time));
        await PairAsync("16 writers, 1 event", () => BareAsync(16, 1, false, time), () => StoreAsync(16, 1, time));
        await PairAsync("256 writers, 1 event", () => BareAsync(256, 1, false, time), () => StoreAsync(256, 1, time));
        await PairAsync("256 writers, new stream each", () => BareAsync(256, 1, false, time), () => StoreAsync(256, 1, time, newStreams: true));
        await PairAsync("256 writers, bare with a stream index", () => BareAsync(256, 1, true, time), () => StoreAsync(256, 1, time));
        await PairAsync("16 writers, 100 events", () => BareAsync(16, 100, false, time), () => StoreAsync(16, 100, time));
    }

    /// <summary>The store alone, for a profiler.</summary>
    public static async Task RunBatchesAsync(TimeSpan time) =>
        Report.Figure("16 writers, 100 events", await StoreAsync(16, 100, time), "events/s");

    private static async Task PairAsync(string name, Func<Task<double>> bare, Func<Task<double>> store)
    {
        // The two take turns, so that a neighbour's noise hits both; the best of each is kept.
        double bestBare = 0, bestStore = 0;
        for (var round = 0; round < 3; round++)
        {
            bestBare = Math.Max(bestBare, await bare());
            bestStore = Math.Max(bestStore, await store());
        }

        Report.Ratio(name, bestStore, bestBare, "events/s");
    }

    private static Task<double> BareAlone(TimeSpan time)
    {
        using var folder = new Folder();
        using var bare = new BareLoop(folder.File("bare.db"), false, false);
        var payload = Payloads.Json(1);
        var clock = Stopwatch.StartNew();
        long count = 0;
        while (clock.Elapsed < time)
            bare.AppendAlone("order-1", ++count, payload);
        return Task.FromResult(count / clock.Elapsed.TotalSeconds);
    }

    private static async Task<double> BareAsync(int writers, int events, bool index, TimeSpan time)
    {
        using var folder = new Folder();
        using var bare = new BareLoop(folder.File("bare.db"), index, true);
        return await MeasureAsync(writers, events, time, async (writer, turn) =>
        {
            var payloads = new byte[events][];
            for (var i = 0; i < events; i++)
                payloads[i] = Payloads.Json(turn);
            await bare.AppendAsync($"order-{writer}", turn * events, payloads);
        });
    }

    private static async Task<double> StoreAsync(int writers, int events, TimeSpan time, bool newStreams = false)
    {
        using var folder = new Folder();
        await using var store = SqliteStore.Open(folder.File("store.db"));
        var streams = Enumerable.Range(0, writers).Select(writer => new StreamId("order", $"{writer}")).ToArray();
        return await MeasureAsync(writers, events, time, async (writer, turn) =>
        {
            var appended = ImmutableArray.CreateBuilder<NewEvent>(events);
            for (var i = 0; i < events; i++)
                appended.Add(Payloads.Event(turn));
            var stream = newStreams ? new StreamId("order", $"{turn}-{writer}") : streams[writer];
            var expected = newStreams ? ExpectedVersion.NoStream : ExpectedVersion.Exactly(turn * events);
            (await store.CommitAsync(Commit.For(Tenant).Append(stream, expected, appended.MoveToImmutable()), default)).Demand();
        });
    }

    /// <summary>Events per second of writers that each append as fast as they are answered.</summary>
    public static async Task<double> MeasureAsync(int writers, int events, TimeSpan time, Func<int, long, Task> append)
    {
        var turns = new long[writers];
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            long turn = 0;
            while (clock.Elapsed < time)
                await append(writer, turn++);
            turns[writer] = turn;
        })));
        return turns.Sum() * events / clock.Elapsed.TotalSeconds;
    }
}
