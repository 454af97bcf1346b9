using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Subscriptions;

namespace Tallystick.Projections;

/// <content>Building a generation beside the live one, and the swap.</content>
internal sealed partial class ProjectionRunner
{
    private long _buildingSince;

    protected override async ValueTask RebuildAsync(CancellationToken cancellationToken)
    {
        if (Building is not null)
            throw new InvalidOperationException($"'{Name}' of {Tenant} is being rebuilt already: {Progress()}.");
        _rebuildFailure = null;
        Head = (await Store.ReadHeadAsync(Tenant, cancellationToken)).Position;
        await BeginBuildingAsync(cancellationToken);
    }

    private static string BuildingCheckpoint(string name, GenerationInfo generation) => $"{name}@{generation.Generation}";

    /// <summary>Records durably that a new generation is built; what was built before and isn't wanted any more is retired.</summary>
    private async ValueTask BeginBuildingAsync(CancellationToken cancellationToken)
    {
        var generation = projection.Describe(State.LastGeneration + 1);
        var commit = Commit.For(Tenant);
        if (State.Building is { } abandoned)
            commit = commit.Forget(BuildingCheckpoint(Name, abandoned));
        await CommitStateAsync(commit, State with
        {
            Building = generation,
            BuildTarget = Head.Value,
            LastGeneration = generation.Generation,
            Retired = State.RetiredWith(State.Building),
        }, cancellationToken);
        SubscriptionLog.RebuildBegun(Services.Logger, Name, Tenant, generation.Version, generation.Generation, Head);
    }

    private async ValueTask OpenBuildingAsync(CancellationToken cancellationToken)
    {
        Building = await OpenAsync(State.Building!, BuildingCheckpoint(Name, State.Building!), cancellationToken);
        _buildingSince = Options.Time.GetTimestamp();
    }

    /// <summary>Advances the building track, and swaps when it is complete.</summary>
    private async ValueTask<bool> BuildAsync(ProjectionTrack building, CancellationToken cancellationToken)
    {
        try
        {
            var worked = await AdvanceAsync(building, cancellationToken);
            return await TrySwapAsync(building, cancellationToken) || worked;
        }
        catch (EventFailedException failure) when (Live is not null)
        {
            // What readers see goes on: a rebuild that an operator asked for must not stop it.
            await AbandonAsync(building, failure, cancellationToken);
            return true;
        }
    }

    /// <summary>Makes the built generation the one that readers see, together with its checkpoint, in one commit.</summary>
    private async ValueTask<bool> TrySwapAsync(ProjectionTrack building, CancellationToken cancellationToken)
    {
        if (building.Examined.Value < State.BuildTarget || building.Pending > 0 || building.Examined < (Live?.Examined ?? LogPosition.Start))
            return false;
        // An older version in another process may still move the live checkpoint; readers must never go back behind it.
        var seen = await Store.ReadCheckpointAsync(Tenant, Name, cancellationToken) ?? LogPosition.Start;
        if (building.Examined < seen)
            return false;
        var commit = Commit.For(Tenant)
            .Change([.. building.Generation.Collections.Select(name => new DocumentChange.Activate(new CollectionId(name, building.Generation.Generation)))])
            .Save(Name, building.Examined, seen)
            .Forget(building.Checkpoint, building.Saved);
        await CommitStateAsync(commit, State with
        {
            Active = building.Generation,
            Building = null,
            BuildTarget = 0,
            Retired = State.RetiredWith(State.Active),
        }, cancellationToken);
        SubscriptionLog.Swapped(Services.Logger, Name, Tenant, building.Generation.Version, building.Generation.Generation, building.Examined);
        if (Live is not null)
            await Live.Log.DropAsync();
        building.BecomeLive(Name);
        (Live, Building) = (building, null);
        return true;
    }

    private async ValueTask AbandonAsync(ProjectionTrack building, EventFailedException failure, CancellationToken cancellationToken)
    {
        await building.Log.DropAsync();
        await CommitStateAsync(Commit.For(Tenant).Forget(building.Checkpoint, building.Saved), State with
        {
            Building = null,
            BuildTarget = 0,
            Retired = State.RetiredWith(building.Generation),
        }, cancellationToken);
        Building = null;
        _rebuildFailure = Describe(failure);
        SubscriptionLog.RebuildAbandoned(Services.Logger, Name, Tenant, failure.Recorded.Type, failure.Recorded.Position, failure.Cause);
    }

    private RebuildProgress? Progress()
    {
        if (Building is not { } building)
            return null;
        var seconds = Options.Time.GetElapsedTime(_buildingSince).TotalSeconds;
        return new RebuildProgress(
            building.Generation.Version, building.Examined, LogPosition.Of(State.BuildTarget), building.Folded, seconds > 0 ? building.Folded / seconds : 0);
    }
}
