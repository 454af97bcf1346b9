using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Tallystick.Events;
using Tallystick.Sqlite;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Benchmarks;

/// <summary>
/// What one tenant's callers wait for a commit, alone and while another tenant sends as many commits as the store takes. The victim has a few
/// callers, each of which waits for its commit and then sends the next one.
/// </summary>
internal static class FairnessRuns
{
    private const int VictimCallers = 4, FloodCallers = 512, Rounds = 3;

    private static readonly TenantId Victim = TenantId.Parse("victim");
    private static readonly TenantId Flooder = TenantId.Parse("flooder");

    public static async Task RunAsync(TimeSpan time)
    {
        Report.Title($"Fairness ({VictimCallers} callers of one tenant, {FloodCallers} of another, {time.TotalSeconds:0.#} s a run)");
        Latencies? alone = null, beside = null;
        for (var round = 0; round < Rounds; round++)
        {
            alone = Best(alone, await MeasureAsync(0, time));
            beside = Best(beside, await MeasureAsync(FloodCallers, time));
        }

        Report.Figure("alone, median", alone!.Median * 1000, "ms");
        Report.Figure("alone, p99", alone.P99 * 1000, "ms");
        Report.Figure("beside a flood, median", beside!.Median * 1000, "ms");
        Report.Figure("beside a flood, p99", beside.P99 * 1000, "ms");
        Report.Figure("commits of the flood meanwhile", beside.Flooded, "commits/s");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{beside.P99 / alone.P99,6:0.00}  times the p99"));
    }

    private static Latencies Best(Latencies? before, Latencies now) => before is null || now.P99 < before.P99 ? now : before;

    private static async Task<Latencies> MeasureAsync(int floodCallers, TimeSpan time)
    {
        using var folder = new Folder();
        await using var store = SqliteStore.Open(folder.File("store.db"));
        using var ends = new CancellationTokenSource();
        var flooded = new long[Math.Max(1, floodCallers)];
        var flood = Enumerable.Range(0, floodCallers).Select(caller => Task.Run(async () =>
        {
            var stream = new StreamId("order", $"{caller}");
            for (long turn = 0; !ends.IsCancellationRequested; turn++, flooded[caller]++)
                await AppendAsync(store, Flooder, stream, turn);
        })).ToArray();
        await WarmUpAsync(store);
        var before = flooded.Sum();
        var clock = Stopwatch.StartNew();
        var samples = await Task.WhenAll(Enumerable.Range(0, VictimCallers).Select(caller => Task.Run(async () =>
        {
            var stream = new StreamId("order", $"{caller}");
            var taken = new List<double>();
            for (long turn = 0; clock.Elapsed < time; turn++)
            {
                var started = Stopwatch.GetTimestamp();
                await AppendAsync(store, Victim, stream, turn);
                taken.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
            }

            return taken;
        })));
        var perSecond = (flooded.Sum() - before) / clock.Elapsed.TotalSeconds;
        await ends.CancelAsync();
        await Task.WhenAll(flood);
        var sorted = samples.SelectMany(one => one).Order().ToArray();
        return new Latencies(sorted[sorted.Length / 2], sorted[(int)(sorted.Length * 0.99)], perSecond);
    }

    private static async Task WarmUpAsync(SqliteStore store)
    {
        for (var turn = 0; turn < 500; turn++)
            await AppendAsync(store, TenantId.Parse("early"), new StreamId("order", "1"), turn);
    }

    private static async Task AppendAsync(SqliteStore store, TenantId tenant, StreamId stream, long turn) =>
        (await store.CommitAsync(
            Commit.For(tenant).Append(stream, ExpectedVersion.Exactly(turn), ImmutableArray.Create(Payloads.Event(turn))), default)).Demand();

    private sealed record Latencies(double Median, double P99, double Flooded);
}
