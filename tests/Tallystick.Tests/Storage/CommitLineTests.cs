using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Time;

namespace Tallystick.Tests.Storage;

/// <summary>What becomes of a commit before a writer takes it.</summary>
public sealed class CommitLineTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);
    private static readonly CommitResult.Committed Done = new(LogPosition.Start, LogPosition.Start, []);

    private readonly ManualTime _time = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_commit_that_is_taken_gets_what_the_writer_says_and_cannot_be_cancelled_any_more()
    {
        using var giveUp = new CancellationTokenSource();
        var woken = 0;
        var line = NewLine(10, () => woken++);
        var first = line.EnqueueAsync(NewCommit(), giveUp.Token).AsTask();
        var second = line.EnqueueAsync(NewCommit(), Stop).AsTask();
        Assert.Equal((1, 2), (woken, line.Count));

        var taken = Take(line);
        Assert.True(taken[0].TryTake() && taken[1].TryTake());
        await giveUp.CancelAsync();
        taken[0].Outcome = Done;
        taken[0].Complete();
        taken[1].Failure = new TallystickException("full");
        taken[1].Complete();

        Assert.Same(Done, await first.WaitAsync(Deadline, Stop));
        Assert.Equal("full", (await Assert.ThrowsAsync<TallystickException>(() => second.WaitAsync(Deadline, Stop))).Message);
    }

    [Fact]
    public async Task A_commit_that_is_cancelled_in_line_is_told_so_and_the_writer_leaves_it()
    {
        using var giveUp = new CancellationTokenSource();
        var line = NewLine(10);
        var commit = line.EnqueueAsync(NewCommit(), giveUp.Token).AsTask();

        await giveUp.CancelAsync();

        Assert.Contains("nothing was written", (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => commit.WaitAsync(Deadline, Stop))).Message, StringComparison.Ordinal);
        Assert.False(Assert.Single(Take(line)).TryTake());
    }

    [Fact]
    public async Task A_commit_that_finds_no_place_in_time_fails_as_transient_and_never_comes_into_the_line()
    {
        var line = NewLine(1);
        var first = line.EnqueueAsync(NewCommit(), Stop).AsTask();
        var late = line.EnqueueAsync(NewCommit(), Stop).AsTask();
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(late.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(1));

        var full = await Assert.ThrowsAsync<TallystickException>(() => late.WaitAsync(Deadline, Stop));
        Assert.True(full.IsTransient);
        Assert.Contains("no place in the queue of 1 (CommitQueueLength) within 00:01:00 (CommitQueueTimeout)", full.Message, StringComparison.Ordinal);
        Assert.Single(Take(line));
        Assert.Empty(Take(line));
        Assert.False(first.IsCompleted);
    }

    [Fact]
    public async Task Who_waits_for_a_place_gets_the_first_that_becomes_free()
    {
        var line = NewLine(1);
        var commits = Enumerable.Range(0, 3).Select(_ => line.EnqueueAsync(NewCommit(), Stop).AsTask()).ToArray();

        for (var i = 0; i < commits.Length; i++)
        {
            var taken = Assert.Single(Take(line));
            Assert.True(taken.TryTake());
            taken.Outcome = Done;
            taken.Complete();
        }

        await Task.WhenAll(commits).WaitAsync(Deadline, Stop);
    }

    [Fact]
    public async Task A_closed_line_lets_nobody_in_and_fails_who_waits_for_a_place_by_the_stores_name()
    {
        var line = NewLine(1);
        var first = line.EnqueueAsync(NewCommit(), Stop).AsTask();
        var waiting = line.EnqueueAsync(NewCommit(), Stop).AsTask();

        line.Close();

        Assert.Equal("TheStore", (await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting.WaitAsync(Deadline, Stop))).ObjectName);
        Assert.Equal("TheStore", (await Assert.ThrowsAsync<ObjectDisposedException>(() => line.EnqueueAsync(NewCommit(), Stop).AsTask())).ObjectName);
        Assert.Single(Take(line));
        Assert.False(first.IsCompleted);
    }

    private static List<PendingCommit> Take(CommitLine line)
    {
        var taken = new List<PendingCommit>();
        line.Take(taken, 100);
        return taken;
    }

    private static PreparedCommit NewCommit() =>
        PreparedCommit.Prepare(Commit.For(TenantId.Parse("acme")).Save("orders", LogPosition.Of(1)), StoreLimits.Default, Entropy.System);

    private CommitLine NewLine(int length, Action? onFirst = null) => new(
        new StoreOptions { Time = _time, CommitQueueTimeout = TimeSpan.FromMinutes(1), Limits = StoreLimits.Default with { CommitQueueLength = length } },
        "TheStore", onFirst ?? (() => { }));
}
