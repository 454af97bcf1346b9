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
    : Runner(services, item, lease, RunnerStateStore.Projections)
{
    private ProjectionTrack? _live;
    private ProjectionTrack? _building;
    private LogPosition _head;
    private SubscriptionFailure? _rebuildFailure;

    protected override LogPosition Position => (_live, _building) switch
    {
        (null, null) => LogPosition.Start,
        ({ } live, null) => live.Examined,
        (null, { } building) => building.Examined,
        ({ } live, { } building) => live.Examined < building.Examined ? live.Examined : building.Examined,
    };

    protected override async ValueTask LoadAsync(CancellationToken cancellationToken)
    {
        (_live, _building) = (null, null);
        await ReadStateAsync(cancellationToken);
        _head = (await Store.ReadHeadAsync(Tenant, cancellationToken)).Position;
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
            _live = await OpenAsync(State.Active!, Name, cancellationToken);
        if (projection.Fits(State.Building))
            await OpenBuildingAsync(cancellationToken);
        ShowProgress();
    }

    protected override async ValueTask<bool> StepAsync(CancellationToken cancellationToken)
    {
        var worked = _live is not null && await AdvanceAsync(_live, cancellationToken);
        if (_building is not null)
            worked |= await BuildAsync(_building, cancellationToken);
        if (!State.Retired.IsEmpty)
            worked |= await RemoveRetiredAsync(State.Retired[0], cancellationToken);
        ShowProgress();
        return worked;
    }

    protected override Commit GuardPlace(Commit commit)
    {
        foreach (var track in new[] { _live, _building }.OfType<ProjectionTrack>())
            commit = commit.Save(track.Checkpoint, track.Saved, track.Saved);
        return commit;
    }

    protected override async ValueTask ReleaseAsync()
    {
        if (_live is not null)
            await _live.Log.DropAsync();
        if (_building is not null)
            await _building.Log.DropAsync();
    }

    protected override void Resumed() => Item.OwnsVersion = false;

    private async ValueTask<ProjectionTrack> OpenAsync(GenerationInfo generation, string checkpoint, CancellationToken cancellationToken)
    {
        var saved = await Store.ReadCheckpointAsync(Tenant, checkpoint, cancellationToken) ?? LogPosition.Start;
        return new ProjectionTrack(Services, Tenant, projection, generation, checkpoint, saved);
    }

    /// <summary>Reads and folds one page, and commits if the batch is full or the log's end or an event that fails is reached.</summary>
    /// <returns>Whether there was anything to do.</returns>
    private async ValueTask<bool> AdvanceAsync(ProjectionTrack track, CancellationToken cancellationToken)
    {
        var count = track.PageLength(track.Examined < _head ? Options.CatchUpPageLength : Options.LiveBatchLength);
        var page = await track.Log.ReadAsync(track.Examined, count, cancellationToken);
        if (page.Through == track.Examined && page.Events.IsEmpty)
        {
            if (track.Pending == 0)
                return false;
            await FlushAsync(track, cancellationToken);
            return true;
        }

        var more = page.Events.Length >= count;
        if (more && !track.IsBisecting)
            track.Log.ReadAhead(page.Through, count, cancellationToken);
        var failure = await track.FoldAsync(page, Skipped.Positions, cancellationToken);
        var isIdleLong = track.Pending == 0 && track.Examined.Value - track.Saved.Value >= Options.IdleCheckpointInterval;
        if (isIdleLong || (track.Pending > 0 && (!more || track.IsBatchFull || failure is not null)))
            await FlushAsync(track, cancellationToken);
        return failure is null ? true : throw failure;
    }

    /// <summary>Commits a batch: its documents and its checkpoint, or nothing.</summary>
    private async ValueTask FlushAsync(ProjectionTrack track, CancellationToken cancellationToken)
    {
        DocumentChange[] changes;
        try
        {
            changes = track.Changes();
        }
        catch (Exception error)
        {
            Reject(track, error);
            return;
        }

        try
        {
            await CommitAsync(Commit.For(Tenant).Change(changes).Save(track.Checkpoint, track.Examined, track.Saved), cancellationToken);
            track.Committed();
        }
        catch (ArgumentException error)
        {
            Reject(track, error);
        }
    }

    private void Reject(ProjectionTrack track, Exception error)
    {
        SubscriptionLog.BatchRejected(Services.Logger, Name, Tenant, track.Pending, error);
        if (track.Rejected(error) is { } alone)
            throw alone;
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
        var state = _building is not null ? SubscriptionState.Rebuilding
            : _live!.Examined < _head ? SubscriptionState.CatchingUp
            : SubscriptionState.Live;
        SetStatus(StatusOf(state) with { Position = (_live ?? _building)!.Examined, Rebuild = Progress(), RebuildFailure = _rebuildFailure });
    }
}
