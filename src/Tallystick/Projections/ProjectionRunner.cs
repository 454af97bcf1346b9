using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Subscriptions;

namespace Tallystick.Projections;

/// <summary>
/// Runs a projection for one tenant: keeps the documents that readers see up to date (the live track), and builds them anew in another
/// generation when the code has changed or an operator asks (the building track), a page of each in turn. A generation becomes visible in
/// one commit, when it has reached the head that the log had when the building began and isn't behind the live one.
/// </summary>
internal sealed partial class ProjectionRunner(RunnerServices services, WorkItem item, Lease? lease, BoundProjection projection)
    : FoldingRunner(services, item, lease, RowScope.Own(item.Tenant))
{
    private SubscriptionFailure? _rebuildFailure;

    protected override async ValueTask LoadAsync(CancellationToken cancellationToken)
    {
        (Live, Building) = (null, null);
        await ReadStateAsync(cancellationToken);
        Head = (await Store.ReadHeadAsync(Tenant, cancellationToken)).Position;
        if (!projection.Fits(State.Active) && !projection.Fits(State.Building))
        {
            // Whoever starts last decides the version. One that was running already gives way, or two versions would rebuild in turn for ever.
            if (Item.OwnsVersion)
            {
                Supersede();
                return;
            }

            await BeginBuildingAsync(cancellationToken);
        }

        Item.OwnsVersion = true;
        if (projection.Fits(State.Active))
            Live = await OpenAsync(State.Active!, Name, cancellationToken);
        if (projection.Fits(State.Building))
            await OpenBuildingAsync(cancellationToken);
        ShowProgress();
    }

    protected override async ValueTask<bool> StepAsync(CancellationToken cancellationToken)
    {
        var worked = Live is not null && await AdvanceAsync(Live, cancellationToken);
        if (Building is not null)
            worked |= await BuildAsync(Building, cancellationToken);
        if (!State.Retired.IsEmpty)
            worked |= await RemoveRetiredAsync(State.Retired[0], cancellationToken);
        ShowProgress();
        return worked;
    }

    protected override void Resumed() => Item.OwnsVersion = false;

    private async ValueTask<ProjectionTrack> OpenAsync(GenerationInfo generation, string checkpoint, CancellationToken cancellationToken)
    {
        var saved = await Store.ReadCheckpointAsync(Tenant, checkpoint, cancellationToken) ?? LogPosition.Start;
        return NewTrack(projection, generation, checkpoint, saved);
    }

    /// <summary>Removes documents that nobody reads any more, a bounded number at a time.</summary>
    private async ValueTask<bool> RemoveRetiredAsync(RetiredCollection retired, CancellationToken cancellationToken)
    {
        var target = new CollectionId(retired.Collection, retired.Generation);
        var query = new DocumentQuery(retired.Collection) { Generation = retired.Generation, Limit = Math.Min(1000, Options.ChangedDocumentsMax) };
        var page = await Store.QueryDocumentsAsync(Tenant, query, cancellationToken);
        var commit = Commit.For(Tenant).Change([.. page.Items.Select(document => new DocumentChange.Delete(target, document.Key))]);
        if (page.Next is null)
            await CommitStateAsync(commit, State with { Retired = State.Retired.Remove(retired) }, cancellationToken);
        else
            await CommitAsync(commit, cancellationToken);
        return true;
    }

    private void ShowProgress()
    {
        var state = Building is not null ? SubscriptionState.Rebuilding
            : Live!.Examined < Head ? SubscriptionState.CatchingUp
            : SubscriptionState.Live;
        SetStatus(StatusOf(state) with { Position = (Live ?? Building)!.Examined, Rebuild = Progress(), RebuildFailure = _rebuildFailure });
    }
}
