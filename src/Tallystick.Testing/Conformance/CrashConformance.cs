using Tallystick.Events;
using Tallystick.Storage;
using Xunit;
using static Tallystick.Testing.Conformance.TestEvents;

namespace Tallystick.Testing.Conformance;

/// <summary>What is left after the process has died: all that was acknowledged, whole, and nothing else.</summary>
internal sealed class CrashConformance : ConformanceArea
{
    [Conformance(Needs = StoreCapabilities.Durable | StoreCapabilities.Crash)]
    public async Task Everything_acknowledged_is_there_byte_for_byte_after_a_crash()
    {
        await TenantCalls.FillAsync(Store, Acme, 3, Stop);
        await TenantCalls.FillAsync(Store, Tenancy.TenantId.Platform, 2, Stop);
        var acme = await TenantDump.OfAsync(Store, Acme, Stop);
        var platform = await TenantDump.OfAsync(Store, Tenancy.TenantId.Platform, Stop);

        await CrashAsync();

        Assert.Equal(acme, await TenantDump.OfAsync(Store, Acme, Stop));
        Assert.Equal(platform, await TenantDump.OfAsync(Store, Tenancy.TenantId.Platform, Stop));
    }

    [Conformance(Needs = StoreCapabilities.Durable | StoreCapabilities.Crash)]
    public async Task After_each_of_many_crashes_the_log_goes_on_without_a_gap_and_keys_are_still_known()
    {
        for (var round = 1; round <= 5; round++)
        {
            var once = new IdempotencyKey($"round {round}");
            var commit = Commit.For(Acme)
                .Append(Order1, ExpectedVersion.Exactly(round - 1), Make.Event())
                .Change(new DocumentChange.Put(new CollectionId("orders", 1), Document("1", $"{round}")))
                .Save("orders", LogPosition.Of(round), LogPosition.Of(round - 1))
                .Once(once);
            var first = await DoAsync(commit);
            Assert.Equal(round, first.Position.Value);
            await RefusedToo();

            await CrashAsync();

            var again = await DoAsync(commit);
            Assert.Equal((true, first.Position), (again.IsReplay, again.Position));
            Assert.Equal(round, await HeadAsync(Acme));
            Assert.Equal(Bytes($"{round}"), (await Store.FindDocumentsAsync(Acme, "orders", 1, ["1"], Stop)).Items[0]?.Body.ToArray());
            Assert.Equal(LogPosition.Of(round), await Store.ReadCheckpointAsync(Acme, "orders", Stop));
        }

        async Task RefusedToo() => await RefusedAsync<Refusal.WrongVersion>(
            Commit.For(Acme).Append(Order1, ExpectedVersion.NoStream, Make.Event()).Once(new IdempotencyKey("never stored")));
    }
}
