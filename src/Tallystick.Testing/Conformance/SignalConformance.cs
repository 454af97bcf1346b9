using Tallystick.Events;
using Tallystick.Storage;
using Xunit;

namespace Tallystick.Testing.Conformance;

/// <summary>Waiting for a log or a checkpoint to reach a position.</summary>
internal sealed class SignalConformance : ConformanceArea
{
    [Conformance]
    public async Task A_position_that_is_reached_already_needs_no_signal()
    {
        await PlaceAsync(3);
        await DoAsync(Commit.For(Acme).Save("orders", LogPosition.Of(2)));
        await ReopenAsync();

        await SoonAsync(ReachedAsync(0));
        await SoonAsync(ReachedAsync(3));
        await SoonAsync(CheckpointAsync("orders", 2));
        await SoonAsync(CheckpointAsync("never saved", 0));
        await SoonAsync(Store.WaitForPositionAsync(Globex, LogPosition.Start, Stop).AsTask());
    }

    [Conformance]
    public async Task Waiters_are_woken_when_their_position_is_reached_and_not_before()
    {
        Task[] waiters = [ReachedAsync(1), ReachedAsync(2), ReachedAsync(2), ReachedAsync(3), ReachedAsync(4)];
        Assert.DoesNotContain(waiters, waiter => waiter.IsCompleted);

        await PlaceAsync(2);
        await SoonAsync(Task.WhenAll(waiters[..3]));
        await SettleAsync();
        Assert.False(waiters[3].IsCompleted || waiters[4].IsCompleted);

        await PlaceAsync(2);
        await SoonAsync(Task.WhenAll(waiters));
    }

    [Conformance]
    public async Task A_checkpoint_wakes_those_who_wait_for_it_and_no_others()
    {
        var orders = CheckpointAsync("orders", 2);
        var mailer = CheckpointAsync("mailer", 2);
        var log = ReachedAsync(2);

        await DoAsync(Commit.For(Acme).Save("orders", LogPosition.Of(1)));
        await SettleAsync();
        Assert.False(orders.IsCompleted);
        await DoAsync(Commit.For(Acme).Save("orders", LogPosition.Of(3)));
        await SoonAsync(orders);

        await SettleAsync();
        Assert.False(mailer.IsCompleted || log.IsCompleted);
        await DoAsync(Commit.For(Acme).Save("mailer", LogPosition.Of(2)).Append(Order1, ExpectedVersion.Any, Make.Many(2)));
        await SoonAsync(Task.WhenAll(mailer, log));
    }

    [Conformance]
    public async Task What_is_awaited_can_be_read_when_the_waiter_wakes()
    {
        var reader = ReadWhenReached();
        await PlaceAsync(1);
        Assert.Equal(1, await reader.WaitAsync(TimeSpan.FromSeconds(60), Stop));

        async Task<long> ReadWhenReached()
        {
            await Store.WaitForPositionAsync(Acme, LogPosition.Of(1), Stop);
            return await HeadAsync(Acme);
        }
    }

    [Conformance]
    public async Task A_refused_commit_and_a_replay_wake_nobody()
    {
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()).Once(new IdempotencyKey("once")));
        var log = ReachedAsync(2);
        var checkpoint = CheckpointAsync("orders", 1);

        await RefusedAsync<Refusal.WrongVersion>(
            Commit.For(Acme).Append(Order1, ExpectedVersion.NoStream, Make.Event()).Save("orders", LogPosition.Of(1)));
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()).Save("orders", LogPosition.Of(1)).Once(new IdempotencyKey("once")));

        await SettleAsync();
        Assert.False(log.IsCompleted || checkpoint.IsCompleted);
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()).Save("orders", LogPosition.Of(1)));
        await SoonAsync(Task.WhenAll(log, checkpoint));
    }

    [Conformance]
    public async Task A_waiter_that_is_cancelled_ends_and_the_others_go_on_waiting()
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var impatient = Enumerable.Range(0, 50).Select(_ => Store.WaitForPositionAsync(Acme, LogPosition.Of(2), deadline.Token).AsTask()).ToArray();
        var patient = ReachedAsync(2);

        await deadline.CancelAsync();

        foreach (var waiter in impatient)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiter);
        await SettleAsync();
        Assert.False(patient.IsCompleted);
        await PlaceAsync(2);
        await SoonAsync(patient);
    }

    [Conformance]
    public async Task Closing_the_store_fails_those_who_wait()
    {
        var log = ReachedAsync(1);
        var checkpoint = CheckpointAsync("orders", 1);

        await Store.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => log);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => checkpoint);
    }

    [Conformance]
    public async Task No_advance_is_missed_however_waits_and_commits_interleave()
    {
        const int Commits = 200;
        await AtOnceAsync(4, async thread =>
        {
            for (var n = 1; n <= Commits; n++)
            {
                if (thread == 0)
                    await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()).Save("orders", LogPosition.Of(n)));
                else if (thread == 1)
                    await CheckpointAsync("orders", n);
                else
                    await ReachedAsync(n);
            }
        });
    }

    private Task ReachedAsync(long position) => Store.WaitForPositionAsync(Acme, LogPosition.Of(position), Stop).AsTask();

    private Task CheckpointAsync(string name, long position) => Store.WaitForCheckpointAsync(Acme, name, LogPosition.Of(position), Stop).AsTask();
}
