using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Subscriptions;

namespace Tallystick.Tenancy;

/// <summary>
/// Follows the catalog and tells the subscription host of each tenant, those that exist and, by signal, those that are created later, on
/// whichever node.
/// </summary>
internal sealed class TenantFollower(IStore store, SubscriptionHost host)
{
    private const int PageLength = 500;

    private readonly EventQuery _created = EventQuery.OfTypes(EventTypeAttribute.Of(typeof(TenantEvent.Created)).Name);
    private LogPosition _seen;

    /// <summary>Tells of the tenants that exist now.</summary>
    public async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await store.ReadLogAsync(TenantId.Platform, new LogRead(_seen, PageLength, _created), cancellationToken);
            foreach (var created in page.Events)
                host.AddTenant(TenantId.Parse(created.Stream.Key));
            if (page.Through == _seen)
                return;
            _seen = page.Through;
        }
    }

    /// <summary>Tells of tenants as they are created, until it is cancelled.</summary>
    public async Task FollowAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        while (true)
        {
            await store.WaitForPositionAsync(TenantId.Platform, _seen.Next(), cancellationToken);
            await CatchUpAsync(cancellationToken);
        }
    }
}
