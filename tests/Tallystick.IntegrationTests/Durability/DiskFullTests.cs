using System.Diagnostics;
using Tallystick.Audit;
using Tallystick.Crasher;
using Tallystick.Events;
using Tallystick.Sqlite;
using Tallystick.Sqlite.Interop;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Conformance;
using static Tallystick.Testing.Conformance.TestEvents;

namespace Tallystick.IntegrationTests.Durability;

/// <summary>No more space: commits fail, nothing acknowledged is lost, and memory never differs from the file.</summary>
public sealed class DiskFullTests : IAsyncDisposable
{
    private static readonly TenantId Acme = TenantId.Parse("acme");

    private readonly StoreFile _file = new();
    private readonly TestEvents _make = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    [Theory]
    [InlineData(16_384)]
    [InlineData(20)]
    public async Task Commits_on_a_full_disk_fail_as_transient_and_work_again_by_themselves(int tailEventsMax)
    {
        var store = _file.Open(new SqliteStoreOptions { TailEventsMax = tailEventsMax });
        var acknowledged = new List<Guid>();
        Assert.Empty(await CommitAsync(store, 50, acknowledged));
        store.Writer.Use(database => database.Run($"PRAGMA max_page_count={database.Scalar("PRAGMA page_count") + 30}"));

        var errors = new List<Exception>();
        for (var round = 0; round < 30 || errors.Count < 100; round++)
            errors.AddRange(await CommitAsync(store, 20, acknowledged));

        Assert.All(errors, error =>
        {
            var full = Assert.IsType<SqliteStoreException>(error);
            Assert.True(full.IsTransient);
            Assert.Contains("The disk is full", full.Message, StringComparison.Ordinal);
            Assert.Contains(_file.Path, full.Message, StringComparison.Ordinal);
        });
        await CheckAsync(store, acknowledged);
        store.Writer.Use(database => database.Run("PRAGMA max_page_count=1000000"));
        Assert.Empty(await CommitAsync(store, 50, acknowledged));
        await CheckAsync(store, acknowledged);
        await SameAfterReopeningAsync(store, acknowledged);
    }

    [Fact]
    public async Task On_a_disk_that_is_really_full_nothing_acknowledged_is_lost()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Mounting a small disk needs root on Linux.");
        var disk = Path.Combine(_file.Folder.FullName, "disk");
        Directory.CreateDirectory(disk);
        Assert.SkipUnless(await ShellAsync("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk) == 0, "Nothing may be mounted here.");
        try
        {
            var path = Path.Combine(disk, "store.db");
            var acknowledged = new List<Guid>();
            var errors = new List<Exception>();
            var ballast = Path.Combine(disk, "ballast");
            await File.WriteAllBytesAsync(ballast, new byte[1024 * 1024], Stop);
            await using (var store = SqliteStore.Open(path, new SqliteStoreOptions { TailEventsMax = 200, CheckpointPages = 100 }))
            {
                while (errors.Count < 200)
                    errors.AddRange(await CommitAsync(store, 20, acknowledged));
                Assert.All(errors, error => Assert.IsType<TallystickException>(error, exactMatch: false));
                await CheckAsync(store, acknowledged);
            }

            // Full: it can still be opened and read.
            await using (var store = SqliteStore.Open(path))
                await CheckAsync(store, acknowledged);
            File.Delete(ballast);
            await using (var store = SqliteStore.Open(path))
            {
                Assert.Empty(await CommitAsync(store, 20, acknowledged));
                await CheckAsync(store, acknowledged);
            }

            TestContext.Current.TestOutputHelper!.WriteLine($"{acknowledged.Count} stored, first failure: {errors[0].Message}");
        }
        finally
        {
            await ShellAsync("umount", disk);
        }
    }

    [Theory]
    [InlineData(10_000)]
    [InlineData(100_000)]
    [InlineData(1_000_000)]
    public async Task When_no_file_may_grow_any_more_nothing_acknowledged_is_lost_and_reopening_helps(int bytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "RLIMIT_FSIZE is Linux's here.");
        await using var child = ChildProcess.Start("full", _file.Path, $"{bytes}");

        Assert.True(await child.EndAsync() == 0, await child.ErrorsAsync() + string.Join('\n', child.Lines.TakeLast(3)));

        Assert.Equal("closed", child.Lines[^1]);
        Assert.Contains(child.Lines, line => line.StartsWith("failed", StringComparison.Ordinal));
        var book = new CrashBook();
        book.Add(child.Lines);
        Assert.True(book.Count > 1);
        await book.CheckAsync(_file.Open(), Stop);
    }

    private async Task<List<Exception>> CommitAsync(SqliteStore store, int commits, List<Guid> acknowledged)
    {
        var errors = new List<Exception>();
        await Task.WhenAll(Enumerable.Range(0, commits).Select(n => Task.Run(
            async () =>
            {
                var e = _make.Event("order.placed", new string('x', 300), $"n:{n}");
                var commit = Commit.For(Acme)
                    .Append(new StreamId("order", $"{n % 5}"), ExpectedVersion.Any, e)
                    .Change(new DocumentChange.Put(new CollectionId("orders", 1), Document($"{n % 40}", $"{e.Id}", ("n", IndexValue.From(n)))))
                    .Save("orders", LogPosition.Of(n));
                try
                {
                    (await store.CommitAsync(commit, Stop)).Demand();
                    lock (acknowledged)
                        acknowledged.Add(e.Id);
                }
                catch (TallystickException error)
                {
                    lock (errors)
                        errors.Add(error);
                }
            },
            Stop))).WaitAsync(TimeSpan.FromSeconds(60), Stop);
        return errors;
    }

    private static async Task CheckAsync(SqliteStore store, List<Guid> acknowledged)
    {
        Assert.True((await LogVerifier.VerifyAsync(store, Acme, null, Stop)).IsIntact);
        var log = (await store.ReadLogAsync(Acme, new LogRead(default, 10_000), Stop)).Events;
        Assert.Equal(acknowledged.Order(), log.Select(e => e.Id).Order());
        foreach (var stream in log.GroupBy(e => e.Stream))
            Assert.Equal(stream.Last().Version, await store.ReadStreamVersionAsync(Acme, stream.Key, Stop));
    }

    private async Task SameAfterReopeningAsync(SqliteStore store, List<Guid> acknowledged)
    {
        var before = await TenantDump.OfAsync(store, Acme, Stop);
        await store.DisposeAsync();
        var reopened = _file.Open();
        Assert.Equal(before, await TenantDump.OfAsync(reopened, Acme, Stop));
        await CheckAsync(reopened, acknowledged);
    }

    private static async Task<int> ShellAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync(Stop);
        return process.ExitCode;
    }
}
