using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Xunit;

namespace Tallystick.Testing.Conformance;

/// <summary>Leases: one holder at a time, epochs that only grow, and commits that are refused once their lease is lost.</summary>
internal sealed class LeaseConformance : ConformanceArea
{
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);

    [Conformance]
    public async Task A_lease_that_nobody_holds_is_given_in_epoch_1()
    {
        var lease = await AcquireAsync("work", "ann", Long);

        Assert.Equal(new Lease(Acme, "work", "ann", 1), lease);
        await ReopenAsync();
        var state = Assert.Single(await ReadAsync());
        Assert.Equal(("work", "ann", 1, false), (state.Name, state.Owner, state.Epoch, state.IsFree));
        Assert.InRange(state.Remaining, TimeSpan.FromTicks(1), Long);
    }

    [Conformance]
    public async Task A_lease_that_is_held_is_refused_to_others_and_nothing_of_their_commit_is_stored()
    {
        await AcquireAsync("work", "ann", Long);
        var before = await TenantDump.OfAsync(Store, Acme, Stop);

        var held = await RefusedAsync<Refusal.LeaseHeld>(Commit.For(Acme)
            .Append(Order1, ExpectedVersion.Any, Make.Event()).Acquire("free", "bob", Long).Acquire("work", "bob", Long));

        Assert.Equal(("work", "ann", 1), (held.Name, held.Owner, held.Epoch));
        Assert.InRange(held.Remaining, TimeSpan.FromTicks(1), Long);
        Assert.Equal(before, await TenantDump.OfAsync(Store, Acme, Stop));
    }

    [Conformance]
    public async Task The_same_owner_gets_its_lease_again_in_the_same_epoch_also_after_its_time()
    {
        await AcquireAsync("work", "ann", Short);
        Assert.Equal(1, (await AcquireAsync("work", "ann", Short)).Epoch);
        await LetPassAsync(Short);

        Assert.True(Assert.Single(await ReadAsync()).IsFree);
        Assert.Equal(1, (await AcquireAsync("work", "ann", Long)).Epoch);
        await RefusedAsync<Refusal.LeaseHeld>(Commit.For(Acme).Acquire("work", "bob", Long));
    }

    [Conformance]
    public async Task A_lease_whose_time_is_over_goes_to_whoever_asks_in_the_next_epoch()
    {
        var first = await AcquireAsync("work", "ann", Short);
        await LetPassAsync(Short);

        var second = await AcquireAsync("work", "bob", Long);

        Assert.Equal((1, 2), (first.Epoch, second.Epoch));
        var lost = await RefusedAsync<Refusal.LeaseLost>(Commit.For(Acme).Renew(first, Long));
        Assert.Equal(new Refusal.LeaseLost(first, "bob", 2), lost);
        await RefusedAsync<Refusal.LeaseLost>(Commit.For(Acme).Release(first));
        Assert.Equal("bob", Assert.Single(await ReadAsync()).Owner);
    }

    [Conformance]
    public async Task A_renewed_lease_is_held_for_its_new_time()
    {
        var lease = await AcquireAsync("work", "ann", Short);
        await DoAsync(Commit.For(Acme).Renew(lease, Long));
        await LetPassAsync(Short);

        await RefusedAsync<Refusal.LeaseHeld>(Commit.For(Acme).Acquire("work", "bob", Long));
        Assert.InRange(Assert.Single(await ReadAsync()).Remaining, Short, Long);
    }

    [Conformance]
    public async Task A_lease_whose_time_is_over_can_be_renewed_and_used_while_nobody_has_taken_it()
    {
        var lease = await AcquireAsync("work", "ann", Short);
        await LetPassAsync(Short);

        await DoAsync(Commit.For(Acme).Under(lease).Append(Order1, ExpectedVersion.Any, Make.Event()));
        await DoAsync(Commit.For(Acme).Renew(lease, Long));

        await RefusedAsync<Refusal.LeaseHeld>(Commit.For(Acme).Acquire("work", "bob", Long));
    }

    [Conformance]
    public async Task A_released_lease_is_free_at_once_and_its_epoch_does_not_go_back()
    {
        var first = await AcquireAsync("work", "ann", Long);
        await DoAsync(Commit.For(Acme).Release(first));
        await ReopenAsync();

        var free = Assert.Single(await ReadAsync());
        Assert.Equal(new LeaseState("work", null, 1, TimeSpan.Zero), free);
        Assert.Equal(new Refusal.LeaseLost(first, null, 1), await RefusedAsync<Refusal.LeaseLost>(Commit.For(Acme).Under(first)));
        await RefusedAsync<Refusal.LeaseLost>(Commit.For(Acme).Renew(first, Long));
        await RefusedAsync<Refusal.LeaseLost>(Commit.For(Acme).Release(first));
        Assert.Equal(2, (await AcquireAsync("work", "ann", Long)).Epoch);
    }

    [Conformance]
    public async Task A_commit_under_a_lease_takes_effect_while_exactly_this_owner_and_epoch_hold_it()
    {
        var lease = await AcquireAsync("work", "ann", Long);
        var commit = Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()).Save("orders", LogPosition.Of(9));
        var before = await TenantDump.OfAsync(Store, Acme, Stop);
        foreach (var wrong in new[]
        {
            lease with { Epoch = 2 }, lease with { Owner = "Ann" }, lease with { Name = "Work" }, lease with { Tenant = TenantId.Platform },
        })
        {
            var lost = await RefusedAsync<Refusal.LeaseLost>(commit.Under(lease).Under(wrong));
            Assert.Equal(wrong, lost.Lease);
        }

        Assert.Equal(before, await TenantDump.OfAsync(Store, Acme, Stop));
        await DoAsync(commit.Under(lease));
        Assert.Equal(1, await HeadAsync(Acme));
    }

    [Conformance]
    public async Task A_commit_of_a_stale_epoch_is_refused_however_late_it_comes()
    {
        var stale = await AcquireAsync("work", "ann", Long);
        await DoAsync(Commit.For(Acme).Release(stale));
        var present = await AcquireAsync("work", "ann", Long);

        Assert.Equal(new Refusal.LeaseLost(stale, "ann", 2), await RefusedAsync<Refusal.LeaseLost>(
            Commit.For(Acme).Under(stale).Append(Order1, ExpectedVersion.Any, Make.Event())));
        await DoAsync(Commit.For(Acme).Under(present).Append(Order1, ExpectedVersion.Any, Make.Event()));
        Assert.Equal(1, await HeadAsync(Acme));
    }

    [Conformance]
    public async Task A_commit_of_a_tenant_can_depend_on_a_lease_of_the_platform()
    {
        var unknown = new Lease(TenantId.Platform, "work/1", "ann", 1);
        Assert.Equal(
            new Refusal.LeaseLost(unknown, null, 0),
            await RefusedAsync<Refusal.LeaseLost>(Commit.For(Acme).Under(unknown).Append(Order1, ExpectedVersion.Any, Make.Event())));
        var lease = (await DoAsync(Commit.For(TenantId.Platform).Acquire("work/1", "ann", Long))).Leases[0];
        Assert.Equal(unknown, lease);

        await DoAsync(Commit.For(Acme).Under(lease).Append(Order1, ExpectedVersion.Any, Make.Event()));
        await DoAsync(Commit.For(TenantId.Platform).Release(lease));
        await RefusedAsync<Refusal.LeaseLost>(Commit.For(Acme).Under(lease).Append(Order1, ExpectedVersion.Any, Make.Event()));
        Assert.Equal((1, 0), (await HeadAsync(Acme), await HeadAsync(TenantId.Platform)));
    }

    [Conformance]
    public async Task Leases_are_checked_after_everything_else()
    {
        await PlaceAsync(1);
        await AcquireAsync("work", "ann", Long);
        var late = Commit.For(Acme).Under(new Lease(Acme, "work", "bob", 1)).Acquire("work", "bob", Long);

        await RefusedAsync<Refusal.WrongVersion>(late.Expect(Order1, ExpectedVersion.NoStream));
        await RefusedAsync<Refusal.QueryMatched>(late.Require(EventQuery.All, LogPosition.Start));
        await RefusedAsync<Refusal.CheckpointMoved>(late.Save("orders", LogPosition.Of(1), LogPosition.Of(5)));
        await RefusedAsync<Refusal.LeaseLost>(late);
        await RefusedAsync<Refusal.LeaseHeld>(Commit.For(Acme).Acquire("work", "bob", Long));
    }

    [Conformance]
    public async Task A_commit_tells_the_leases_that_it_acquired_in_its_order()
    {
        var kept = await AcquireAsync("kept", "ann", Long);
        var given = await AcquireAsync("given", "ann", Long);
        await DoAsync(Commit.For(Acme).Release(given));

        var done = await DoAsync(Commit.For(Acme).Acquire("z", "ann", Long).Renew(kept, Long).Acquire("given", "bob", Long).Acquire("a", "cid", Long));

        Assert.Equal([new Lease(Acme, "z", "ann", 1), new Lease(Acme, "given", "bob", 2), new Lease(Acme, "a", "cid", 1)], done.Leases);
        Assert.Empty((await DoAsync(Commit.For(Acme).Renew(kept, Long))).Leases);
    }

    [Conformance]
    public async Task Leases_are_read_by_their_prefix_in_the_order_of_their_bytes_page_by_page()
    {
        string[] names = ["work/10", "work/9", "work", "Work/1", "work/🦊", "work/\uff5e", "worl", "é"];
        await DoAsync(names.Aggregate(Commit.For(Acme), (commit, name) => commit.Acquire(name, "ann", Long)));

        Assert.Equal(["Work/1", "work", "work/10", "work/9", "work/\uff5e", "work/🦊", "worl", "é"], Names(await ReadAsync()));
        Assert.Equal(["work/10", "work/9", "work/\uff5e", "work/🦊"], Names(await ReadAsync("work/")));
        Assert.Equal(["work/10", "work/9"], Names(await Store.ReadLeasesAsync(Acme, new LeaseRead("work/", 2), Stop)));
        Assert.Equal(["work/\uff5e", "work/🦊"], Names(await Store.ReadLeasesAsync(Acme, new LeaseRead("work/", 2, "work/9"), Stop)));
        Assert.Empty(await Store.ReadLeasesAsync(Acme, new LeaseRead("work/", 2, "work/🦊"), Stop));
        Assert.Empty(await ReadAsync("none"));
    }

    [Conformance]
    public async Task Leases_of_tenants_with_the_same_name_are_different_rights()
    {
        await AcquireAsync("work", "ann", Long);

        var other = (await DoAsync(Commit.For(Globex).Acquire("work", "bob", Long))).Leases[0];

        Assert.Equal((Globex, 1), (other.Tenant, other.Epoch));
        Assert.Equal("ann", Assert.Single(await ReadAsync()).Owner);
    }

    [Conformance]
    public async Task Of_many_who_want_a_lease_at_once_exactly_one_gets_it()
    {
        var results = new CommitResult[8];
        for (var round = 1; round <= 20; round++)
        {
            await AtOnceAsync(results.Length, async i => results[i] = await TryAsync(Commit.For(Acme).Acquire("work", $"owner {i}", Long)));

            var lease = Assert.Single(Assert.Single(results.OfType<CommitResult.Committed>()).Leases);
            Assert.Equal(round, lease.Epoch);
            Assert.All(results.OfType<CommitResult.Refused>(), refused => Assert.Equal(lease.Owner, Assert.IsType<Refusal.LeaseHeld>(refused.Reason).Owner));
            await DoAsync(Commit.For(Acme).Release(lease));
        }
    }

    [Conformance]
    public async Task Of_many_that_write_under_a_lease_nobody_writes_after_it_is_lost()
    {
        // Each writer appends under the lease that it last took; whoever takes it over demands that the log ends where it saw it end.
        await AtOnceAsync(4, async i =>
        {
            for (var round = 0; round < 15; round++)
            {
                if (await TryAsync(Commit.For(Acme).Acquire($"work", $"owner {i}", Long)) is not CommitResult.Committed { Leases: [var lease] })
                    continue;
                var version = (await Store.ReadStreamVersionAsync(Acme, Order1, Stop)).Value;
                await DoAsync(Commit.For(Acme).Under(lease).Append(Order1, ExpectedVersion.Exactly(version), Make.Event()));
                await DoAsync(Commit.For(Acme).Release(lease));
                await RefusedAsync<Refusal.LeaseLost>(Commit.For(Acme).Under(lease).Append(Order1, ExpectedVersion.Any, Make.Event()));
            }
        });

        var state = Assert.Single(await ReadAsync());
        Assert.Equal(state.Epoch, await HeadAsync(Acme));
    }

    [Conformance(Needs = StoreCapabilities.Crash)]
    public async Task Leases_survive_a_crash()
    {
        await AcquireAsync("kept", "ann", Long);
        await DoAsync(Commit.For(Acme).Release(await AcquireAsync("given", "ann", Long)));
        await CrashAsync();

        await RefusedAsync<Refusal.LeaseHeld>(Commit.For(Acme).Acquire("kept", "bob", Long));
        Assert.Equal(2, (await AcquireAsync("given", "bob", Long)).Epoch);
    }

    private static IEnumerable<string> Names(ImmutableArray<LeaseState> leases) => leases.Select(lease => lease.Name);

    private async Task<Lease> AcquireAsync(string name, string owner, TimeSpan duration) =>
        Assert.Single((await DoAsync(Commit.For(Acme).Acquire(name, owner, duration))).Leases);

    private async Task<ImmutableArray<LeaseState>> ReadAsync(string prefix = "") =>
        await Store.ReadLeasesAsync(Acme, new LeaseRead(prefix, Store.Limits.PageLengthMax), Stop);
}
