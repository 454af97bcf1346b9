using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;

namespace Tallystick.Tests.Subscriptions;

public sealed class BatchGateTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);

    private static readonly TenantId A = TenantId.Parse("a");
    private static readonly TenantId B = TenantId.Parse("b");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_waits_gets_a_place_in_turn_and_who_gives_up_takes_none()
    {
        var gate = new BatchGate(1, new TenantShares());
        await gate.EnterAsync(A, Token);
        using var cancelled = new CancellationTokenSource();
        var (givesUp, waits) = (gate.EnterAsync(A, cancelled.Token).AsTask(), gate.EnterAsync(A, Token).AsTask());

        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givesUp.WaitAsync(Deadline, Token));
        Assert.False(waits.IsCompleted);
        gate.Leave();
        await waits.WaitAsync(Deadline, Token);
    }

    [Fact]
    public async Task Tenants_take_turns_so_that_one_with_many_batches_holds_up_no_other()
    {
        var shares = new TenantShares();
        var gate = new BatchGate(1, shares);
        await gate.EnterAsync(A, Token);
        var order = new List<TenantId>();
        var batches = new List<Task>();
        foreach (var tenant in (TenantId[])[A, A, A, A, A, A, B, B])
            batches.Add(RunAsync(tenant));

        gate.Leave();
        await Task.WhenAll(batches).WaitAsync(Deadline, Token);

        Assert.Equal([A, B, A, B, A, A, A, A], order);

        async Task RunAsync(TenantId tenant)
        {
            await gate.EnterAsync(tenant, Token);
            order.Add(tenant);
            gate.Leave();
        }
    }

    [Fact]
    public async Task Who_gives_up_just_when_a_place_is_given_has_it_and_it_is_not_lost()
    {
        var gate = new BatchGate(1, new TenantShares());
        await gate.EnterAsync(A, Token);
        using var cancelled = new CancellationTokenSource();
        Task? enters = null;
        // All continuations are put behind this, so the cancellation comes between the place and the one who gets it.
        await Task.Factory.StartNew(
            () =>
            {
                enters = gate.EnterAsync(A, cancelled.Token).AsTask();
                gate.Leave();
                cancelled.Cancel();
            },
            Token, TaskCreationOptions.None, new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler);

        await enters!.WaitAsync(Deadline, Token);
        gate.Leave();
        await gate.EnterAsync(A, Token).AsTask().WaitAsync(Deadline, Token);
    }
}
