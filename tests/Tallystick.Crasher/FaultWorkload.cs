using System.Globalization;
using System.Text;
using Tallystick.Events;
using Tallystick.Sqlite;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Crasher;

/// <summary>
/// A few commits, the same ones in the same order each time, so that the n-th system call of a run is the n-th of the next one. Everything
/// that succeeds or fails is printed; after the first session there is a second one, which opens the file again in the same process.
/// </summary>
internal sealed class FaultWorkload(string path)
{
    private static readonly TenantId Tenant = Load.Tenants[0];
    private static readonly CollectionId Ledgers = new("ledgers", 1);

    private readonly string _run = Guid.NewGuid().ToString("N")[..8];
    private int _commits;

    /// <summary>
    /// Opens, makes or recovers the file, commits one by one, each with a checkpoint: all on this thread, but the very first commit and the
    /// closing, which are the writer's.
    /// </summary>
    public void OnCallersThread()
    {
        Arm(Environment.ProcessId);
        var options = new SqliteStoreOptions { CheckpointPages = 1 };
        Session(options, Alone);
        Session(options, Alone);
    }

    /// <summary>Commits in groups, with an index flush and a checkpoint after each, and closes: all on the writer's thread.</summary>
    public void OnWritersThread()
    {
        using var time = new HeldTime();
        var before = Threads();
        var options = new SqliteStoreOptions { Time = time, CheckpointPages = 1, TailEventsMax = 4 };
        Session(options, store =>
        {
            Report(Start(store, "first"));
            store.Writer.Use(_ => { });
            Arm(Threads().Except(before).Single());
            Together(store, time);
            Together(store, time);
        });
        Session(options, Alone);
    }

    /// <summary>Leaves a file with acknowledged commits that are only in the write-ahead log: this process is killed now.</summary>
    public void LeaveOpen() => Session(new SqliteStoreOptions(), store =>
    {
        Alone(store);
        Arm(Environment.ProcessId);
    });

    /// <summary>All with files that may not grow beyond a number of bytes; the second session is free of that.</summary>
    public void WithLimit(long bytes)
    {
        using var time = new HeldTime();
        var options = new SqliteStoreOptions { Time = time, TailEventsMax = 4 };
        using (FileSizeLimit.Set(bytes))
        {
            Session(options, store =>
            {
                Alone(store);
                Together(store, time);
            });
        }

        Session(options, Alone);
    }

    private static void Session(SqliteStoreOptions options, string path, Action<SqliteStore> work)
    {
        SqliteStore store;
        try
        {
            store = SqliteStore.Open(path, options);
        }
        catch (TallystickException refused)
        {
            Print("refused", $"{refused.IsTransient}", refused.Message);
            return;
        }

        Print("opened");
        work(store);
        try
        {
            store.DisposeAsync().AsTask().GetAwaiter().GetResult();
            Print("closed");
        }
        catch (TallystickException error)
        {
            Print("unclosed", $"{error.IsTransient}", error.Message);
        }
    }

    private void Session(SqliteStoreOptions options, Action<SqliteStore> work) => Session(options, path, work);

    private void Alone(SqliteStore store)
    {
        for (var i = 0; i < 3; i++)
        {
            Report(Start(store, "alone"));
            // The writer has its own thread back, so that the next commit finds it idle.
            store.Writer.Use(_ => { });
        }
    }

    /// <summary>One commit that the writer has begun with, and three that wait meanwhile and then share a transaction.</summary>
    private void Together(SqliteStore store, HeldTime time)
    {
        time.Hold();
        List<(string Name, Task<Acknowledgement> Task)> commits = [];
        // While this thread has the turn, no other one can write the commit itself: it is handed to the writer.
        store.Writer.Use(_ => commits.Add(Task.Run(() => Start(store, "a")).GetAwaiter().GetResult()));
        // A store that has failed answers at once and never asks for the time.
        while (!commits[0].Task.IsCompleted && !time.IsAsked(TimeSpan.FromMilliseconds(50)))
        {
        }

        commits.AddRange([Start(store, "b"), Start(store, "c"), Start(store, "d")]);
        time.Release();
        commits.ForEach(Report);
    }

