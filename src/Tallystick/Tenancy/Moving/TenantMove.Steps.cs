using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Tenancy.Moving;

// The steps of a move.
public sealed partial class TenantMove
{
    /// <summary>Demands, before anything is changed, that the target can become a copy.</summary>
    private async ValueTask DemandTargetAsync(CancellationToken cancellationToken)
    {
        var there = await target.ReadTenantAsync(tenant, cancellationToken);
        if (there.IsErasing || IsCopy(there.Fence) || there.Fence == MovedFence)
            return;
        if (there.IsFenced)
            throw new InvalidOperationException($"Tenant '{tenant}' can't be moved: at the target it is fenced ({there.Fence}). End that first.");
        if (!await TenantErasure.IsEmptyAsync(target, tenant, cancellationToken))
            throw TenantErasure.Taken(tenant);
    }

    /// <summary>Makes the target a copy that only this mover writes: an empty one, or one that an earlier mover or move has left.</summary>
    private async ValueTask TakeTargetAsync(string fence, CancellationToken cancellationToken)
    {
        var there = await target.ReadTenantAsync(tenant, cancellationToken);
        if (there.IsErasing)
        {
            await TenantErasure.RunAsync(target, tenant, null, cancellationToken);
            there = TenantStorage.None;
        }

        if (there.Fence is null)
            await TenantErasure.FenceEmptyAsync(target, tenant, fence, cancellationToken);
        else
            (await target.CommitAsync(Commit.For(tenant).Behind(there.Fence).Fence(fence), cancellationToken)).Demand();
    }

    /// <summary>Copies all, compares all, and follows what is written meanwhile, until only little is left to be done behind the fence.</summary>
    private async ValueTask CopyAsync(TenantCopy copy, long session, CancellationToken cancellationToken)
    {
        await copy.BeginAsync(cancellationToken);
        await FollowAsync(copy, session, TenantMoveStep.Copying, cancellationToken);
        await copy.EqualiseAsync(cancellationToken);
        await FollowAsync(copy, session, TenantMoveStep.Following, cancellationToken);
        Report(TenantMoveStep.Verifying, copy);
        // What the target gives back, not only what it was given, must be the log.
        if (await LogVerifier.VerifyAsync(target, tenant, null, cancellationToken) is { IsIntact: false } damaged)
            throw new TallystickException($"The copy of tenant '{tenant}' is damaged: {damaged.Findings[0].Problem}. Abandon the move, which erases it, and check the target.");
        for (var round = 1; round <= _options.ComparisonsMax; round++)
        {
            await copy.CompareAsync(cancellationToken);
            await FollowAsync(copy, session, TenantMoveStep.Verifying, cancellationToken);
            if (copy.SuspectCount <= _options.SuspectsMax)
                return;
        }
    }

    /// <summary>Copies what was written meanwhile until little is; who writes faster than the copy is written is stopped by the fence.</summary>
    private async ValueTask FollowAsync(TenantCopy copy, long session, TenantMoveStep step, CancellationToken cancellationToken)
    {
        for (var round = 1; round <= _options.RoundsMax; round++)
        {
            var here = await DemandSessionAsync(session, cancellationToken);
            _total = here.Position.Value;
            Report(step, copy);
            var lag = here.Position.Value - copy.Position.Value + here.JournalHead - copy.Entry;
            await copy.FollowAsync(here, _ => Report(step, copy), cancellationToken);
            if (lag <= _options.LagMax)
                return;
        }
    }

    /// <summary>Stops the writers, copies the rest and compares; if that fails, the writers go on at the source.</summary>
    private async ValueTask<Hash256> FenceAsync(TenantCopy copy, long session, bool isFenced, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(_options.FenceTimeout, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            (await source.CommitAsync(Commit.For(tenant).Fence(MovingFence), cancellationToken)).Demand();
            Report(TenantMoveStep.Fenced, copy);
            // A mover that finds the fence of one that was killed has all the time: the placement may be switched already.
            var token = isFenced ? cancellationToken : either.Token;
            await copy.FollowAsync(await DemandSessionAsync(session, token), null, token);
            await copy.DemandEqualAsync(token);
            return (await target.ReadHeadAsync(tenant, token)).Tree.Root();
        }
        catch (Exception error)
        {
            if (!isFenced)
                await LetWritersGoOnAsync();
            if (error is OperationCanceledException && deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw new TallystickException(
                    $"The last changes of tenant '{tenant}' weren't copied within {_options.FenceTimeout} (FenceTimeout). Writers go on at the source; run the move again.", error, isTransient: true);
            }

            throw;
        }
    }

    /// <summary>Lifts the fence of a move that failed behind it. If that fails too, running the move again or abandoning it does it.</summary>
    private async ValueTask LetWritersGoOnAsync()
    {
        try
        {
            // The caller's token may be what has failed; a commit is bounded by the store.
            await source.CommitAsync(Commit.For(tenant).Behind(MovingFence).Unfence(), CancellationToken.None);
        }
        catch (TallystickException)
        {
            // What has failed before is what the caller must hear of.
        }
    }

    /// <summary>Opens the target, if the mover that marked the source as moved hasn't, and lets go of the journal.</summary>
    private async ValueTask<TenantMoveResult> EndAsync(TenantMoveResult result, CancellationToken cancellationToken)
    {
        if (await target.ReadTenantAsync(tenant, cancellationToken) is { Fence: { } fence } && IsCopy(fence))
            (await target.CommitAsync(Commit.For(tenant).Behind(fence).Unfence(), cancellationToken)).Demand();
        var here = await source.ReadTenantAsync(tenant, cancellationToken);
        if (here.JournalHead > 0)
            await SwitchJournalOffAsync(cancellationToken);
        progress?.Report(new TenantMoveProgress(TenantMoveStep.Moved, result.Position.Value, result.Position.Value));
        return result;
    }

    private async ValueTask SwitchJournalOffAsync(CancellationToken cancellationToken)
    {
        while ((await source.CommitAsync(Commit.For(tenant).Journal(on: false), cancellationToken)).Demand().HasMore)
        {
        }
    }

    private async ValueTask<TenantStorage> DemandSessionAsync(long session, CancellationToken cancellationToken)
    {
        var here = await source.ReadTenantAsync(tenant, cancellationToken);
        return here.JournalStart == session ? here : throw Lost();
    }

    private void Report(TenantMoveStep step, TenantCopy copy) =>
        progress?.Report(new TenantMoveProgress(step, copy.Position.Value, Math.Max(_total, copy.Position.Value)));
}
