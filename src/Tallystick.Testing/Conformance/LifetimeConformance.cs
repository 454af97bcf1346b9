using Tallystick.Events;
using Tallystick.Storage;
using Xunit;

namespace Tallystick.Testing.Conformance;

/// <summary>Cancelling, closing and opening again.</summary>
internal sealed class LifetimeConformance : ConformanceArea
{
    [Conformance]
    [Rows(typeof(TenantCalls), nameof(TenantCalls.Names))]
    public async Task A_closed_store_refuses_every_operation(string operation)
    {
        await TenantCalls.FillAsync(Store, Acme, 1, Stop);
        await Store.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => TenantCalls.Get(operation)(Store, Acme, Stop));
    }

    [Conformance]
    [Rows(typeof(TenantCalls), nameof(TenantCalls.Names))]
    public async Task A_cancelled_operation_changes_nothing(string operation)
    {
        await TenantCalls.FillAsync(Store, Acme, 1, Stop);
        var before = await TenantDump.EverythingAsync(Store, Acme, Stop);
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TenantCalls.Get(operation)(Store, Acme, cancelled));

        Assert.Equal(before, await TenantDump.EverythingAsync(Store, Acme, Stop));
    }

    [Conformance]
    public static void Every_operation_of_the_store_is_in_the_table()
    {
        var methods = typeof(IStore).GetMethods().Where(method => !method.IsSpecialName).Select(method => method.Name);

        Assert.Equal(methods.Order(StringComparer.Ordinal), TenantCalls.Names().Select(row => TenantCalls.MethodOf(row)).Distinct());
    }

    [Conformance]
    public async Task A_store_can_be_closed_twice()
    {
        await Store.DisposeAsync();
        await Store.DisposeAsync();
    }

    [Conformance(Needs = StoreCapabilities.Durable)]
    public async Task Everything_is_there_byte_for_byte_after_reopening_and_goes_on_from_there()
    {
        await TenantCalls.FillAsync(Store, Acme, 3, Stop);
        await TenantCalls.FillAsync(Store, Tenancy.TenantId.Platform, 2, Stop);
        var acme = await TenantDump.EverythingAsync(Store, Acme, Stop);
        var platform = await TenantDump.EverythingAsync(Store, Tenancy.TenantId.Platform, Stop);

        await ReopenAsync();

        Assert.Equal(acme, await TenantDump.EverythingAsync(Store, Acme, Stop));
        Assert.Equal(platform, await TenantDump.EverythingAsync(Store, Tenancy.TenantId.Platform, Stop));
        var next = await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Exactly(6), Make.Event()));
        Assert.Equal(10, next.Position.Value);
    }
}
