using Tallystick.Crasher;

namespace Tallystick.IntegrationTests.Faults;

/// <summary>What callers are told when a sync fails, word for word.</summary>
public sealed class FailedSyncTests : IAsyncDisposable
{
    private readonly FaultRunner _runner = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tallystick-faults-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _runner.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task After_a_failed_sync_every_commit_is_refused_until_the_store_is_opened_again()
    {
        // The first sync on the writer's thread is that of commit "a"; three more wait for it, and four come later.
        var run = await RunAsync("fsync:error=EIO:when=1", "1");

        string[] order = [.. run.Reports.Select(report => report.What)];
        Assert.Equal(["opened", Acknowledgement.Prefix, "armed", .. Enumerable.Repeat("failed", 8), "closed", "opened", .. Enumerable.Repeat(Acknowledgement.Prefix, 3), "closed", "done"], order);
        var failed = run.Reports.Where(report => report.What == "failed").ToArray();
        Assert.DoesNotContain(failed, report => report.IsTransient);
        Assert.Equal(
            $"SQLite failed on {run.StorePath} with code 1034 (disk I/O error: Input/output error) at: COMMIT. The disk failed. Check the system's log and the disk, then open the store again. Whether this commit is stored can't be known before: look for its events then, or repeat it with the same idempotency key.",
            failed[0].Message);
        Assert.All(failed[1..], report => Assert.StartsWith("The store takes no more commits since this happened: SQLite failed on ", report.Message, StringComparison.Ordinal));
        Assert.All(failed[1..], report => Assert.EndsWith(" What was acknowledged before is stored. Close the store and open it again.", report.Message, StringComparison.Ordinal));
        await FaultVerdict.OnFileAsync(run.StorePath, run.Lines, Stop);
    }

    [Fact]
    public async Task A_sync_that_fails_after_the_last_commit_is_told_by_closing()
    {
        var syncs = (await RunAsync(null, "1")).Calls.Length;

        var run = await RunAsync($"fsync:error=EIO:when={syncs}", "2");

        var failure = Assert.Single(run.Reports, report => report.IsFailure);
        Assert.Equal("unclosed", failure.What);
        Assert.StartsWith($"The store was closed after a failure that no commit was told of: SQLite failed on {run.StorePath} with code 1034", failure.Message, StringComparison.Ordinal);
        Assert.Equal(9 + 3, run.Lines.Count(line => line.StartsWith(Acknowledgement.Prefix, StringComparison.Ordinal)));
        await FaultVerdict.OnFileAsync(run.StorePath, run.Lines, Stop);
    }

    private Task<FaultRun> RunAsync(string? injection, string name) =>
        _runner.RunAsync("writer", Path.Combine(_folder.FullName, name, "store.db"), "fsync", injection, Stop);
}
