using Tallystick.Subscriptions;

namespace Tallystick.Tests.Subscriptions;

public sealed class BatchGateTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_waits_gets_a_place_in_turn_and_who_gives_up_takes_none()
    {
        var gate = new BatchGate(1);
        await gate.EnterAsync(Token);
        using var cancelled = new CancellationTokenSource();
        var (givesUp, waits) = (gate.EnterAsync(cancelled.Token).AsTask(), gate.EnterAsync(Token).AsTask());

        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givesUp.WaitAsync(Deadline, Token));
        Assert.False(waits.IsCompleted);
        gate.Leave();
        await waits.WaitAsync(Deadline, Token);
    }

    [Fact]
    public async Task Who_gives_up_just_when_a_place_is_given_has_it_and_it_is_not_lost()
    {
        var gate = new BatchGate(1);
        await gate.EnterAsync(Token);
        using var cancelled = new CancellationTokenSource();
        Task? enters = null;
        // All continuations are put behind this, so the cancellation comes between the place and the one who gets it.
        await Task.Factory.StartNew(
            () =>
            {
                enters = gate.EnterAsync(cancelled.Token).AsTask();
                gate.Leave();
                cancelled.Cancel();
            },
            Token, TaskCreationOptions.None, new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler);

        await enters!.WaitAsync(Deadline, Token);
        gate.Leave();
        await gate.EnterAsync(Token).AsTask().WaitAsync(Deadline, Token);
    }
}
