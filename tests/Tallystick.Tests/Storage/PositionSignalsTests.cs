using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Tests.Storage;

/// <summary>Waiting for a position: never missed, woken once, nothing left behind.</summary>
public sealed class PositionSignalsTests : IDisposable
{
    private static readonly TenantId A = TenantId.Parse("a");
    private static readonly TenantId B = TenantId.Parse("b");

    private readonly PositionSignals _signals = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _signals.Dispose();

    [Fact]
    public async Task A_position_that_is_reached_already_is_not_waited_for()
    {
        await Wait(A, null, 0, () => throw new InvalidOperationException("Not asked."));
        await Wait(A, null, 3, () => 3);
        await Wait(A, null, 3, () => 4);
        Assert.Equal(0, _signals.WaitingCount);
    }

    [Fact]
    public async Task A_waiter_wakes_at_its_position_and_no_other_does()
    {
        Task[] waits = [Wait(A, null, 1), Wait(A, null, 2), Wait(A, null, 2), Wait(A, null, 5), Wait(B, null, 1), Wait(A, "c", 1), Wait(A, "d", 1)];
        Assert.Equal(waits.Length, _signals.WaitingCount);
        _signals.Advance(A, LogPosition.Of(3));
        await Task.WhenAll(waits[..3]).WaitAsync(Token);
        Assert.All(waits[3..], wait => Assert.False(wait.IsCompleted));
        _signals.Advance(A, "c", LogPosition.Of(9));
        await waits[5].WaitAsync(Token);
        Assert.All([waits[3], waits[4], waits[6]], wait => Assert.False(wait.IsCompleted));
        Assert.Equal(3, _signals.WaitingCount);
        _signals.Advance(A, LogPosition.Of(5));
        _signals.Advance(B, LogPosition.Of(1));
        _signals.Advance(A, "d", LogPosition.Of(1));
        await Task.WhenAll(waits).WaitAsync(Token);
        Assert.Equal(0, _signals.WaitingCount);
    }

    [Fact]
    public async Task An_advance_while_the_stored_position_is_read_is_not_missed()
    {
        var reading = new TaskCompletionSource<LogPosition>(TaskCreationOptions.RunContinuationsAsynchronously);
        var wait = _signals.WaitAsync(A, null, LogPosition.Of(1), () => new ValueTask<LogPosition>(reading.Task), Token).AsTask();
        _signals.Advance(A, LogPosition.Of(1));
        reading.SetResult(LogPosition.Start);
        await wait.WaitAsync(Token);
        Assert.Equal(0, _signals.WaitingCount);
    }

    [Fact]
    public async Task No_wake_up_is_missed_among_many_threads()
    {
        const int Last = 20_000, Readers = 6;
        long position = 0;
        var readers = Enumerable.Range(0, Readers).Select(reader => Task.Factory.StartNew(
            async () =>
            {
                for (long seen = 0; seen < Last;)
                {
                    await _signals.WaitAsync(A, reader % 2 == 0 ? null : "c", LogPosition.Of(seen + 1), () => new(LogPosition.Of(Volatile.Read(ref position))), Token);
                    var now = Volatile.Read(ref position);
                    Assert.True(now > seen);
                    seen = now;
                }
            },
            Token, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()).ToArray();
        var writer = Task.Factory.StartNew(
            () =>
            {
                for (var next = 1; next <= Last; next++)
                {
                    Volatile.Write(ref position, next);
                    _signals.Advance(A, LogPosition.Of(next));
                    _signals.Advance(A, "c", LogPosition.Of(next));
                }
            },
            Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Task.WhenAll([writer, .. readers]).WaitAsync(TimeSpan.FromSeconds(60), Token);
        Assert.Equal(0, _signals.WaitingCount);
    }

    [Fact]
    public async Task Those_who_give_up_leave_nothing_behind()
    {
        using var patient = new CancellationTokenSource();
        var stays = Wait(A, null, 1_000_000, token: patient.Token);
        for (var i = 0; i < 1000; i++)
        {
            using var hasty = new CancellationTokenSource();
            var wait = Wait(A, null, 1000 + i, token: hasty.Token);
            await hasty.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
            Assert.InRange(_signals.WaitingCount, 1, 2);
        }

        Assert.False(stays.IsCompleted);
        _signals.Advance(A, LogPosition.Of(1_000_000));
        await stays.WaitAsync(Token);
        Assert.Equal(0, _signals.WaitingCount);
    }

    [Fact]
    public async Task Among_many_who_stay_those_who_give_up_are_dropped_in_time_and_the_rest_is_woken()
    {
        var stay = Enumerable.Range(1, 100).Select(i => Wait(A, null, i)).ToArray();
        using var hasty = new CancellationTokenSource();
        var leave = Enumerable.Range(1, 150).Select(i => Wait(A, null, i, token: hasty.Token)).ToArray();
        await hasty.CancelAsync();
        foreach (var wait in leave)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        Assert.InRange(_signals.WaitingCount, 100, 200);
        _signals.Advance(A, LogPosition.Of(50));
        await Task.WhenAll(stay[..50]).WaitAsync(Token);
        Assert.All(stay[50..], wait => Assert.False(wait.IsCompleted));
        _signals.Advance(A, LogPosition.Of(1000));
        await Task.WhenAll(stay).WaitAsync(Token);
        Assert.Equal(0, _signals.WaitingCount);
    }

    [Fact]
    public async Task A_failed_read_fails_its_waiter_alone_and_leaves_nothing_behind()
    {
        var other = Wait(A, null, 1);
        await Assert.ThrowsAsync<TallystickException>(() => Wait(A, null, 1, () => throw new TallystickException("Down.")));
        _signals.Advance(A, LogPosition.Of(1));
        await other.WaitAsync(Token);
        Assert.Equal(0, _signals.WaitingCount);
    }

    [Fact]
    public async Task Closing_fails_those_who_wait_and_those_who_come_later()
    {
        Task[] waits = [Wait(A, null, 1), Wait(B, "c", 7)];
        _signals.Dispose();
        _signals.Dispose();
        foreach (var wait in waits)
            await Assert.ThrowsAsync<ObjectDisposedException>(() => wait);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Wait(A, null, 1));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Wait(A, null, 0));
        _signals.Advance(A, LogPosition.Of(1));
        Assert.Equal(0, _signals.WaitingCount);
    }

    [Fact]
    public async Task Nobody_waits_for_no_tenant_or_after_its_cancellation()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Wait(default, null, 1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Wait(A, null, 0, token: new CancellationToken(canceled: true)));
        Assert.Equal(0, _signals.WaitingCount);
    }

    private Task Wait(TenantId tenant, string? checkpoint, long position, Func<long>? current = null, CancellationToken? token = null) => _signals.WaitAsync(
        tenant, checkpoint, LogPosition.Of(position), () => new(LogPosition.Of(current?.Invoke() ?? 0)), token ?? Token).AsTask();
}
