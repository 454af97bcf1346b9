using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Subscriptions;

namespace Tallystick.Projections;

/// <summary>Folds a tenant's log into documents: what the runners of a tenant's own projections and of those over all tenants have in common.</summary>
internal abstract class FoldingRunner(RunnerServices services, WorkItem item, Lease? lease, RowScope rows)
    : Runner(services, item, lease, rows.StateOf(services.Store, item.Name))
{
    /// <summary>Where the documents, checkpoints and the runner's state are.</summary>
    protected RowScope Rows { get; } = rows;

    /// <summary>The end of the log, as it was last read.</summary>
    protected LogPosition Head { get; set; }

    /// <summary>What readers see.</summary>
    protected ProjectionTrack? Live { get; set; }

    /// <summary>What is built beside it.</summary>
    protected ProjectionTrack? Building { get; set; }

    protected override LogPosition Position => (Live, Building) switch
    {
        (null, null) => LogPosition.Start,
        ({ } live, null) => live.Examined,
        (null, { } building) => building.Examined,
        ({ } live, { } building) => live.Examined < building.Examined ? live.Examined : building.Examined,
    };

    protected ProjectionTrack NewTrack(BoundProjection projection, GenerationInfo generation, string checkpoint, LogPosition saved) =>
        new(Services, Tenant, Rows, projection, generation, checkpoint, saved);

    protected override Commit GuardPlace(Commit commit)
    {
        foreach (var track in new[] { Live, Building }.OfType<ProjectionTrack>())
            commit = commit.Save(track.Checkpoint, track.Saved, track.Saved);
        return commit;
    }

    protected override async ValueTask ReleaseAsync()
    {
        if (Live is not null)
            await Live.Log.DropAsync();
        if (Building is not null)
            await Building.Log.DropAsync();
    }

    /// <summary>Reads and folds one page, and commits if the batch is full or the log's end or an event that fails is reached.</summary>
    /// <returns>Whether there was anything to do.</returns>
    protected async ValueTask<bool> AdvanceAsync(ProjectionTrack track, CancellationToken cancellationToken)
    {
        var count = track.PageLength(track.Examined < Head ? Options.CatchUpPageLength : Options.LiveBatchLength);
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
            await CommitAsync(Commit.For(Rows.Home).Change(changes).Save(track.Checkpoint, track.Examined, track.Saved), cancellationToken);
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
}
