using System.Globalization;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Projections;

/// <summary>How far the generations of a projection over all tenants are: each tenant has a checkpoint in each, among the platform's.</summary>
internal sealed class PlatformGenerations(IStore store, string name)
{
    private const int PageLength = 500;

    private static readonly string Created = EventTypeAttribute.Of(typeof(TenantEvent.Created)).Name;
    private static readonly EventQuery Lives = EventQuery.OfTypes(Created, EventTypeAttribute.Of(typeof(TenantEvent.Erased)).Name);

    private readonly string _prefix = name + "@";

    /// <summary>A projection over all tenants, ready to run.</summary>
    /// <exception cref="ArgumentException">Its name is too long.</exception>
    public static BoundProjection Bind(Projection projection, EventSerializer serializer, StoreLimits limits)
    {
        // What is saved under it has the tenant's name and a generation in it, or the tenant's name and what counts a runner's changes.
        const int BesideName = 1 + TenantId.LengthMax + 1 + 10;
        return projection.Name.Length + BesideName <= limits.NameLengthMax
            ? new BoundProjection(projection, serializer)
            : throw new ArgumentException(
                $"The name '{projection.Name}' of a projection over all tenants has {projection.Name.Length} characters, over the limit of {limits.NameLengthMax - BesideName}. Shorten it.");
    }

    /// <summary>The name under which a tenant's position in a generation is saved.</summary>
    public string CheckpointOf(TenantId tenant, int generation) => string.Create(CultureInfo.InvariantCulture, $"{_prefix}{tenant}@{generation}");

    /// <summary>Whether every tenant has its mark in a generation, and none is behind the one that readers see.</summary>
    public async ValueTask<bool> AreAllBuiltAsync(int generation, int? visible, CancellationToken cancellationToken)
    {
        var checkpoints = await ReadAllAsync(cancellationToken);
        foreach (var tenant in await ReadTenantsAsync(cancellationToken))
        {
            if (!checkpoints.TryGetValue(CheckpointOf(tenant, generation), out var built))
                return false;
            if (visible is { } shown && checkpoints.TryGetValue(CheckpointOf(tenant, shown), out var seen) && built < seen)
                return false;
        }

        return true;
    }

    private async ValueTask<Dictionary<string, LogPosition>> ReadAllAsync(CancellationToken cancellationToken)
    {
        var all = new Dictionary<string, LogPosition>(StringComparer.Ordinal);
        for (var after = _prefix; ;)
        {
            var page = await store.ReadCheckpointsAsync(TenantId.Platform, after, PageLength, cancellationToken);
            foreach (var checkpoint in page)
            {
                if (!checkpoint.Name.StartsWith(_prefix, StringComparison.Ordinal))
                    return all;
                all[checkpoint.Name] = checkpoint.Position;
                after = checkpoint.Name;
            }

            if (page.Length < PageLength)
                return all;
        }
    }

    private async ValueTask<IReadOnlyCollection<TenantId>> ReadTenantsAsync(CancellationToken cancellationToken)
    {
        var tenants = new SortedDictionary<string, TenantId>(StringComparer.Ordinal);
        for (var through = LogPosition.Start; ;)
        {
            var page = await store.ReadLogAsync(TenantId.Platform, new LogRead(through, PageLength, Lives), cancellationToken);
            foreach (var e in page.Events)
            {
                if (e.Type == Created)
                    tenants[e.Stream.Key] = TenantId.Parse(e.Stream.Key);
                else
                    tenants.Remove(e.Stream.Key);
            }

            if (page.Through == through)
                return tenants.Values;
            through = page.Through;
        }
    }
}
