using System.Globalization;
using Tallystick.Events;
using Tallystick.Sqlite;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Crasher;

/// <summary>Owns a file until its input ends.</summary>
internal static class HoldCommand
{
    public static async Task<int> RunAsync(string path)
    {
        await using var store = SqliteStore.Open(path);
        Console.WriteLine("ready");
        Console.In.ReadToEnd();
        return 0;
    }
}

/// <summary>Opens a file, and prints how many bytes that read, or why it was refused.</summary>
internal static class OpenCommand
{
    public static async Task<int> RunAsync(string path)
    {
        try
        {
            // Whatever the runtime itself must load is loaded by opening another file first.
            var other = Directory.CreateTempSubdirectory("tallystick-open-");
            await SqliteStore.Open(Path.Combine(other.FullName, "store.db")).DisposeAsync();
            other.Delete(recursive: true);
            var before = BytesRead();
            await using var store = SqliteStore.Open(path);
            Console.WriteLine($"read\t{BytesRead() - before}");
            return 0;
        }
        catch (TallystickException refused)
        {
            Console.WriteLine($"refused\t{refused.Message}");
            return 3;
        }
    }

    private static long BytesRead() => File.Exists("/proc/self/io")
        ? long.Parse(File.ReadLines("/proc/self/io").First(line => line.StartsWith("rchar:", StringComparison.Ordinal)).AsSpan(7), provider: CultureInfo.InvariantCulture)
        : 0;
}

/// <summary>
/// Commits until no file may grow any further (RLIMIT_FSIZE, with its signal ignored), then lifts the limit and commits again, after
/// reopening the store if it asks for that.
/// </summary>
internal static class FullDiskCommand
{
    private static readonly TenantId Tenant = TenantId.Parse("acme");

    public static async Task<int> RunAsync(string path, int moreBytes)
    {
        var store = SqliteStore.Open(path, new SqliteStoreOptions { TailEventsMax = 200 });
        await CommitAsync(store, 0, 0);
        var longest = Directory.EnumerateFiles(Path.GetDirectoryName(path)!).Max(file => new FileInfo(file).Length);
        var limit = FileSizeLimit.Set(longest + moreBytes);
        var failures = 0;
        for (var round = 1; failures < 20; round++)
        {
            foreach (var failure in await Task.WhenAll(Enumerable.Range(0, 8).Select(n => CommitAsync(store, round, n))))
                failures += failure ? 1 : 0;
        }

        limit.Dispose();
        if (await CommitAsync(store, int.MaxValue, 1))
        {
            await store.DisposeAsync();
            Console.WriteLine("reopened");
            store = SqliteStore.Open(path);
        }

        if (await CommitAsync(store, int.MaxValue, 2))
            return 4;
        await store.DisposeAsync();
        Console.WriteLine("closed");
        return 0;
    }

    private static async Task<bool> CommitAsync(SqliteStore store, int round, int n)
    {
        var e = GroupTotals.Serializer.Serialize(new Ignored($"{round}.{n}", 0, 1, $"{round}.{n}.{new string('x', 200)}"));
        try
        {
            var commit = Commit.For(Tenant).Append(new StreamId("plain", $"{n}"), ExpectedVersion.Any, e);
            var done = (await Task.Run(async () => await store.CommitAsync(commit, CancellationToken.None))).Demand();
            Console.WriteLine(new Acknowledgement(
                $"{round}.{n}", Tenant.Value, done.FirstPosition.Value, done.Position.Value, done.IsReplay, "",
                [.. done.Streams.Select(head => $"{head.Stream}={head.Version}")], [e.Id]).ToString());
            return false;
        }
        catch (TallystickException error)
        {
            Console.WriteLine($"failed\t{error.IsTransient}\t{error.Message}");
            return true;
        }
    }
}
