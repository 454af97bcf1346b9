using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.IntegrationTests.Nodes;

/// <summary>Reads a log while it is written, from its beginning on, woken by the store's signals.</summary>
internal static class LogFollower
{
    /// <summary>Reads until it is cancelled, and demands each position in its order; gives the last that it has seen.</summary>
    public static async Task<long> FollowAsync(IStore store, TenantId tenant, CancellationToken cancellationToken)
    {
        var seen = LogPosition.Start;
        try
        {
            while (true)
            {
                await store.WaitForPositionAsync(tenant, seen.Next(), cancellationToken);
                var page = await store.ReadLogAsync(tenant, new LogRead(seen, 100), cancellationToken);
                foreach (var e in page.Events)
                {
                    Assert.Equal(seen.Next(), e.Position);
                    seen = e.Position;
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return seen.Value;
        }
    }
}
