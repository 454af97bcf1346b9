using Tallystick.Events;
using Tallystick.Storage;
using Xunit;

namespace Tallystick.Testing.Conformance;

/// <summary>The saved positions of subscriptions.</summary>
internal sealed class CheckpointConformance : ConformanceArea
{
    [Conformance]
    public async Task A_checkpoint_that_was_never_saved_is_null()
    {
        Assert.Null(await ReadAsync("orders"));
    }

    [Conformance]
    public async Task A_checkpoint_is_saved_moved_on_and_back()
    {
        await DoAsync(Commit.For(Acme).Save("orders", LogPosition.Of(5)).Save("Orders", LogPosition.Of(1)));
        await ReopenAsync();
        Assert.Equal((5, 1), (await ReadAsync("orders"), await ReadAsync("Orders")));

        await DoAsync(Commit.For(Acme).Save("orders", LogPosition.Of(long.MaxValue)));
        Assert.Equal(long.MaxValue, await ReadAsync("orders"));
        await DoAsync(Commit.For(Acme).Save("orders", LogPosition.Of(2)));
        Assert.Equal(2, await ReadAsync("orders"));
    }

    [Conformance]
    public async Task A_checkpoint_saved_at_0_is_there_and_still_meets_the_expectation_of_none()
    {
        await DoAsync(Commit.For(Acme).Save("orders", LogPosition.Start));
        Assert.Equal(0, await ReadAsync("orders"));

        await DoAsync(Commit.For(Acme).Save("orders", LogPosition.Of(1), expected: LogPosition.Start));
    }

    [Conformance]
    public async Task A_removed_checkpoint_is_null_again()
    {
        await DoAsync(Commit.For(Acme).Save("orders", LogPosition.Of(5)));

        await RefusedAsync<Refusal.CheckpointMoved>(Commit.For(Acme).Forget("orders", expected: LogPosition.Of(4)));
        await DoAsync(Commit.For(Acme).Forget("orders", expected: LogPosition.Of(5)).Forget("none"));
        await ReopenAsync();

        Assert.Null(await ReadAsync("orders"));
        await DoAsync(Commit.For(Acme).Save("orders", LogPosition.Of(1), expected: LogPosition.Start));
    }

    [Conformance]
    [Row(0)]
    [Row(4)]
    [Row(6)]
    public async Task Another_checkpoint_than_expected_refuses_the_commit(long expected)
    {
        await DoAsync(Commit.For(Acme).Save("orders", LogPosition.Of(5), expected: LogPosition.Start));

        var moved = await RefusedAsync<Refusal.CheckpointMoved>(Commit.For(Acme).Save("orders", LogPosition.Of(9), LogPosition.Of(expected)));

        Assert.Equal(new Refusal.CheckpointMoved("orders", LogPosition.Of(expected), LogPosition.Of(5)), moved);
        Assert.Equal(5, await ReadAsync("orders"));
        await DoAsync(Commit.For(Acme).Save("orders", LogPosition.Of(9), LogPosition.Of(5)));
        Assert.Equal(9, await ReadAsync("orders"));
    }

    [Conformance]
    public async Task The_first_checkpoint_that_moved_is_the_one_reported_and_none_is_saved()
    {
        await DoAsync(Commit.For(Acme).Save("a", LogPosition.Of(1)).Save("b", LogPosition.Of(2)));

        var moved = await RefusedAsync<Refusal.CheckpointMoved>(Commit.For(Acme)
            .Save("c", LogPosition.Of(9), LogPosition.Start)
            .Save("b", LogPosition.Of(9), LogPosition.Of(1))
            .Save("a", LogPosition.Of(9), LogPosition.Of(2)));

        Assert.Equal(new Refusal.CheckpointMoved("b", LogPosition.Of(1), LogPosition.Of(2)), moved);
        Assert.Equal((1L, 2L, null), (await ReadAsync("a"), await ReadAsync("b"), await ReadAsync("c")));
    }

    [Conformance]
    public async Task Of_many_owners_that_move_a_checkpoint_on_at_once_exactly_one_succeeds()
    {
        var results = new CommitResult[8];
        for (var round = 0; round < 20; round++)
        {
            await AtOnceAsync(results.Length, async i => results[i] = await TryAsync(Commit.For(Acme)
                .Save("orders", LogPosition.Of(round + 1), LogPosition.Of(round))
                .Append(Order1, ExpectedVersion.Any, Make.Event())));

            Assert.Single(results.OfType<CommitResult.Committed>());
            Assert.Equal((round + 1, round + 1), (await ReadAsync("orders"), await HeadAsync(Acme)));
        }
    }

    private async Task<long?> ReadAsync(string name) => (await Store.ReadCheckpointAsync(Acme, name, Stop))?.Value;
}
