using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy.Databases;

namespace Tallystick.Tenancy;

/// <summary>
/// Follows the catalog by signal and tells whoever is concerned of each tenant that has changed, on whichever node: who runs its projections
/// and subscriptions, who erases it, and what is known of it by heart.
/// </summary>
internal sealed class TenantFollower(IStore main, TenantDirectory directory, TenantRunners runners, TenantEraser eraser, TenantMover? mover, StateCache states)
{
    private const int PageLength = 500;

    private readonly EventQuery _query = EventQuery.OfTypes(
        [.. typeof(TenantEvent).GetNestedTypes().Select(type => EventTypeAttribute.Of(type).Name).Order(StringComparer.Ordinal)]);

    private readonly SortedDictionary<string, (TenantRecord Record, StreamVersion Version)> _tenants = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Placement> _places = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _changed = new(StringComparer.Ordinal);
    private LogPosition _seen;

    /// <summary>Tells of the tenants that have changed since.</summary>
    public async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        await ReadAsync(cancellationToken);
        while (_changed.Min is { } name)
        {
            var (record, version) = _tenants[name];
            var tenant = TenantId.Parse(name);
            directory.Observe(tenant, record, version, isOnlyIfKnown: true);
            ForgetStates(tenant, record);
            await runners.SetAsync(tenant, record, cancellationToken);
            mover?.Note(tenant, record);
            eraser.Note(tenant, record); // Not before its runners have ended.
            _changed.Remove(name);
        }
    }

    /// <summary>Tells of tenants as they change, until it is cancelled.</summary>
    public async Task FollowAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        while (true)
        {
            // What was read before a failure, and nobody was told of, waits for no further event.
            if (_changed.Count == 0)
                await main.WaitForPositionAsync(TenantId.Platform, _seen.Next(), cancellationToken);
            await CatchUpAsync(cancellationToken);
        }
    }

    /// <summary>
    /// A moved tenant's log is the same at its new place, so what was folded from it stays true, and each decision commits with its version besides;
    /// but what is kept of a tenant that others serve now, or that is erased, is kept for nobody.
    /// </summary>
    private void ForgetStates(TenantId tenant, TenantRecord record)
    {
        var place = record.Status is TenantStatus.None or TenantStatus.Erased ? null : record.Placement;
        var isKnown = _places.Remove(tenant.Value, out var before);
        if (place is not null)
            _places.Add(tenant.Value, place);
        if (isKnown && before != place)
            states.Remove(tenant);
    }

    /// <summary>All is folded before anybody is told of anything: what has become of a tenant since counts, not how it came about.</summary>
    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await main.ReadLogAsync(TenantId.Platform, new LogRead(_seen, PageLength, _query), cancellationToken);
            foreach (var recorded in page.Events)
            {
                var (record, _) = _tenants.GetValueOrDefault(recorded.Stream.Key, (TenantRecord.None, StreamVersion.None));
                _tenants[recorded.Stream.Key] = (directory.Evolve(record, recorded), recorded.Version);
                _changed.Add(recorded.Stream.Key);
            }

            if (page.Through == _seen)
                return;
            _seen = page.Through;
        }
    }
}
