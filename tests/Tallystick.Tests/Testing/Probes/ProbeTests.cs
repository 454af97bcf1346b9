using Tallystick.Testing;
using Tallystick.Testing.Probes;
using Tallystick.Testing.Time;

namespace Tallystick.Tests.Testing.Probes;

public sealed class ProbeTests
{
    private readonly ManualTime _time = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_wait_ends_when_enough_has_passed()
    {
        var probe = new Probe<int>();
        var waiting = probe.WaitForAsync(3, Stop);
        probe.Add(1);
        probe.Add(2);
        Assert.False(waiting.IsCompleted);
        probe.Add(3);

        Assert.Equal([1, 2, 3], await waiting);
        Assert.Equal([1, 2, 3], await probe.WaitForAsync(1, Stop));
        Assert.Equal(3, probe.Count);
    }

    [Fact]
    public async Task A_wait_for_a_condition_gets_the_first_that_meets_it_whether_it_passed_already_or_not()
    {
        var probe = new Probe<int>();
        probe.Add(1);
        var waiting = probe.WaitForAsync(n => n > 2, Stop);
        probe.Add(2);
        Assert.False(waiting.IsCompleted);
        probe.Add(7);
        probe.Add(8);

        Assert.Equal(7, await waiting);
        Assert.Equal(2, await probe.WaitForAsync(n => n % 2 == 0, Stop));
    }

    [Fact]
    public async Task A_wait_that_is_not_met_in_time_says_what_was_expected_and_what_passed_instead()
    {
        var probe = new Probe<string>("events of mailer") { Deadline = TimeSpan.FromSeconds(5), Time = _time };
        probe.Add("placed");
        probe.Add("confirmed");
        var count = probe.WaitForAsync(3, Stop);
        var condition = probe.WaitForAsync(name => name == "cancelled", Stop);
        _time.Advance(TimeSpan.FromSeconds(5));

        var failed = await Assert.ThrowsAsync<CheckFailedException>(() => count);
        Assert.Equal(
            "Expected of events of mailer: 3 of them, but within 5 s it didn't come. 2 passed:\n  1. placed\n  2. confirmed",
            failed.Message.ReplaceLineEndings("\n"));
        failed = await Assert.ThrowsAsync<CheckFailedException>(() => condition);
        Assert.StartsWith("Expected of events of mailer: one with name => name == \"cancelled\", but", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_about_much_shows_the_last_of_it_and_one_about_nothing_says_so()
    {
        var probe = new Probe<int> { Deadline = TimeSpan.FromSeconds(1), Time = _time };
        Assert.Equal("Nothing passed.", probe.ToString());
        for (var i = 1; i <= 100; i++)
            probe.Add(i * 10);
        var waiting = probe.WaitForAsync(101, Stop);
        _time.Advance(TimeSpan.FromSeconds(1));

        var message = (await Assert.ThrowsAsync<CheckFailedException>(() => waiting)).Message;
        Assert.Contains("100 passed, the last 20 are:", message, StringComparison.Ordinal);
        Assert.Contains("81. 810", message, StringComparison.Ordinal);
        Assert.DoesNotContain("80. 800", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_wait_is_cancelled_and_not_failed()
    {
        using var giveUp = new CancellationTokenSource();
        var waiting = new Probe<int>().WaitForAsync(1, giveUp.Token);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task What_was_forgotten_does_not_count()
    {
        var probe = new Probe<int>();
        probe.Add(1);
        var waiting = probe.WaitForAsync(n => n == 9, Stop);
        probe.Clear();
        Assert.Equal(0, probe.Count);
        probe.Add(9);

        Assert.Equal(9, await waiting);
        Assert.Equal([9], probe.Seen);
    }

    [Fact]
    public async Task Nothing_is_lost_when_many_threads_add_and_wait()
    {
        const int Threads = 4, Each = 500;
        var probe = new Probe<int>();
        var waiting = Enumerable.Range(0, Threads * Each).Select(n => probe.WaitForAsync(seen => seen == n, Stop)).ToArray();
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(
            () =>
            {
                for (var i = 0; i < Each; i++)
                    probe.Add((thread * Each) + i);
            },
            Stop, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

        Assert.Equal(Enumerable.Range(0, Threads * Each), await Task.WhenAll(waiting));
        Assert.Equal(Threads * Each, probe.Count);
    }
}
