using System.Collections.Immutable;
using SQLitePCL;
using Tallystick.Events;
using Tallystick.Sqlite;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Conformance;

namespace Tallystick.IntegrationTests.Durability;

/// <summary>Readers beside writers and flushes of the index.</summary>
public sealed class ConcurrentReadTests : IAsyncDisposable
{
    private static readonly TenantId Acme = TenantId.Parse("acme");

    private readonly StoreFile _file = new();
    private readonly TestEvents _make = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    [Theory]
    [Trait("Speed", "Slow")]
    [InlineData(16_384)]
    [InlineData(50)]
    public async Task A_reader_of_several_event_types_never_skips_one_that_is_appended_meanwhile(int tailEventsMax)
    {
        const int Commits = 3000, Types = 150;
        var store = _file.Open(new SqliteStoreOptions { TailEventsMax = tailEventsMax });
        var types = Enumerable.Range(0, Types).Select(n => $"type.{n}").ToImmutableArray();
        (await store.CommitAsync(Commit.For(Acme).Append(new StreamId("order", "0"), ExpectedVersion.Any, _make.Event(types[0])), Stop)).Demand();

        var writers = Enumerable.Range(0, 2).Select(writer => Task.Run(
            async () =>
            {
                for (var n = 0; n < Commits; n++)
                    await store.CommitAsync(Commit.For(Acme).Append(new StreamId("order", $"{writer}"), ExpectedVersion.Any, _make.Event(types[n * 7 % Types])), Stop);
            },
            Stop)).ToArray();
        var seen = new List<long>();
        for (var through = LogPosition.Start; through.Value < 2 * Commits + 1;)
        {
            await store.WaitForPositionAsync(Acme, through.Next(), Stop).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Stop);
            var page = await store.ReadLogAsync(Acme, new LogRead(through, 100, EventQuery.OfTypes([.. types])), Stop);
            seen.AddRange(page.Events.Select(e => e.Position.Value));
            through = page.Through;
        }

        await Task.WhenAll(writers);
        Assert.Equal(Enumerable.Range(1, 2 * Commits + 1).Select(n => (long)n), seen);
    }

    [Trait("Speed", "Slow")]
    [Fact]
    public async Task A_stream_read_in_either_direction_has_no_hole_while_the_index_is_flushed_under_it()
    {
        var store = _file.Open(new SqliteStoreOptions { TailEventsMax = 7 });
        var order = new StreamId("order", "0");
        await FillAsync(store, 4);
        var filling = FillAsync(store, 3000);
        while (!filling.IsCompleted)
        {
            var version = await store.ReadStreamVersionAsync(Acme, order, Stop);
            var backwards = await store.ReadStreamAsync(Acme, new StreamRead(order, StreamVersion.Of(long.MaxValue), 60, ReadDirection.Backwards), Stop);
            var forwards = await store.ReadStreamAsync(Acme, new StreamRead(order, StreamVersion.Of(Math.Max(1, version.Value - 40)), 1000), Stop);
            Assert.True(backwards[0].Version >= version);
            Assert.Equal(Enumerable.Range(0, backwards.Length).Select(n => backwards[0].Version.Value - n), backwards.Select(e => e.Version.Value));
            Assert.True(backwards.Length == 60 || backwards[^1].Version.Value == 1);
            Assert.Equal(Enumerable.Range(0, forwards.Length).Select(n => forwards[0].Version.Value + n), forwards.Select(e => e.Version.Value));
            Assert.True(forwards[^1].Version >= version);
        }

        await filling;
    }

    [Fact]
    public async Task Who_has_seen_one_part_of_a_commit_sees_all_of_it()
    {
        var store = _file.Open();
        var order = new StreamId("order", "0");
        (await store.CommitAsync(Commit.For(Acme).Append(order, ExpectedVersion.NoStream, _make.Event()), Stop)).Demand();

        LogPosition? checkpoint = null;
        LogHead? head = null;
        var version = StreamVersion.None;
        var reader = new Thread(() =>
        {
            checkpoint = Result(store.ReadCheckpointAsync(Acme, "reactions", Stop));
            head = Result(store.ReadHeadAsync(Acme, Stop));
            version = Result(store.ReadStreamVersionAsync(Acme, order, Stop));
        });

        // SQLite reports a COMMIT when its rows are in the file already and the writer knows nothing of it yet. In this very moment someone reads,
        // and either has to wait or has read everything.
        bool isReading = false, isDone = false;
        store.Writer.Use(writer => raw.sqlite3_profile(
            writer.Handle,
            (_, sql, _) =>
            {
                if (sql != "COMMIT" || isReading)
                    return;
                isReading = true;
                reader.Start();
                isDone = SpinWait.SpinUntil(() => (reader.ThreadState & (ThreadState.WaitSleepJoin | ThreadState.Stopped)) != 0, TimeSpan.FromSeconds(90));
            },
            null));
        var commit = Commit.For(Acme).Append(order, ExpectedVersion.Any, _make.Event()).Save("reactions", LogPosition.Of(1), LogPosition.Start);
        (await store.CommitAsync(commit, Stop)).Demand();

        Assert.True(isReading && isDone);
        Assert.True(reader.Join(TimeSpan.FromSeconds(90)));
        Assert.Equal((1, 2, 2), (checkpoint?.Value, head?.Position.Value, version.Value));

        static T Result<T>(ValueTask<T> read) => read.AsTask().GetAwaiter().GetResult();
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task The_write_ahead_log_stays_bounded_while_someone_always_reads()
    {
        const int CheckpointPages = 100, PageBytes = 4096 + 24;
        var store = _file.Open(new SqliteStoreOptions { CheckpointPages = CheckpointPages });
        await FillAsync(store, 200);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var readers = Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(
            () =>
            {
                while (!ended.IsCancellationRequested)
                    store.ReadLogAsync(Acme, new LogRead(default, 200), Stop).AsTask().GetAwaiter().GetResult();
            },
            Stop, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();

        long longest = 0;
        for (var n = 0; n < 60; n++)
        {
            await FillAsync(store, 50);
            longest = Math.Max(longest, _file.WalBytes());
        }

        await ended.CancelAsync();
        await Task.WhenAll(readers);
        TestContext.Current.TestOutputHelper!.WriteLine($"longest: {longest / PageBytes} pages");
        Assert.InRange(longest, 1, 10 * CheckpointPages * PageBytes);
    }

    private async Task FillAsync(SqliteStore store, int commits)
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(
            async () =>
            {
                for (var n = 0; n < commits / 4; n++)
                {
                    await store.CommitAsync(
                        Commit.For(Acme).Append(new StreamId("order", $"{writer}"), ExpectedVersion.Any, _make.Event(new byte[2000])), Stop);
                }
            },
            Stop)));
    }
}
