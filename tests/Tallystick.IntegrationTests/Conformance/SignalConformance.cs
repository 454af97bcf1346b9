using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.IntegrationTests.Conformance;

/// <summary>Waiting for a log or a checkpoint to reach a position.</summary>
public abstract class SignalConformance<THarness> : StoreConformance<THarness>
    where THarness : StoreHarness, new()
{
    [Fact]
    public async Task A_position_that_is_reached_already_needs_no_signal()
    {
        await Place(3);
        await Do(Commit.For(Acme).Save("orders", LogPosition.Of(2)));
        await ReopenAsync();

        await Soon(Reached(0));
        await Soon(Reached(3));
        await Soon(Checkpoint("orders", 2));
        await Soon(Checkpoint("never saved", 0));
        await Soon(Store.WaitForPositionAsync(Globex, LogPosition.Start, Stop).AsTask());
    }

    [Fact]
    public async Task Waiters_are_woken_when_their_position_is_reached_and_not_before()
    {
        Task[] waiters = [Reached(1), Reached(2), Reached(2), Reached(3), Reached(4)];
        Assert.DoesNotContain(waiters, waiter => waiter.IsCompleted);

        await Place(2);
        await Soon(Task.WhenAll(waiters[..3]));
        Assert.False(waiters[3].IsCompleted || waiters[4].IsCompleted);

        await Place(2);
        await Soon(Task.WhenAll(waiters));
    }

    [Fact]
    public async Task A_checkpoint_wakes_those_who_wait_for_it_and_no_others()
    {
        var orders = Checkpoint("orders", 2);
        var mailer = Checkpoint("mailer", 2);
        var log = Reached(2);

        await Do(Commit.For(Acme).Save("orders", LogPosition.Of(1)));
        Assert.False(orders.IsCompleted);
        await Do(Commit.For(Acme).Save("orders", LogPosition.Of(3)));
        await Soon(orders);

        Assert.False(mailer.IsCompleted || log.IsCompleted);
        await Do(Commit.For(Acme).Save("mailer", LogPosition.Of(2)).Append(Order1, ExpectedVersion.Any, Make.Many(2)));
        await Soon(Task.WhenAll(mailer, log));
    }

    [Fact]
    public async Task What_is_awaited_can_be_read_when_the_waiter_wakes()
    {
        var reader = ReadWhenReached();
        await Place(1);
        Assert.Equal(1, await reader.WaitAsync(TimeSpan.FromSeconds(60), Stop));

        async Task<long> ReadWhenReached()
        {
            await Store.WaitForPositionAsync(Acme, LogPosition.Of(1), Stop);
            return await Head(Acme);
        }
    }

    [Fact]
    public async Task A_refused_commit_and_a_replay_wake_nobody()
    {
        await Do(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()).Once(new IdempotencyKey("once")));
        var log = Reached(2);
        var checkpoint = Checkpoint("orders", 1);

        await Refused<Refusal.WrongVersion>(
            Commit.For(Acme).Append(Order1, ExpectedVersion.NoStream, Make.Event()).Save("orders", LogPosition.Of(1)));
        await Do(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()).Save("orders", LogPosition.Of(1)).Once(new IdempotencyKey("once")));

        Assert.False(log.IsCompleted || checkpoint.IsCompleted);
        await Do(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()).Save("orders", LogPosition.Of(1)));
        await Soon(Task.WhenAll(log, checkpoint));
    }

    [Fact]
    public async Task A_waiter_that_is_cancelled_ends_and_the_others_go_on_waiting()
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var impatient = Enumerable.Range(0, 50).Select(_ => Store.WaitForPositionAsync(Acme, LogPosition.Of(2), deadline.Token).AsTask()).ToArray();
        var patient = Reached(2);

        await deadline.CancelAsync();

        foreach (var waiter in impatient)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiter);
        Assert.False(patient.IsCompleted);
        await Place(2);
        await Soon(patient);
    }

    [Fact]
    public async Task Closing_the_store_fails_those_who_wait()
    {
        var log = Reached(1);
        var checkpoint = Checkpoint("orders", 1);

        await Store.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => log);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => checkpoint);
    }

    [Fact]
    public async Task No_advance_is_missed_however_waits_and_commits_interleave()
    {
        const int Commits = 200;
        await AtOnce(4, async thread =>
        {
            for (var n = 1; n <= Commits; n++)
            {
                if (thread == 0)
                    await Do(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()).Save("orders", LogPosition.Of(n)));
                else if (thread == 1)
                    await Checkpoint("orders", n);
                else
                    await Reached(n);
            }
        });
    }

    private Task Reached(long position) => Store.WaitForPositionAsync(Acme, LogPosition.Of(position), Stop).AsTask();

    private Task Checkpoint(string name, long position) => Store.WaitForCheckpointAsync(Acme, name, LogPosition.Of(position), Stop).AsTask();
}
