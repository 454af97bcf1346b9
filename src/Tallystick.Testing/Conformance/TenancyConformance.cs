using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Xunit;

namespace Tallystick.Testing.Conformance;

/// <summary>
/// Tenants with the same ids never see or change each other. A tenant that has a twin must answer every operation as if it were alone in
/// its store, byte for byte, and the twin must stay as it was.
/// </summary>
internal sealed class TenancyConformance : ConformanceArea
{
    private static readonly (TenantId Tenant, TenantId Twin)[] Pairs =
    [
        (TenantId.Parse("acme"), TenantId.Parse("globex")),
        (TenantId.Parse("acme"), TenantId.Parse("acme-2")),
        (TenantId.Parse("platform"), TenantId.Platform),
        (TenantId.Platform, TenantId.Parse("acme")),
    ];

    [Conformance]
    [Rows(typeof(TenantCalls), nameof(TenantCalls.Names))]
    public async Task A_tenant_answers_as_if_it_were_alone_and_its_twin_stays_as_it_was(string operation)
    {
        foreach (var (tenant, twin) in Pairs)
        {
            await CompareAsync(operation, tenant, ownRounds: 1, twin, twinRounds: 3);
            await CompareAsync(operation, tenant, ownRounds: 0, twin, twinRounds: 2);
        }
    }

    [Conformance]
    [Rows(typeof(TenantCalls), nameof(TenantCalls.Names))]
    public async Task No_tenant_is_refused_and_never_means_everyone(string operation)
    {
        await TenantCalls.FillAsync(Store, Acme, 1, Stop);
        await TenantCalls.FillAsync(Store, TenantId.Platform, 1, Stop);
        var before = await TenantDump.EverythingAsync(Store, Acme, Stop) + await TenantDump.EverythingAsync(Store, TenantId.Platform, Stop);

        var exception = await ErrorOfAsync(() => TenantCalls.Get(operation)(Store, default, Stop));

        Assert.True(exception is ArgumentException or InvalidOperationException, $"expected misuse, got {exception}");
        Assert.Equal(before, await TenantDump.EverythingAsync(Store, Acme, Stop) + await TenantDump.EverythingAsync(Store, TenantId.Platform, Stop));
    }

    [Conformance]
    public async Task A_tenant_is_not_woken_by_its_twin()
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var log = Store.WaitForPositionAsync(Acme, LogPosition.Of(1), giveUp.Token).AsTask();
        var checkpoint = Store.WaitForCheckpointAsync(Acme, "orders", LogPosition.Of(1), giveUp.Token).AsTask();
        var twins = Store.WaitForCheckpointAsync(Globex, "orders", LogPosition.Of(1), Stop).AsTask();

        await TenantCalls.FillAsync(Store, Globex, 1, Stop);
        await SoonAsync(twins);
        await SettleAsync();
        Assert.False(log.IsCompleted || checkpoint.IsCompleted);
        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => log);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => checkpoint);
    }

    [Conformance]
    public async Task Tenants_keep_apart_when_all_of_them_write_at_once()
    {
        const int Commits = 40;
        TenantId[] tenants = [Acme, Globex, TenantId.Parse("acme-2"), TenantId.Platform];

        await AtOnceAsync(tenants.Length * 2, async thread =>
        {
            var tenant = tenants[thread % tenants.Length];
            for (var i = 0; i < Commits; i++)
                await DoAsync(Commit.For(tenant).Append(Order1, ExpectedVersion.Any, Make.Event(payload: $"of-{tenant}")));
        });

        foreach (var tenant in tenants)
        {
            var log = await LogAsync(tenant);
            Assert.Equal(Enumerable.Range(1, Commits * 2).Select(n => (long)n), log.Select(e => e.Position.Value));
            Assert.All(log, e => Assert.Equal(TestEvents.Bytes($"of-{tenant}"), e.Payload.ToArray()));
        }
    }

    private async Task CompareAsync(string operation, TenantId tenant, int ownRounds, TenantId twin, int twinRounds)
    {
        var options = new StoreOptions { Time = Time, Entropy = new SameBytes() };
        var alone = await OpenAsync(options);
        var shared = await OpenAsync(options);
        await TenantCalls.FillAsync(alone, tenant, ownRounds, Stop);
        await TenantCalls.FillAsync(shared, twin, twinRounds, Stop);
        await TenantCalls.FillAsync(shared, tenant, ownRounds, Stop);
        var twinBefore = await TenantDump.EverythingAsync(shared, twin, Stop);

        var expected = await TenantCalls.Get(operation)(alone, tenant, Stop);
        var actual = await TenantCalls.Get(operation)(shared, tenant, Stop);

        Assert.Equal(expected, actual);
        Assert.DoesNotContain($"of-{twin} ", actual, StringComparison.Ordinal);
        Assert.Equal(await TenantDump.EverythingAsync(alone, tenant, Stop), await TenantDump.EverythingAsync(shared, tenant, Stop));
        Assert.Equal(twinBefore, await TenantDump.EverythingAsync(shared, twin, Stop));
        Assert.Contains($"of-{twin} ", twinBefore, StringComparison.Ordinal);
    }

    /// <summary>Every salt is the same, so that two stores can be compared byte for byte.</summary>
    private sealed class SameBytes : Entropy
    {
        public override void Fill(Span<byte> buffer) => buffer.Fill(0x5A);
    }
}
