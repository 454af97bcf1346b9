using System.Collections.Immutable;
using System.Diagnostics;
using Tallystick.Events;
using Tallystick.Sqlite;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Benchmarks;

/// <summary>A store of a million events: memory while it is filled, and how long it takes to open.</summary>
internal static class MillionRuns
{
    private const int Events = 1_000_000, PerCommit = 10, Writers = 64;

    private static readonly TenantId Tenant = TenantId.Parse("acme");

    public static async Task RunAsync()
    {
        Report.Title("A million events");
        using var folder = new Folder();
        var path = folder.File("million.db");
        await using (var store = SqliteStore.Open(path))
        {
            for (var tenth = 1; tenth <= 10; tenth++)
            {
                await FillAsync(store, tenth);
                if (tenth is 1 or 2 or 5 or 10)
                    Report.Figure($"managed memory after {tenth * Events / 10:#,0}", GC.GetTotalMemory(forceFullCollection: true) / 1024.0 / 1024, "MiB");
            }
        }

        await OpenAsync(path, "after a clean stop");
        File.Copy(path, folder.File("crashed.db"));
        await using (var store = SqliteStore.Open(path))
        {
            await FillAsync(store, 11, Events / 100);
            Report.Figure("working set at the end", Environment.WorkingSet / 1024.0 / 1024, "MiB");
            // As a crash leaves it: the tail is not in the stored index yet, the write-ahead log not in the file.
            File.Copy(path, folder.File("crashed.db"), overwrite: true);
            File.Copy(path + "-wal", folder.File("crashed.db-wal"));
        }

        await OpenAsync(folder.File("crashed.db"), "after a crash");
    }

    private static async Task OpenAsync(string path, string when)
    {
        var clock = Stopwatch.StartNew();
        await using var store = SqliteStore.Open(path);
        var head = await store.ReadHeadAsync(Tenant, default);
        Report.Figure($"open {head.Position.Value:#,0} events {when} (to reach: < 1,000)", clock.Elapsed.TotalMilliseconds, "ms");
    }

    private static Task FillAsync(SqliteStore store, int part, int events = Events / 10) => Task.WhenAll(
        Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (var i = writer; i < events / PerCommit; i += Writers)
            {
                var appended = ImmutableArray.CreateBuilder<NewEvent>(PerCommit);
                for (var e = 0; e < PerCommit; e++)
                    appended.Add(Payloads.Event(e));
                await store.CommitAsync(
                    Commit.For(Tenant).Append(new StreamId("order", $"{part}-{i}"), ExpectedVersion.NoStream, appended.MoveToImmutable()), default);
            }
        })));
}
