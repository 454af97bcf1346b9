using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Stores;

namespace Tallystick.Tests.Commands;

public sealed class ConflictTests
{
    private readonly CommandWorld _world = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_command_on_a_stale_cached_state_is_decided_again_on_the_tail()
    {
        await _world.Do(new Add(1));
        await _world.AppendBehindAsync(new Added(10), new Added(100));
        _world.Store.Calls.Clear();

        var result = await _world.Do(new Raise(200));

        Assert.Equal(StreamVersion.Of(4), Assert.IsType<CommandResult.Accepted>(result).Version);
        Assert.Equal(200, (await _world.StateAsync()).Value);
        Assert.Equal(StreamVersion.Of(2), Assert.Single(_world.StreamReads).From);
        Assert.Empty(_world.Time.Waits);
    }

    [Fact]
    public async Task Nothing_to_do_on_a_stale_cached_state_is_decided_again()
    {
        await _world.Do(new Add(5));
        await _world.AppendBehindAsync(new Added(-5));

        Assert.Equal(StreamVersion.Of(3), Assert.IsType<CommandResult.Accepted>(await _world.Do(new Raise(5))).Version);
        Assert.Equal(5, (await _world.StateAsync()).Value);
    }

    [Fact]
    public async Task A_rejection_on_a_stale_cached_state_is_decided_again()
    {
        var world = new CommandWorld(new ToggleDecider());
        var stream = new StreamId("toggle", "1");
        await world.Processor.ExecuteAsync(new CommandRequest(CommandWorld.Tenant, stream, new Toggle(true)), Token);
        var otherNode = world.NewProcessor(new ToggleDecider());
        await otherNode.ExecuteAsync(new CommandRequest(CommandWorld.Tenant, stream, new Toggle(false)), Token);

        var result = await world.Processor.ExecuteAsync(new CommandRequest(CommandWorld.Tenant, stream, new Toggle(true)), Token);
        Assert.Equal(StreamVersion.Of(3), Assert.IsType<CommandResult.Accepted>(result).Version);
    }

    [Fact]
    public async Task A_command_is_rejected_by_what_another_node_did()
    {
        await _world.Do(new Add(1));
        await _world.AppendBehindAsync(new Closed());
        Assert.IsType<CommandResult.Rejected>(await _world.Do(new Add(1)));
    }

    [Fact]
    public async Task An_expected_version_that_is_met_is_accepted_also_on_a_stale_cache()
    {
        await _world.Do(new Add(1));
        await _world.AppendBehindAsync(new Added(1));
        var result = await _world.Do(new Add(1), expected: ExpectedVersion.Exactly(2));
        Assert.Equal(StreamVersion.Of(3), Assert.IsType<CommandResult.Accepted>(result).Version);
    }

    [Fact]
    public async Task An_expected_version_that_is_not_met_is_a_conflict_and_not_retried()
    {
        await _world.Do(new AddTwice(1));
        var commits = _world.Store.Commits.Length;

        var result = await _world.Do(new Add(1), expected: ExpectedVersion.Exactly(1));

        Assert.Equal(new CommandResult.Conflict(CommandWorld.Stream, ExpectedVersion.Exactly(1), StreamVersion.Of(2)), result);
        Assert.Equal(commits, _world.Store.Commits.Length);
        Assert.Empty(_world.Time.Waits);
        Assert.Equal(2, (await _world.StateAsync()).Value);
        Assert.IsType<CommandResult.Conflict>(await _world.Do(new Add(1), expected: ExpectedVersion.NoStream));
        Assert.IsType<CommandResult.Conflict>(await _world.Do(new Add(1), expected: ExpectedVersion.Exactly(3)));
    }

    [Fact]
    public async Task An_expected_version_that_the_stale_cache_still_has_is_a_conflict_and_not_retried()
    {
        await _world.Do(new Add(1));
        await _world.AppendBehindAsync(new Added(10));

        var result = await _world.Do(new Add(1), expected: ExpectedVersion.Exactly(1));

        Assert.Equal(new CommandResult.Conflict(CommandWorld.Stream, ExpectedVersion.Exactly(1), StreamVersion.Of(2)), result);
        Assert.Equal(2, _world.Store.Commits.Length);
        Assert.Empty(_world.Time.Waits);
        Assert.Equal(11, (await _world.StateAsync()).Value);
    }

