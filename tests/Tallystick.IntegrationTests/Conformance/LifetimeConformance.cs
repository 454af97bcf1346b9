using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.IntegrationTests.Conformance;

/// <summary>Cancelling, closing and opening again.</summary>
public abstract class LifetimeConformance<THarness> : StoreConformance<THarness>
    where THarness : StoreHarness, new()
{
    [Theory]
    [MemberData(nameof(StoreOperations.Names), MemberType = typeof(StoreOperations))]
    public async Task A_closed_store_refuses_every_operation(string operation)
    {
        await StoreOperations.FillAsync(Store, Acme, 1, Stop);
        await Store.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => StoreOperations.Get(operation)(Store, Acme, Stop));
    }

    [Theory]
    [MemberData(nameof(StoreOperations.Names), MemberType = typeof(StoreOperations))]
    public async Task A_cancelled_operation_changes_nothing(string operation)
    {
        await StoreOperations.FillAsync(Store, Acme, 1, Stop);
        var before = await TenantDump.OfAsync(Store, Acme, Stop);
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => StoreOperations.Get(operation)(Store, Acme, cancelled));

        Assert.Equal(before, await TenantDump.OfAsync(Store, Acme, Stop));
    }

    [Fact]
    public void Every_operation_of_the_store_is_in_the_table()
    {
        var methods = typeof(IStore).GetMethods().Where(method => !method.IsSpecialName).Select(method => method.Name);

        Assert.Equal(methods.Order(StringComparer.Ordinal), StoreOperations.Names().Select(row => StoreOperations.MethodOf(row.Data)).Distinct());
    }

    [Fact]
    public async Task A_store_can_be_closed_twice()
    {
        await Store.DisposeAsync();
        await Store.DisposeAsync();
    }

    [Fact]
    public async Task Everything_is_there_byte_for_byte_after_reopening_and_goes_on_from_there()
    {
        Assert.SkipUnless(IsDurable, "This store keeps nothing when it is closed.");
        await StoreOperations.FillAsync(Store, Acme, 3, Stop);
        await StoreOperations.FillAsync(Store, Tenancy.TenantId.Platform, 2, Stop);
        var acme = await TenantDump.OfAsync(Store, Acme, Stop);
        var platform = await TenantDump.OfAsync(Store, Tenancy.TenantId.Platform, Stop);

        await ReopenAsync();

        Assert.Equal(acme, await TenantDump.OfAsync(Store, Acme, Stop));
        Assert.Equal(platform, await TenantDump.OfAsync(Store, Tenancy.TenantId.Platform, Stop));
        var next = await Do(Commit.For(Acme).Append(Order1, ExpectedVersion.Exactly(6), Make.Event()));
        Assert.Equal(10, next.Position.Value);
    }
}
