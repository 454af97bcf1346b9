using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Testing.Stores;

namespace Tallystick.Tests.Commands;

public sealed class IdempotencyTests
{
    private static readonly IdempotencyKey Key = new("key-1", "hash-1");

    private readonly CommandWorld _world = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repetition_gets_the_first_result_and_changes_nothing()
    {
        var first = Assert.IsType<CommandResult.Accepted>(await _world.Do(new Add(1), once: Key));
        await _world.Do(new Add(10));
        var second = await _world.Do(new Add(1), once: Key);

        Assert.Equal(first with { IsReplay = true }, second);
        Assert.False(first.IsReplay);
        Assert.Equal(11, (await _world.StateAsync()).Value);
    }

    [Fact]
    public async Task A_repetition_for_a_newly_made_stream_gets_the_first_ones_stream()
    {
        await _world.Do(new Add(1), key: "first", once: Key);
        var second = Assert.IsType<CommandResult.Accepted>(await _world.Do(new Add(1), key: "second", once: Key));

        Assert.Equal(new StreamId("counter", "first"), second.Stream);
        Assert.Equal(StreamVersion.None, await _world.Inner.ReadStreamVersionAsync(CommandWorld.Tenant, new StreamId("counter", "second"), Token));
    }

    [Fact]
    public async Task A_key_with_another_fingerprint_is_refused()
    {
        await _world.Do(new Add(1), once: Key);
        Assert.Equal(new CommandResult.KeyReused("key-1"), await _world.Do(new Add(2), once: new IdempotencyKey("key-1", "hash-2")));
        Assert.Equal(1, (await _world.StateAsync()).Value);
        Assert.True(Assert.IsType<CommandResult.Accepted>(await _world.Do(new Add(1), once: new IdempotencyKey("key-1"))).IsReplay);
    }

    [Fact]
    public async Task A_command_without_effect_is_remembered_too()
    {
        await _world.Do(new Raise(0), once: Key);
        await _world.Do(new Add(-5));
        Assert.True(Assert.IsType<CommandResult.Accepted>(await _world.Do(new Raise(0), once: Key)).IsReplay);
    }

    [Fact]
    public async Task A_rejection_is_not_remembered()
    {
        await _world.Do(new Close(), key: "2");
        Assert.IsType<CommandResult.Rejected>(await _world.Do(new Add(1), key: "2", once: Key));
        Assert.False(Assert.IsType<CommandResult.Accepted>(await _world.Do(new Add(1), once: Key)).IsReplay);
    }

    [Fact]
    public async Task Of_two_that_race_past_the_lookup_one_takes_effect_and_the_other_replays()
    {
        var otherNode = _world.NewProcessor(new CounterDecider());
        CommandResult? first = null;
        _world.Store.Inject(StoreFault.Afterwards(async _ => first = await otherNode.ExecuteAsync(CommandWorld.Request(new Add(1), once: Key), Token)).On(StoreOperation.FindCommit));

        var second = await _world.Do(new Add(1), once: Key);

        Assert.Equal(Assert.IsType<CommandResult.Accepted>(first) with { IsReplay = true }, second);
        Assert.Equal(1, (await _world.StateAsync()).Value);
    }

    [Fact]
    public async Task A_replay_from_the_commit_leaves_no_wrong_state_in_the_cache()
    {
        // The winner did something else under the same key: without a fingerprint nobody can tell.
        var key = new IdempotencyKey("key-1");
        await _world.Do(new Add(1));
        var otherNode = _world.NewProcessor(new CounterDecider());
        _world.Store.Inject(StoreFault.Afterwards(async _ => await otherNode.ExecuteAsync(CommandWorld.Request(new Add(100), once: key), Token)).On(StoreOperation.FindCommit));

        Assert.True(Assert.IsType<CommandResult.Accepted>(await _world.Do(new Add(7), once: key)).IsReplay);
        Assert.Equal(101, (await _world.StateAsync()).Value);
        await _world.Do(new Add(1000));
        Assert.Equal(1101, (await _world.StateAsync()).Value);
    }

    [Fact]
    public async Task The_loser_of_a_race_that_is_rejected_because_of_the_winner_replays()
    {
        await _world.Do(new Add(1));
        var otherNode = _world.NewProcessor(new CounterDecider());
        _world.Store.Inject(StoreFault.Afterwards(async _ =>
        {
            await otherNode.ExecuteAsync(CommandWorld.Request(new Close(), once: Key), Token);
            _world.Processor.Cache.Clear();
        }).On(StoreOperation.FindCommit));

        Assert.True(Assert.IsType<CommandResult.Accepted>(await _world.Do(new Close(), once: Key)).IsReplay);
    }

    [Fact]
    public async Task The_loser_of_a_race_with_an_expected_version_replays_instead_of_a_conflict()
    {
        await _world.Do(new Add(1));
        var otherNode = _world.NewProcessor(new CounterDecider());
        var expected = ExpectedVersion.Exactly(1);
        _world.Store.Inject(StoreFault.Afterwards(async _ =>
        {
            await otherNode.ExecuteAsync(CommandWorld.Request(new Add(5), expected: expected, once: Key), Token);
            _world.Processor.Cache.Clear();
        }).On(StoreOperation.FindCommit));

        Assert.True(Assert.IsType<CommandResult.Accepted>(await _world.Do(new Add(5), expected: expected, once: Key)).IsReplay);
    }

    [Fact]
    public async Task A_fingerprint_mismatch_found_by_the_commit_is_refused()
    {
        var otherNode = _world.NewProcessor(new CounterDecider());
        _world.Store.Inject(StoreFault.Afterwards(async _ =>
            await otherNode.ExecuteAsync(CommandWorld.Request(new Add(1), key: "9", once: new IdempotencyKey("key-1", "other")), Token)).On(StoreOperation.FindCommit));
        Assert.Equal(new CommandResult.KeyReused("key-1"), await _world.Do(new Add(1), once: Key));
    }
}
