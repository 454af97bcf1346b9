using Tallystick.Testing.Time;

namespace Tallystick.Tests.Testing.Time;

public sealed class ManualTimeTests
{
    private static readonly TimeSpan Never = Timeout.InfiniteTimeSpan;

    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch);
    private readonly List<string> _fired = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void The_clock_stands_still_until_it_is_moved()
    {
        Assert.Equal(DateTimeOffset.UnixEpoch, _time.GetUtcNow());
        var start = _time.GetTimestamp();

        _time.Advance(TimeSpan.FromTicks(12_345_678_901));

        Assert.Equal(DateTimeOffset.UnixEpoch.AddTicks(12_345_678_901), _time.GetUtcNow());
        Assert.Equal(TimeSpan.FromTicks(12_345_678_901), _time.GetElapsedTime(start));
        Assert.Equal(TimeZoneInfo.Utc, _time.LocalTimeZone);
        Assert.Throws<ArgumentOutOfRangeException>(() => _time.Advance(TimeSpan.FromTicks(-1)));
    }

    [Fact]
    public void Timers_fire_in_the_order_in_which_they_are_due_and_each_sees_its_due_time()
    {
        Set("c", 3);
        Set("a", 1);
        Set("b1", 2);
        Set("b2", 2);
        Set("later", 5);

        _time.Advance(TimeSpan.FromSeconds(4));

        Assert.Equal(["a@1", "b1@2", "b2@2", "c@3"], _fired);
        Assert.Equal(4, Seconds);
        Assert.Equal((1, TimeSpan.FromSeconds(1)), (_time.TimerCount, _time.NextDue));
    }

    [Fact]
    public void A_periodic_timer_fires_as_often_as_it_is_due_between_the_others()
    {
        using var periodic = Set("p", 1, period: 2);
        Set("x", 4);

        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(["p@1", "p@3", "x@4", "p@5"], _fired);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("p@7", _fired[^1]);

        periodic.Dispose();
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(5, _fired.Count);
    }

    [Fact]
    public void A_timer_that_is_due_at_once_fires_at_once_and_one_that_is_never_due_never_does()
    {
        Set("now", 0);
        using var period = Set("now and then", 0, period: 2);
        using var never = _time.CreateTimer(Note, "never", Never, Never);
        Assert.Equal(["now@0", "now and then@0"], _fired);

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal("now and then@2", _fired[^1]);
        Assert.Equal(3, _fired.Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => never.Change(TimeSpan.FromSeconds(-2), Never));
    }

    [Fact]
    public void A_callback_may_set_change_and_dispose_timers()
    {
        ITimer? again = null, victim = null;
        victim = Set("victim", 3);
        using var killer = _time.CreateTimer(_ => victim.Dispose(), null, TimeSpan.FromSeconds(3) - TimeSpan.FromTicks(1), Never);
        using var setter = _time.CreateTimer(_ => Set("set by a callback", 1), null, TimeSpan.FromSeconds(1), Never);
        again = _time.CreateTimer(
            state =>
            {
                Note(state);
                if (_fired.Count(text => text.StartsWith("again", StringComparison.Ordinal)) < 3)
                    again!.Change(TimeSpan.FromSeconds(1), Never);
                else
                    again!.Dispose();
            },
            "again", TimeSpan.FromSeconds(1), Never);

        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(["again@1", "set by a callback@2", "again@2", "again@3"], _fired);
        Assert.False(again.Change(TimeSpan.FromSeconds(1), Never));
        Assert.Equal(0, _time.TimerCount);
    }

    [Fact]
    public void A_periodic_timer_that_disposes_of_itself_does_not_fire_again()
    {
        ITimer? self = null;
        self = _time.CreateTimer(
            state =>
            {
                Note(state);
                self!.Dispose();
            },
            "once", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(["once@1"], _fired);
    }

    [Fact]
    public void A_callback_may_advance_the_clock_and_time_never_goes_back()
    {
        using var jumper = _time.CreateTimer(_ => _time.Advance(TimeSpan.FromSeconds(5)), null, TimeSpan.FromSeconds(1), Never);
        Set("inside", 3);
        Set("beyond", 7);

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(["inside@3"], _fired);
        Assert.Equal(6, Seconds);
    }

    [Fact]
    public void What_a_callback_throws_comes_out_and_the_others_fire_with_the_next_advance()
    {
        using var bad = _time.CreateTimer(_ => throw new InvalidOperationException("bad"), null, TimeSpan.FromSeconds(1), Never);
        Set("good", 2);

        Assert.Throws<InvalidOperationException>(() => _time.Advance(TimeSpan.FromSeconds(5)));
        Assert.Equal(1, Seconds);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(["good@2"], _fired);
    }

    [Fact]
    public void The_wall_clock_can_be_set_back_without_any_timer_or_timestamp_noticing()
    {
        Set("a", 10);
        var start = _time.GetTimestamp();

        _time.Now -= TimeSpan.FromDays(365);
        Assert.Equal(DateTimeOffset.UnixEpoch.AddDays(-365), _time.GetUtcNow());
        Assert.Equal(start, _time.GetTimestamp());
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Empty(_fired);
        _time.Now += TimeSpan.FromDays(1000);
        Assert.Empty(_fired);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Single(_fired);
        Assert.Equal(TimeSpan.FromSeconds(10), _time.GetElapsedTime(start));
    }

    [Fact]
    public async Task A_test_is_woken_when_somebody_waits_for_a_time()
    {
        var awaited = _time.WhenAwaitedAsync(Stop);
        var two = _time.WhenAwaitedAsync(2, Stop);
        Assert.False(awaited.IsCompleted);

        var delay = Task.Delay(TimeSpan.FromMinutes(5), _time, Stop);
        await awaited;
        Assert.False(two.IsCompleted);
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(10), _time);
        await two;

        Assert.Equal(TimeSpan.FromMinutes(5), await _time.AdvanceToNextAsync(Stop));
        await delay;
        Assert.False(deadline.IsCancellationRequested);
        Assert.Equal(TimeSpan.FromMinutes(5), _time.AdvanceToNext());
        Assert.True(deadline.IsCancellationRequested);
        Assert.Null(_time.AdvanceToNext());
    }

    [Fact]
    public async Task Waiting_for_a_wait_can_be_given_up()
    {
        using var giveUp = new CancellationTokenSource();
        var waiting = _time.AdvanceToNextAsync(giveUp.Token);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task A_loop_over_a_periodic_timer_runs_once_for_each_period()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), _time);
        for (var round = 1; round <= 3; round++)
        {
            var tick = timer.WaitForNextTickAsync(Stop);
            Assert.False(tick.IsCompleted);
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.True(await tick);
        }
    }

    [Fact]
    public async Task Many_threads_may_set_timers_while_the_clock_moves_and_each_fires_once()
    {
        const int Threads = 4, Each = 500;
        var count = 0;
        using var start = new Barrier(Threads + 1);
        var setting = Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait(Stop);
                for (var i = 0; i < Each; i++)
                    _time.CreateTimer(_ => Interlocked.Increment(ref count), null, TimeSpan.FromTicks(1 + ((i + thread) % 7)), Never);
            },
            Stop, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        start.SignalAndWait(Stop);
        while (!Task.WhenAll(setting).IsCompleted)
            _time.Advance(TimeSpan.FromTicks(1));
        await Task.WhenAll(setting);
        _time.Advance(TimeSpan.FromTicks(10));

        Assert.Equal((Threads * Each, 0), (count, _time.TimerCount));
    }

    private double Seconds => (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    private ITimer Set(string name, double due, double period = 0) =>
        _time.CreateTimer(Note, name, TimeSpan.FromSeconds(due), period == 0 ? Never : TimeSpan.FromSeconds(period));

    private void Note(object? name) => _fired.Add($"{name}@{Seconds}");
}
