using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;

namespace Tallystick.Projections;

/// <summary>
/// Runs a projection over all tenants for one of them: folds this tenant's log into rows of the platform. Each tenant has a checkpoint and a
/// runner of its own, on whichever node; what they share is which generation of rows readers see, and which is built beside it.
/// </summary>
/// <remarks>
/// A generation becomes visible in one commit, when every tenant's runner has marked it as built (its checkpoint is there) and none is
/// behind the visible one. Each looks after it has made its own mark, so the last one to do so swaps. The shared state counts its changes:
/// every commit of every runner demands the count that it knows, so none goes on with what was before a swap.
/// </remarks>
internal sealed class PlatformProjectionRunner(RunnerServices services, WorkItem item, Lease? lease, BoundProjection projection, PlatformRight? right)
    : FoldingRunner(services, item, lease, RowScope.OfPlatform(item.Tenant))
{
    private readonly RunnerStateStore _sharedStore = new(services.Store, TenantId.Platform, RunnerStateStore.Projections, projection.Name);
    private readonly PlatformGenerations _generations = new(services.Store, projection.Name);
    private RunnerState _shared = new();
    private LogPosition _sharedRevision;
    private bool _isMarked;
    private RetiredCollection? _removed;

    protected override async ValueTask LoadAsync(CancellationToken cancellationToken)
    {
        (Live, Building, _isMarked, _removed) = (null, null, false, null);
        if (right is not null)
            await right.TakeAsync(cancellationToken);
        await ReadStateAsync(cancellationToken);
        (_shared, _sharedRevision) = await _sharedStore.ReadAsync(cancellationToken);
        Head = (await Store.ReadHeadAsync(Tenant, cancellationToken)).Position;
        if (!projection.Fits(_shared.Active) && !projection.Fits(_shared.Building))
        {
            // Whoever starts last decides the version, as for a tenant's own projections.
            if (Item.OwnsVersion)
            {
                Supersede();
                return;
            }

            await BeginBuildingAsync(cancellationToken);
        }

        Item.OwnsVersion = true;
        if (projection.Fits(_shared.Active))
            Live = await OpenAsync(_shared.Active!, cancellationToken);
        if (projection.Fits(_shared.Building))
            Building = await OpenAsync(_shared.Building!, cancellationToken);
        ShowProgress();
    }

    protected override async ValueTask<bool> StepAsync(CancellationToken cancellationToken)
    {
        var worked = Live is not null && await AdvanceAsync(Live, cancellationToken);
        if (Building is not null)
            worked |= await BuildAsync(Building, cancellationToken);
        if (!_shared.Retired.IsEmpty && _shared.Retired[0] != _removed)
            worked |= await RemoveRetiredAsync(_shared.Retired[0], cancellationToken);
        ShowProgress();
        return worked;
    }

    protected override Commit Guard(Commit commit) => _sharedStore.Guard(base.Guard(commit), _sharedRevision);

    protected override Lease? LeaseFor(TenantId tenant) => right is not null && tenant == TenantId.Platform ? right.Held : base.LeaseFor(tenant);

    /// <summary>The next event, or a change of what is shared, which an idle tenant's runner must follow too.</summary>
    protected override async ValueTask WaitForWorkAsync(CancellationToken cancellationToken)
    {
        using var other = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var changed = _sharedStore.WaitForChangeAsync(_sharedRevision, other.Token).AsTask().ObserveAsync();
        var appended = base.WaitForWorkAsync(other.Token).AsTask().ObserveAsync();
        var first = await Task.WhenAny(changed, appended);
        other.Cancel();
        await first;
        if (first == changed)
            Reload();
    }

    protected override async ValueTask RebuildAsync(CancellationToken cancellationToken)
    {
        if (Building is not null)
            throw new InvalidOperationException($"'{Name}' is being rebuilt already, in generation {Building.Generation.Generation}.");
        await BeginBuildingAsync(cancellationToken);
    }

    protected override void Resumed() => Item.OwnsVersion = false;

    private async ValueTask<ProjectionTrack> OpenAsync(GenerationInfo generation, CancellationToken cancellationToken)
    {
        var checkpoint = _generations.CheckpointOf(Tenant, generation.Generation);
        var saved = await Store.ReadCheckpointAsync(TenantId.Platform, checkpoint, cancellationToken);
        _isMarked |= saved is not null && generation.Generation == _shared.Building?.Generation;
        return NewTrack(projection, generation, checkpoint, saved ?? LogPosition.Start);
    }

    private async ValueTask BeginBuildingAsync(CancellationToken cancellationToken)
    {
        var generation = projection.Describe(_shared.LastGeneration + 1);
        await CommitSharedAsync(Commit.For(TenantId.Platform), _shared with
        {
            Building = generation,
            LastGeneration = generation.Generation,
            Retired = _shared.RetiredWith(_shared.Building),
        }, cancellationToken);
        SubscriptionLog.RebuildBegun(Services.Logger, Name, TenantId.Platform, generation.Version, generation.Generation, Head);
    }

    /// <summary>Advances the building track, marks it when this tenant's part is built, and swaps when all are.</summary>
    private async ValueTask<bool> BuildAsync(ProjectionTrack building, CancellationToken cancellationToken)
    {
        var worked = await AdvanceAsync(building, cancellationToken);
        if (building.Examined < Head || building.Pending > 0 || (_isMarked && !worked))
            return worked;
        if (!_isMarked)
        {
            await CommitAsync(Commit.For(TenantId.Platform).Save(building.Checkpoint, building.Examined, building.Saved), cancellationToken);
            building.Committed();
            _isMarked = true;
        }

        if (await _generations.AreAllBuiltAsync(building.Generation.Generation, _shared.Active?.Generation, cancellationToken))
            await SwapAsync(building, cancellationToken);
        return true;
    }

    private async ValueTask SwapAsync(ProjectionTrack building, CancellationToken cancellationToken)
    {
        var generation = building.Generation;
        var commit = Commit.For(TenantId.Platform)
            .Change([.. generation.Collections.Select(name => new DocumentChange.Activate(new CollectionId(name, generation.Generation)))]);
        await CommitSharedAsync(commit, _shared with
        {
            Active = generation,
            Building = null,
            Retired = _shared.RetiredWith(_shared.Active),
        }, cancellationToken);
        SubscriptionLog.Swapped(Services.Logger, Name, TenantId.Platform, generation.Version, generation.Generation, building.Examined);
        if (Live is not null)
            await Live.Log.DropAsync();
        (Live, Building) = (building, null);
    }

    /// <summary>Removes this tenant's rows of a generation that nobody reads any more, a bounded number at a time; then its checkpoint.</summary>
    private async ValueTask<bool> RemoveRetiredAsync(RetiredCollection retired, CancellationToken cancellationToken)
    {
        var target = new CollectionId(retired.Collection, retired.Generation);
        var query = new DocumentQuery(retired.Collection) { Generation = retired.Generation, Limit = Math.Min(1000, Options.ChangedDocumentsMax) };
        var own = query with { Equal = [new IndexEntry(RowScope.TenantIndex, IndexValue.From(Tenant.Value))] };
        var page = await Store.QueryDocumentsAsync(TenantId.Platform, own, cancellationToken);
        var commit = Commit.For(TenantId.Platform).Change([.. page.Items.Select(document => new DocumentChange.Delete(target, document.Key))]);
        if (page.Next is not null)
        {
            await CommitAsync(commit, cancellationToken);
            return true;
        }

        await CommitAsync(commit.Forget(_generations.CheckpointOf(Tenant, retired.Generation)), cancellationToken);
        _removed = retired;
        // The one that finds nothing left strikes it off the list; another that does so at the same moment is refused and looks again.
        if ((await Store.QueryDocumentsAsync(TenantId.Platform, query with { Limit = 1 }, cancellationToken)).Items.IsEmpty)
            await CommitSharedAsync(Commit.For(TenantId.Platform), _shared with { Retired = _shared.Retired.Remove(retired) }, cancellationToken);
        return true;
    }

    private async ValueTask CommitSharedAsync(Commit commit, RunnerState shared, CancellationToken cancellationToken)
    {
        await DemandAsync(_sharedStore.Change(base.Guard(commit), shared, _sharedRevision), cancellationToken);
        (_shared, _sharedRevision) = (shared, _sharedRevision.Next());
    }

    private void ShowProgress()
    {
        var state = Building is not null ? SubscriptionState.Rebuilding
            : Live!.Examined < Head ? SubscriptionState.CatchingUp
            : SubscriptionState.Live;
        SetStatus(StatusOf(state) with { Position = (Live ?? Building)!.Examined });
    }
}
