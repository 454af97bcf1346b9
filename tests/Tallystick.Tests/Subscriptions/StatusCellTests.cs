using Tallystick.Events;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;

namespace Tallystick.Tests.Subscriptions;

/// <summary>Waiting for a runner's status.</summary>
public sealed class StatusCellTests
{
    private static readonly SubscriptionStatus Starting = new(TenantId.Parse("acme"), "orders", SubscriptionState.Starting, LogPosition.Start);

    private readonly StatusCell _cell = new(Starting);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_wait_ends_with_the_first_status_that_is_wanted()
    {
        var live = _cell.WaitAsync(status => status.State == SubscriptionState.Live, Token);
        _cell.Set(Starting with { State = SubscriptionState.CatchingUp });
        Assert.False(live.IsCompleted);

        _cell.Set(Starting with { State = SubscriptionState.Live });

        Assert.Equal(SubscriptionState.Live, (await live).State);
        Assert.Equal(SubscriptionState.Live, (await _cell.WaitAsync(status => status.State == SubscriptionState.Live, Token)).State);
    }

    [Fact]
    public async Task A_cancelled_wait_ends_and_is_asked_no_more()
    {
        var asked = 0;
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var waiting = _cell.WaitAsync(_ => asked++ > 1000, cancel.Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        var before = asked;
        _cell.Set(Starting with { State = SubscriptionState.Live });
        Assert.Equal(before, asked);
    }

    [Fact]
    public async Task A_wait_whose_condition_throws_fails_alone()
    {
        var broken = _cell.WaitAsync(status => status.State == SubscriptionState.Live ? throw new FormatException("broken") : false, Token);
        var sound = _cell.WaitAsync(status => status.State == SubscriptionState.Live, Token);

        _cell.Set(Starting with { State = SubscriptionState.Live });

        await Assert.ThrowsAsync<FormatException>(() => broken);
        Assert.Equal(SubscriptionState.Live, (await sound).State);
    }
}