    private (string Name, Task<Acknowledgement> Task) Start(SqliteStore store, string ledger)
    {
        var name = $"{_run}.{++_commits}";
        return (name, CommitAsync(store, name, ledger));
    }

    /// <summary>Two streams, a document, a checkpoint and a key that must agree.</summary>
    private static async Task<Acknowledgement> CommitAsync(SqliteStore store, string name, string ledger)
    {
        var count = await store.ReadCheckpointAsync(Tenant, $"ledger-{ledger}", CancellationToken.None) ?? LogPosition.Start;
        var body = Encoding.UTF8.GetBytes(count.Next().ToString());
        var document = new Document($"ledger-{ledger}", body, [new IndexEntry("count", IndexValue.From(count.Next().Value))], count.Next());
        var commit = Commit.For(Tenant)
            .Append(new StreamId("ledger", ledger), ExpectedVersion.Exactly(count.Value), GroupTotals.Serializer.Serialize(new Ignored(name, 0, 2, null)))
            .Append(new StreamId("keyed", ledger), ExpectedVersion.Any, GroupTotals.Serializer.Serialize(new Ignored(name, 1, 2, null)))
            .Change(new DocumentChange.Put(Ledgers, document))
            .Change(new DocumentChange.Activate(Ledgers))
            .Save($"ledger-{ledger}", count.Next(), count)
            .Once(new IdempotencyKey($"own {name}"));
        var done = (await store.CommitAsync(commit, CancellationToken.None)).Demand();
        return new Acknowledgement(
            name, Tenant.Value, done.FirstPosition.Value, done.Position.Value, done.IsReplay, commit.Key!.Value,
            [.. done.Streams.Select(head => $"{head.Stream}={head.Version}")], [.. commit.Appends.SelectMany(append => append.Events).Select(e => e.Id)]);
    }

    private static void Report((string Name, Task<Acknowledgement> Task) commit)
    {
        try
        {
            Console.Out.WriteLine(commit.Task.GetAwaiter().GetResult());
        }
        catch (TallystickException error)
        {
            Print("failed", $"{error.IsTransient}", error.Message, commit.Name);
        }
    }

    /// <summary>Names the thread that matters, and waits until the tracer is attached to it.</summary>
    private static void Arm(int thread)
    {
        Print("armed", thread.ToString(CultureInfo.InvariantCulture));
        Console.In.ReadLine();
    }

    /// <summary>The writers' threads, by the beginning of their name: Linux keeps 15 characters.</summary>
    private static int[] Threads() =>
    [
        .. Directory.EnumerateDirectories("/proc/self/task")
            .Where(task => File.Exists($"{task}/comm") && File.ReadAllText($"{task}/comm").StartsWith("tallystick writ", StringComparison.Ordinal))
            .Select(task => int.Parse(Path.GetFileName(task), CultureInfo.InvariantCulture)),
    ];

    private static void Print(params string[] parts) =>
        Console.Out.WriteLine(string.Join('\t', parts.Select(part => part.ReplaceLineEndings(" ").Replace('\t', ' '))));

    /// <summary>The system's clock, which can keep the writer waiting for the time.</summary>
    private sealed class HeldTime : TimeProvider, IDisposable
    {
        private readonly ManualResetEventSlim _asked = new(), _free = new(initialState: true);

        public void Hold()
        {
            _asked.Reset();
            _free.Reset();
        }

        public bool IsAsked(TimeSpan within) => _asked.Wait(within);

        public void Release() => _free.Set();

        public void Dispose()
        {
            _asked.Dispose();
            _free.Dispose();
        }

        public override DateTimeOffset GetUtcNow()
        {
            _asked.Set();
            _free.Wait();
            return base.GetUtcNow();
        }
    }
}
