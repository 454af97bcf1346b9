using System.Diagnostics;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Pipeline;
using Tallystick.Sqlite;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Benchmarks;

/// <summary>What the pipeline and a command cost beside what they wrap.</summary>
internal static class CommandRuns
{
    private static readonly TenantId Tenant = TenantId.Parse("acme");
    private static readonly StreamId Stream = new("order", "1");

    public static async Task RunAsync()
    {
        Report.Title("Pipeline and commands");
        MeasurePipeline();
        await MeasureCommandAsync();
    }

    private static void MeasurePipeline()
    {
        const int Calls = 20_000_000;
        var pipeline = new PipelineBuilder<int, int>()
            .Use("one", (request, next, token) => next(request, token))
            .Use("two", (request, next, token) => next(request, token))
            .Build((request, _) => new ValueTask<int>(request + 1));
        double best = double.MaxValue;
        long allocated = 0, sum = 0;
        for (var round = 0; round < 5; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var clock = Stopwatch.StartNew();
            for (var i = 0; i < Calls; i++)
            {
                var call = pipeline.InvokeAsync(i, default);
                if (!call.IsCompletedSuccessfully)
                    throw new InvalidOperationException("A pass-through pipeline completes at once.");
                sum += call.Result;
            }

            best = Math.Min(best, clock.Elapsed.TotalNanoseconds / Calls);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Report.Figure("pipeline of 2 steps (to reach: under 40)", best, "ns");
        Report.Figure("  allocated by a call", sum == 0 ? -1 : (double)allocated / Calls, "bytes");
    }

    /// <summary>Processor time, not wall time: the wait for the disk is the store's own cost and the same in both.</summary>
    private static async Task MeasureCommandAsync()
    {
        const int Calls = 20_000;
        using var folder = new Folder();
        await using var store = SqliteStore.Open(folder.File("store.db"));
        var processor = new CommandProcessor(store, Deciders.Of(new BenchDecider()), BenchApplication.Serializer);
        double bestBare = double.MaxValue, bestCommand = double.MaxValue;
        long version = 0;
        for (var round = 0; round < 4; round++)
        {
            var other = new StreamId("order", $"bare-{round}");
            bestBare = Math.Min(bestBare, await CpuAsync(Calls, async i =>
            {
                var e = BenchApplication.Serializer.Serialize(new BenchEvent(i, "customer-1", "EUR", 12.50m, new string('x', 100)));
                (await store.CommitAsync(Commit.For(Tenant).Append(other, ExpectedVersion.Exactly(i), e), default)).Demand();
            }));
            bestCommand = Math.Min(bestCommand, await CpuAsync(Calls, async i =>
            {
                if (await processor.ExecuteAsync(new CommandRequest(Tenant, Stream, new BenchCommand(i)), default) is not CommandResult.Accepted)
                    throw new InvalidOperationException("A command was not accepted.");
                version++;
            }));
        }

        Report.Figure("serialise and commit alone", bestBare, "us of CPU");
        Report.Figure("a command on a warm aggregate", bestCommand, "us of CPU");
        Report.Figure("  added by the command (to reach: under 20)", bestCommand - bestBare, "us of CPU");
    }

    private static async Task<double> CpuAsync(int calls, Func<long, Task> call)
    {
        var process = Process.GetCurrentProcess();
        process.Refresh();
        var before = process.UserProcessorTime;
        for (var i = 0; i < calls; i++)
            await call(i);
        process.Refresh();
        return (process.UserProcessorTime - before).TotalMicroseconds / calls;
    }
}