    [Fact]
    public async Task Attempts_are_bounded_and_waits_double_jittered_after_an_immediate_first_retry()
    {
        _world.Store.Inject(StoreFault.Meanwhile(_ => _world.AppendBehindAsync(new Added(1))).On(StoreOperation.Commit).ForEver());

        var conflict = Assert.IsType<CommandResult.Conflict>(await _world.Do(new Add(1)));

        Assert.Equal(10, _world.Store.Commits.Length);
        Assert.Equal(ExpectedVersion.Exactly(9), conflict.Expected);
        Assert.Equal(StreamVersion.Of(10), conflict.Actual);
        Assert.Equal(8, _world.Time.Waits.Count);
        for (var i = 0; i < 8; i++)
            Assert.InRange(_world.Time.Waits[i].TotalMilliseconds, Math.Min(5 << i, 250) / 2.0 - 1, Math.Min(5 << i, 250));
        Assert.Contains(_world.Time.Waits, wait => wait.TotalMilliseconds % 5 != 0);
    }

    [Fact]
    public async Task A_cancelled_wait_ends_the_retries()
    {
        using var source = new CancellationTokenSource();
        _world.Store.Inject(StoreFault.Meanwhile(_ => _world.AppendBehindAsync(new Added(1))).On(StoreOperation.Commit).ForEver());
        _world.Store.Inject(StoreFault.Meanwhile(_ => source.CancelAsync()).On(StoreOperation.Commit).AtCall(3));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await _world.Processor.ExecuteAsync(CommandWorld.Request(new Add(1)), source.Token));
        Assert.Equal(3, _world.Store.Commits.Length);
    }

    [Fact]
    public async Task A_cache_that_is_ahead_of_a_restored_log_heals()
    {
        await _world.AppendBehindAsync(new Added(1), new Added(1));
        _world.Processor.Cache.Put(CommandWorld.Tenant, CommandWorld.Stream, new(new Counter(77, false), StreamVersion.Of(9)));

        Assert.Equal(StreamVersion.Of(3), Assert.IsType<CommandResult.Accepted>(await _world.Do(new Add(1))).Version);
        Assert.Equal(3, (await _world.StateAsync()).Value);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Eight_executors_that_increment_one_counter_all_succeed(bool separateNodes)
    {
        const int Executors = 8, Each = 25;
        var options = new CommandOptions { AttemptsMax = 200, RetryDelay = TimeSpan.Zero, Time = _world.Time, Entropy = new SeededEntropy(5) };
        var shared = _world.NewProcessor(new CounterDecider(), options);
        _world.Store.Before = static async _ => await Task.Yield();
        var executors = Enumerable.Range(0, Executors).Select(async _ =>
        {
            var processor = separateNodes ? _world.NewProcessor(new CounterDecider(), options) : shared;
            await Task.Yield();
            for (var i = 0; i < Each; i++)
                Assert.IsType<CommandResult.Accepted>(await processor.ExecuteAsync(CommandWorld.Request(new Add(1)), Token));
        });
        await Task.WhenAll(executors);

        Assert.Equal(Executors * Each, (await _world.StateAsync()).Value);
        Assert.Equal(StreamVersion.Of(Executors * Each), await _world.Inner.ReadStreamVersionAsync(CommandWorld.Tenant, CommandWorld.Stream, Token));
    }

    public sealed record Toggle(bool On);

    [EventType("toggle.toggled")]
    public sealed record Toggled(bool On);

    public sealed record Switch(bool On);

    private sealed class ToggleDecider : Decider<Toggle, Toggled, Switch>
    {
        public override string Category => "toggle";

        public override Switch InitialState { get; } = new(false);

        public override Decision<Toggled> Decide(Toggle command, Switch state) => command.On == state.On
            ? Reject("same", "It is so already.")
            : Accept(new Toggled(command.On));

        public override Switch Evolve(Switch state, Toggled @event) => new(@event.On);
    }
}
