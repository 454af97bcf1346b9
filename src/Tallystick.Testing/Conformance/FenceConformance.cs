using Tallystick.Events;
using Tallystick.Storage;
using Xunit;
using static Tallystick.Testing.Conformance.TestEvents;

namespace Tallystick.Testing.Conformance;

/// <summary>That a fenced tenant takes no commits but those that may pass.</summary>
internal sealed class FenceConformance : ConformanceArea
{
    [Conformance]
    public async Task A_fenced_tenant_refuses_every_commit_and_goes_on_being_read()
    {
        await TenantCalls.FillAsync(Store, Acme, 2, Stop);
        await DoAsync(Commit.For(Acme).Fence("moving"));
        await ReopenAsync();
        var before = await TenantDump.EverythingAsync(Store, Acme, Stop);
        Commit[] refused =
        [
            Commit.For(Acme),
            Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()),
            Commit.For(Acme).Append(Order1, ExpectedVersion.NoStream, Make.Event()),
            Commit.For(Acme).Change(new DocumentChange.Put(new CollectionId("orders", 1), Document("1", "a"))),
            Commit.For(Acme).Save("orders", LogPosition.Of(1)),
            Commit.For(Acme).Save("orders", LogPosition.Of(1)).Unfence(),
            Commit.For(Acme).Once(new IdempotencyKey("new")),
            Commit.For(Acme).Fence("another"),
            Commit.For(Acme).Save("orders", LogPosition.Of(1)).Fence("moving"),
        ];

        foreach (var commit in refused)
            Assert.Equal(new Refusal.Fenced("moving"), await RefusedAsync<Refusal.Fenced>(commit));

        Assert.Equal("moving", (await Store.ReadTenantAsync(Acme, Stop)).Fence);
        Assert.Equal(before, await TenantDump.EverythingAsync(Store, Acme, Stop));
        Assert.NotEmpty(await LogAsync(Acme));
    }

    [Conformance]
    public async Task Once_the_fence_is_lifted_commits_are_taken_again()
    {
        await DoAsync(Commit.For(Acme).Unfence());
        await DoAsync(Commit.For(Acme).Fence("moving"));
        await DoAsync(Commit.For(Acme).Fence("moving"));

        await DoAsync(Commit.For(Acme).Unfence());
        await ReopenAsync();

        Assert.False((await Store.ReadTenantAsync(Acme, Stop)).IsFenced);
        await PlaceAsync(1);
    }

    [Conformance]
    public async Task A_commit_that_names_the_fence_passes_and_only_while_that_very_fence_stands()
    {
        var passing = Commit.For(Acme).Behind("moving").Append(Order1, ExpectedVersion.Any, Make.Event()).Save("orders", LogPosition.Of(1));
        Assert.Equal(new Refusal.NotFenced("moving", null), await RefusedAsync<Refusal.NotFenced>(passing));
        await DoAsync(Commit.For(Acme).Fence("moving"));

        await DoAsync(passing);
        await DoAsync(Commit.For(Acme).Behind("moving").Fence("moved"));

        Assert.Equal(new Refusal.NotFenced("moving", "moved"), await RefusedAsync<Refusal.NotFenced>(passing));
        Assert.Equal(new Refusal.NotFenced("moving", "moved"), await RefusedAsync<Refusal.NotFenced>(Commit.For(Acme).Behind("moving").Unfence()));
        Assert.Equal(new Refusal.NotFenced("moving", "moved"), await RefusedAsync<Refusal.NotFenced>(Commit.For(Acme).Behind("moving").Erase()));
        Assert.Equal(("moved", 1), ((await Store.ReadTenantAsync(Acme, Stop)).Fence, await HeadAsync(Acme)));
        await DoAsync(Commit.For(Acme).Behind("moved").Unfence().Forget("orders"));
        Assert.Null(await Store.ReadCheckpointAsync(Acme, "orders", Stop));
    }

    [Conformance]
    public async Task A_repetition_of_what_was_done_before_the_fence_is_answered_from_behind_it()
    {
        var commit = Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()).Once(new IdempotencyKey("once"));
        await DoAsync(commit);
        await DoAsync(Commit.For(Acme).Fence("moving"));

        Assert.True((await DoAsync(commit)).IsReplay);
    }

    [Conformance]
    public async Task A_commit_may_fence_and_do_something_else_in_one()
    {
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()).Fence("closed"));

        Assert.Equal((1, "closed"), (await HeadAsync(Acme), (await Store.ReadTenantAsync(Acme, Stop)).Fence));
    }

    [Conformance]
    public async Task A_refused_commit_does_not_fence()
    {
        await RefusedAsync<Refusal.WrongVersion>(Commit.For(Acme).Expect(Order1, ExpectedVersion.Exactly(7)).Fence("closed"));

        Assert.Equal(TenantStorage.None, await Store.ReadTenantAsync(Acme, Stop));
    }

    [Conformance]
    public async Task Of_many_writers_none_gets_past_a_fence()
    {
        const int Writers = 6;
        long? headAtFence = null;
        await AtOnceAsync(Writers + 1, async thread =>
        {
            if (thread == Writers)
            {
                await Store.WaitForPositionAsync(Acme, LogPosition.Of(50), Stop);
                headAtFence = (await DoAsync(Commit.For(Acme).Fence("moving"))).Position.Value;
                return;
            }

            while (await TryAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event())) is CommitResult.Committed)
            {
            }
        });

        Assert.Equal(headAtFence, await HeadAsync(Acme));
    }
}
