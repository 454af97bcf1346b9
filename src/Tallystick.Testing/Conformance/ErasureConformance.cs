using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Xunit;

namespace Tallystick.Testing.Conformance;

/// <summary>That a tenant that is erased is gone, step by step, and that nobody else notices.</summary>
internal sealed class ErasureConformance : ConformanceArea
{
    [Conformance]
    [Row(1)]
    [Row(7)]
    [Row(5000)]
    public async Task An_erased_tenant_is_as_unknown_as_one_that_never_was_and_its_neighbours_stay_as_they_were(int rows)
    {
        var store = await OpenAsync(StoreLimits.Default with { ErasedRowsPerCommitMax = rows });
        TenantId[] neighbours = [Globex, TenantId.Platform, TenantId.Parse("acme-2")];
        for (var round = 1; round <= 3; round++)
        {
            // Turn and turn about, so that the rows of all of them lie between each other.
            await TenantCalls.FillAsync(store, Acme, round, Stop);
            foreach (var neighbour in neighbours)
                await TenantCalls.FillAsync(store, neighbour, round, Stop);
        }

        await store.CommitAsync(Commit.For(Acme).Journal(on: true), Stop);
        await TenantCalls.FillAsync(store, Acme, 5, Stop);
        var before = await Task.WhenAll(neighbours.Select(neighbour => TenantDump.EverythingAsync(store, neighbour, Stop)));

        var steps = await EraseAsync(store, Acme);

        Assert.True(rows > 7 ? steps == 2 : steps > 3, $"{steps} steps");
        Assert.Equal(await UnknownAsync(store), await TenantDump.EverythingAsync(store, Acme, Stop));
        Assert.Equal(TenantStorage.None, await store.ReadTenantAsync(Acme, Stop));
        Assert.Equal(before, await Task.WhenAll(neighbours.Select(neighbour => TenantDump.EverythingAsync(store, neighbour, Stop))));
        foreach (var neighbour in neighbours)
        {
            Assert.True((await LogVerifier.VerifyAsync(store, neighbour, null, Stop)).IsIntact);
            (await store.CommitAsync(Commit.For(neighbour).Append(Order1, ExpectedVersion.Any, Make.Event()), Stop)).Demand();
        }
    }

