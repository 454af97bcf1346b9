using System.Collections.Concurrent;
using Tallystick.Events;
using Tallystick.Sqlite;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Conformance;
using Tallystick.Testing.Time;

namespace Tallystick.IntegrationTests.Durability;

/// <summary>A full queue, cancelled commits, and a store that is closed in the middle of everything. Nothing may hang.</summary>
public sealed class QueueTests : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);
    private static readonly TenantId Acme = TenantId.Parse("acme");

    private readonly StoreFile _file = new();
    private readonly TestEvents _make = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    [Fact]
    public async Task Commits_that_find_no_place_in_time_fail_as_transient_and_are_not_stored()
    {
        const int Queue = 4, Commits = 20;
        var time = new ManualTime();
        var store = _file.Open(new SqliteStoreOptions
        {
            Time = time, GroupCommitMax = 2, CommitQueueTimeout = TimeSpan.FromMinutes(1), Limits = StoreLimits.Default with { CommitQueueLength = Queue },
        });
        using var blocked = new WriterBlock(store);
        var commits = Enumerable.Range(0, Commits).Select(_ => TryAsync(store, Stop)).ToArray();
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.DoesNotContain(commits, commit => commit.IsCompleted);

        time.Advance(TimeSpan.FromSeconds(1));

        var failed = await FirstAsync(commits, Commits - Queue - 2);
        Assert.All(failed, error =>
        {
            var full = Assert.IsType<TallystickException>(error);
            Assert.True(full.IsTransient);
            Assert.Contains($"no place in the queue of {Queue} (CommitQueueLength) within 00:01:00 (CommitQueueTimeout)", full.Message, StringComparison.Ordinal);
        });
        blocked.Release();
        var results = await Task.WhenAll(commits).WaitAsync(Deadline, Stop);
        Assert.Equal(results.Count(result => result.Error is null), (await store.ReadHeadAsync(Acme, Stop)).Position.Value);
        Assert.InRange(results.Count(result => result.Error is null), Queue, Queue + 2);
        Assert.Null((await TryAsync(store, Stop)).Error);
    }

    [Fact]
    public async Task Commits_cancelled_while_they_wait_are_not_stored_and_the_others_are()
    {
        const int Commits = 100;
        var store = _file.Open(new SqliteStoreOptions { GroupCommitMax = 5, Limits = StoreLimits.Default with { CommitQueueLength = 40 } });
        using var giveUp = new CancellationTokenSource();
        using var blocked = new WriterBlock(store);
        var commits = Enumerable.Range(0, Commits).Select(n => TryAsync(store, n % 2 == 0 ? giveUp.Token : Stop)).ToArray();

        await giveUp.CancelAsync();
        blocked.Release();

        var results = await Task.WhenAll(commits).WaitAsync(Deadline, Stop);
        var stored = (await store.ReadLogAsync(Acme, new LogRead(default, 1000), Stop)).Events.Select(e => e.Id);
        Assert.Equal(results.Where(result => result.Error is null).Select(result => result.Id).Order(), stored.Order());
        Assert.All(results.Where(result => result.Error is not null), result => Assert.IsType<OperationCanceledException>(result.Error, exactMatch: false));
        // At most what the writer had taken already.
        Assert.InRange(results.Count(result => result.Error is not null), (Commits / 2) - 5, Commits / 2);
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(10)]
    public async Task Of_200_commits_under_way_at_disposal_each_is_stored_or_fails_clearly(int queue)
    {
        var store = _file.Open(new SqliteStoreOptions { GroupCommitMax = 7, Limits = StoreLimits.Default with { CommitQueueLength = queue } });
        Task<(Guid Id, Exception? Error)>[] commits;
        Task closing;
        using (var blocked = new WriterBlock(store))
        {
            commits = [.. Enumerable.Range(0, 200).Select(_ => TryAsync(store, Stop))];
            closing = store.DisposeAsync().AsTask();
        }

        var results = await Task.WhenAll(commits).WaitAsync(Deadline, Stop);
        await closing.WaitAsync(Deadline, Stop);

        Assert.All(results.Where(result => result.Error is not null), result => Assert.IsType<ObjectDisposedException>(result.Error));
        Assert.True(results.Count(result => result.Error is null) >= queue || queue > 200);
        var reopened = _file.Open();
        var stored = (await reopened.ReadLogAsync(Acme, new LogRead(default, 1000), Stop)).Events.Select(e => e.Id);
        Assert.Equal(results.Where(result => result.Error is null).Select(result => result.Id).Order(), stored.Order());
    }

    [Fact]
    public async Task Writers_and_readers_on_many_threads_end_when_the_store_is_closed_under_them()
    {
        for (var round = 0; round < 10; round++)
        {
            var store = _file.Open(new SqliteStoreOptions { ReadConnectionsMax = 2, TailEventsMax = 10 });
            var stored = new ConcurrentBag<Guid>();
            var before = (await store.ReadHeadAsync(Acme, Stop)).Position;
            var reached = store.WaitForPositionAsync(Acme, LogPosition.Of(before.Value + 20), Stop);
            var threads = Enumerable.Range(0, 12).Select(n => Task.Run(
                async () =>
                {
                    while (true)
                    {
                        if (n % 3 != 0)
                            await store.ReadLogAsync(Acme, new LogRead(default, 50), Stop);
                        else if (await TryAsync(store, Stop) is var (id, error) && error is null)
                            stored.Add(id);
                        else
                            throw error!;
                    }
                },
                Stop)).ToArray();
            Task[] waits =
            [
                store.WaitForPositionAsync(Acme, LogPosition.Of(long.MaxValue), Stop).AsTask(),
                store.WaitForCheckpointAsync(Acme, "never", LogPosition.Of(1), Stop).AsTask(),
                store.WaitForPositionAsync(TenantId.Parse("nobody"), LogPosition.Of(1), Stop).AsTask(),
            ];
            await reached.AsTask().WaitAsync(Deadline, Stop);

            await store.DisposeAsync().AsTask().WaitAsync(Deadline, Stop);

            foreach (var task in threads.Concat(waits))
                await Assert.ThrowsAsync<ObjectDisposedException>(() => task.WaitAsync(Deadline, Stop));
            await using var reopened = _file.Open();
            var log = await reopened.ReadLogAsync(Acme, new LogRead(before, 10_000), Stop);
            Assert.Equal(stored.Order(), log.Events.Select(e => e.Id).Order());
        }
    }

    private async Task<(Guid Id, Exception? Error)> TryAsync(SqliteStore store, CancellationToken cancellationToken)
    {
        var e = _make.Event();
        try
        {
            (await store.CommitAsync(Commit.For(Acme).Append(new StreamId("order", "1"), ExpectedVersion.Any, e), cancellationToken)).Demand();
            return (e.Id, null);
        }
        catch (Exception error)
        {
            return (e.Id, error);
        }
    }

    [Fact]
    public async Task Closing_again_awaits_the_first_closing()
    {
        var store = _file.Open();
        using var blocked = new WriterBlock(store);

        var closings = new[] { store.DisposeAsync().AsTask(), store.DisposeAsync().AsTask() };

        Assert.DoesNotContain(closings, closing => closing.IsCompleted);
        blocked.Release();
        await closings[1].WaitAsync(Deadline, Stop);
        await _file.Open().DisposeAsync(); // Nobody owns it any more.
        await closings[0].WaitAsync(Deadline, Stop);
    }

    private static async Task<List<Exception>> FirstAsync(Task<(Guid Id, Exception? Error)>[] commits, int count)
    {
        var failed = new List<Exception>();
        await foreach (var ended in Task.WhenEach(commits).WithCancellation(Stop))
        {
            failed.Add((await ended).Error!);
            if (failed.Count == count)
                break;
        }

        return failed;
    }
}
