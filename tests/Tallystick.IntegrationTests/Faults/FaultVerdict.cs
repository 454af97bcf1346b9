using Tallystick.Crasher;
using Tallystick.Events;
using Tallystick.IntegrationTests.Durability;
using Tallystick.Sqlite;
using Tallystick.Storage;

namespace Tallystick.IntegrationTests.Faults;

/// <summary>The demands on a run that met a fault, and on the file that it left.</summary>
public static class FaultVerdict
{
    /// <summary>Demands that a process which wasn't killed told what happened, and how it went on.</summary>
    public static void OnReports(FaultRun run)
    {
        Assert.Null(run.Ended);
        var reports = run.Reports;
        foreach (var failure in reports.Where(report => report.IsFailure))
        {
            Assert.Contains(Path.GetFileName(run.StorePath), failure.Message, StringComparison.Ordinal);
            Assert.EndsWith(".", failure.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("please report", failure.Message, StringComparison.Ordinal);
        }

        if (!run.Injected.Any(call => IsOnData(call, run.StorePath) && (call.Contains("EIO", StringComparison.Ordinal) || IsSync(call))))
            return;
        var first = Array.FindIndex(reports, report => report.IsFailure);
        Assert.True(first >= 0, "Nobody was told that the disk failed.");
        if (!run.Injected.Any(call => IsOnData(call, run.StorePath) && IsSync(call)))
            return;

        // What the kernel has kept after a failed sync is unknown, so the session ends there; the next one reads the file anew.
        Assert.False(reports[first].IsTransient);
        var rest = reports.Skip(first).TakeWhile(report => report.What is not ("opened" or "done")).ToArray();
        Assert.DoesNotContain(rest, report => report.What == Acknowledgement.Prefix);
        Assert.All(rest.Where(report => report.What == "failed"), report => Assert.False(report.IsTransient));
    }

    /// <summary>Demands that the file can simply be opened, holds what was acknowledged, whole, and goes on.</summary>
    public static async Task OnFileAsync(string storePath, IEnumerable<string> lines, CancellationToken stop)
    {
        var all = lines.ToArray();
        var book = new CrashBook();
        book.Add(all);
        await using (var store = SqliteStore.Open(storePath))
        {
            await book.CheckAsync(store, stop);
            foreach (var failed in all.Select(Report.Parse).Where(report => report.What == "failed"))
            {
                var isStored = await store.FindCommitAsync(Load.Tenants[0], $"own {failed.Commit}", stop) is not null;
                Assert.True(!isStored || (!failed.IsTransient && failed.Message.Contains("Whether this commit is stored can't be known", StringComparison.Ordinal)),
                    $"Commit {failed.Commit} is stored, but its caller was told: {failed.Message}");
            }

            var more = GroupTotals.Serializer.Serialize(new Ignored("afterwards", 0, 1, null));
            (await store.CommitAsync(Commit.For(Load.Tenants[0]).Append(new StreamId("plain", "1"), ExpectedVersion.Any, more), stop)).Demand();
            await book.CheckAsync(store, stop);
        }

        using var database = Sqlite.Interop.SqliteDatabase.OpenWriter(storePath);
        Assert.Equal("ok", database.ScalarText("PRAGMA integrity_check"));
    }

    /// <summary>Whether it is a change of the file, of its write-ahead log or of its journal.</summary>
    private static bool IsOnData(string call, string storePath) =>
        new[] { "", "-wal", "-journal" }.Any(ending => call.Contains($"<{storePath}{ending}>", StringComparison.Ordinal))
        && (IsSync(call) || call.StartsWith("pwrite64(", StringComparison.Ordinal) || call.StartsWith("ftruncate(", StringComparison.Ordinal));

    private static bool IsSync(string call) => call.StartsWith("fsync(", StringComparison.Ordinal) || call.StartsWith("fdatasync(", StringComparison.Ordinal);
}