    [Conformance]
    public async Task From_the_first_step_on_reads_find_an_empty_tenant_and_commits_are_refused()
    {
        await TenantCalls.FillAsync(Store, Acme, 2, Stop);
        await DoAsync(Commit.For(Acme).Fence("moved"));
        var unknown = await UnknownAsync(Store);

        Assert.True((await DoAsync(Commit.For(Acme).Behind("moved").Erase())).HasMore);
        await ReopenAsync();

        Assert.Equal(TenantStorage.None with { IsErasing = true }, await Store.ReadTenantAsync(Acme, Stop));
        Assert.Equal(unknown, (await TenantDump.EverythingAsync(Store, Acme, Stop)).Replace("True", "False", StringComparison.Ordinal));
        Commit[] refused =
        [
            Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()), Commit.For(Acme).Unfence(), Commit.For(Acme).Journal(on: true),
            Commit.For(Acme).Behind("moved").Save("orders", LogPosition.Of(1)), Commit.For(Acme).Adopt(AdoptionConformance.After("order-1", 1)),
            Commit.For(Acme).Save("orders", LogPosition.Of(1)).Once(new IdempotencyKey("once", "print")),
        ];
        foreach (var commit in refused)
            await RefusedAsync<Refusal.Erasing>(commit);
        await EraseAsync(Store, Acme);
        Assert.Equal(TenantStorage.None, await Store.ReadTenantAsync(Acme, Stop));
    }

    [Conformance]
    public async Task The_same_id_begins_anew()
    {
        for (var life = 1; life <= 3; life++)
        {
            await TenantCalls.FillAsync(Store, Acme, 2, Stop);
            await TenantCalls.FillAsync(Store, Globex, life, Stop);
            Assert.Equal(6, await HeadAsync(Acme));
            Assert.True((await LogVerifier.VerifyAsync(Store, Acme, null, Stop)).IsIntact);
            await EraseAsync(Store, Acme);
            await ReopenAsync();
        }

        var fresh = await OpenAsync(new StoreOptions { Time = Time });
        await TenantCalls.FillAsync(Store, Acme, 3, Stop);
        await TenantCalls.FillAsync(fresh, Acme, 3, Stop);
        await ReopenAsync();
        Assert.Equal(WithoutSalts(await TenantDump.OfAsync(fresh, Acme, Stop)), WithoutSalts(await TenantDump.OfAsync(Store, Acme, Stop)));
        Assert.Equal(await fresh.ReadTenantAsync(Acme, Stop), await Store.ReadTenantAsync(Acme, Stop));
        Assert.Equal(9, await HeadAsync(Globex));
    }

    [Conformance]
    public async Task A_tenant_that_the_store_does_not_know_is_erased_at_once()
    {
        Assert.False((await DoAsync(Commit.For(Acme).Erase())).HasMore);
        Assert.Equal(TenantStorage.None, await Store.ReadTenantAsync(Acme, Stop));
    }

    [Conformance]
    public async Task Erasing_goes_on_after_the_store_was_closed_in_the_middle()
    {
        await TenantCalls.FillAsync(Store, Globex, 2, Stop);
        var store = await OpenAsync(StoreLimits.Default with { ErasedRowsPerCommitMax = 4 });
        await TenantCalls.FillAsync(Store, Acme, 6, Stop);
        await TenantCalls.FillAsync(Store, Globex, 2, Stop);
        await TenantCalls.FillAsync(store, Acme, 6, Stop);
        var globex = await TenantDump.EverythingAsync(Store, Globex, Stop);
        await DoAsync(Commit.For(Acme).Erase());
        for (var i = 0; i < 4; i++)
            Assert.True((await store.CommitAsync(Commit.For(Acme).Erase(), Stop)).Demand().HasMore);

        await ReopenAsync();
        await EraseAsync(Store, Acme);
        await EraseAsync(store, Acme);

        Assert.Equal(globex, await TenantDump.EverythingAsync(Store, Globex, Stop));
        Assert.Equal(TenantStorage.None, await Store.ReadTenantAsync(Acme, Stop));
        Assert.Equal(TenantStorage.None, await store.ReadTenantAsync(Acme, Stop));
    }

    [Conformance]
    public async Task Readers_of_a_tenant_that_is_being_erased_see_all_of_it_or_nothing()
    {
        const int Events = 120;
        var store = await OpenAsync(StoreLimits.Default with { ErasedRowsPerCommitMax = 5 });
        for (var round = 0; round < 3; round++)
        {
            await store.CommitAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.NoStream, Make.Many(Events)), Stop);
            await TenantCalls.FillAsync(store, Globex, 1, Stop);
            var erased = false;
            await AtOnceAsync(4, async thread =>
            {
                if (thread == 0)
                {
                    await EraseAsync(store, Acme);
                    Volatile.Write(ref erased, true);
                    return;
                }

                for (var last = false; !last;)
                {
                    last = Volatile.Read(ref erased);
                    var log = (await store.ReadLogAsync(Acme, new LogRead(default, Events), Stop)).Events.Length;
                    var stream = (await store.ReadStreamAsync(Acme, new StreamRead(Order1, default, Events), Stop)).Length;
                    Assert.Contains(log, (int[])[0, Events]);
                    Assert.Contains(stream, (int[])[0, Events]);
                }
            });
        }
    }

    [Conformance]
    public async Task Many_erasers_and_writers_at_once_leave_a_tenant_that_is_whole_or_gone()
    {
        var store = await OpenAsync(StoreLimits.Default with { ErasedRowsPerCommitMax = 3 });
        await AtOnceAsync(6, async thread =>
        {
            for (var i = 0; i < 30; i++)
            {
                if (thread < 2)
                    await EraseAsync(store, Acme);
                else
                    await store.CommitAsync(Commit.For(Acme).Append(new StreamId("order", $"{thread}"), ExpectedVersion.Any, Make.Many(3)), Stop);
            }
        });

        var head = await store.ReadHeadAsync(Acme, Stop);
        if (!(await store.ReadTenantAsync(Acme, Stop)).IsErasing)
            Assert.True((await LogVerifier.VerifyAsync(store, Acme, null, Stop)).IsIntact);
        Assert.Equal(0, head.Position.Value % 3);
        await EraseAsync(store, Acme);
        Assert.Equal(TenantStorage.None, await store.ReadTenantAsync(Acme, Stop));
    }

    private async Task<int> EraseAsync(IStore store, TenantId tenant)
    {
        for (var steps = 1; ; steps++)
        {
            if (!(await store.CommitAsync(Commit.For(tenant).Erase(), Stop)).Demand().HasMore)
                return steps;
        }
    }

    /// <summary>What a tenant looks like that the store has never heard of.</summary>
    private async Task<string> UnknownAsync(IStore store) => await TenantDump.EverythingAsync(store, TenantId.Parse("nobody"), Stop);

    private static string WithoutSalts(string dump) => string.Join('\n', dump.Split('\n').Where(line => !line.StartsWith("  EventMetadata", StringComparison.Ordinal) && !line.StartsWith("head", StringComparison.Ordinal)));
}
