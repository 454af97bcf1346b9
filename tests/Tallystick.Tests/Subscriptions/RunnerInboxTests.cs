using Tallystick.Subscriptions;

namespace Tallystick.Tests.Subscriptions;

/// <summary>The commands that wait for a runner.</summary>
public sealed class RunnerInboxTests
{
    private readonly RunnerInbox _inbox = new("orders", 2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Commands_are_taken_in_order_and_no_more_wait_than_is_allowed()
    {
        RunnerCommand first = new RunnerCommand.Resume(), second = new RunnerCommand.Rebuild();
        _inbox.Post(first);
        _inbox.Post(second);

        var full = Assert.Throws<InvalidOperationException>(() => _inbox.Post(new RunnerCommand.Resume()));

        Assert.Contains("has 2 commands waiting", full.Message, StringComparison.Ordinal);
        Assert.Same(first, _inbox.Take());
        Assert.Same(second, _inbox.Take());
        Assert.Null(_inbox.Take());
    }

    [Fact]
    public async Task A_wait_ends_when_a_command_comes_and_does_not_begin_while_one_waits()
    {
        var waiting = _inbox.WaitAsync(token => new ValueTask(Task.Delay(Timeout.Infinite, token)), Token).AsTask();
        Assert.False(waiting.IsCompleted);
        _inbox.Post(new RunnerCommand.Resume());
        await waiting;

        await _inbox.WaitAsync(_ => throw new InvalidOperationException("It waits although a command is there."), Token);
    }

    [Fact]
    public async Task A_closed_inbox_refuses_what_waits_and_what_comes()
    {
        var waiting = new RunnerCommand.Resume();
        _inbox.Post(waiting);

        _inbox.Close();

        Assert.Contains("ended before", (await Assert.ThrowsAsync<InvalidOperationException>(() => waiting.Done.Task)).Message, StringComparison.Ordinal);
        Assert.Contains("isn't running", Assert.Throws<InvalidOperationException>(() => _inbox.Post(new RunnerCommand.Resume())).Message, StringComparison.Ordinal);
    }
}
