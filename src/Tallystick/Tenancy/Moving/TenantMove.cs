using Tallystick.Storage;

namespace Tallystick.Tenancy.Moving;

/// <summary>
/// Moves one tenant from a store to another while it is in use. Its events keep their positions, versions and hashes; writers wait only while the
/// last few changes are copied and both ends are compared.
/// </summary>
/// <remarks>
/// <para>Where a move is, is written in the two stores and nowhere else: the target has a fence as long as it is only a copy, the source has one from
/// the moment when its writers must wait, and keeps it for good. So a mover that was killed is simply run again; the same is true of
/// <see cref="ConfirmAsync"/>, <see cref="UndoAsync"/> and <see cref="AbandonAsync"/>. Of two that run at once the later takes over the copy's fence,
/// and the earlier fails.</para>
/// <para>The order is: journal on at the source; copy; follow the tail; fence the source; copy the rest; compare; switch the placement; mark the
/// source as moved; lift the target's fence. Before the source is marked nobody can have written at the target, so the move may be abandoned; after
/// that it can be undone.</para>
/// </remarks>
/// <param name="source">Where the tenant is.</param>
/// <param name="target">Where it is to be.</param>
/// <param name="tenant">Whose data to move.</param>
/// <param name="options">Bounds; null: the defaults.</param>
/// <param name="progress">Hears how far it is; null: nobody does.</param>
public sealed partial class TenantMove(
    IStore source, IStore target, TenantId tenant, TenantMoveOptions? options = null, IProgress<TenantMoveProgress>? progress = null)
{
    /// <summary>The reason of the source's fence while the last changes are copied: a writer waits.</summary>
    public const string MovingFence = "moving";

    /// <summary>The reason of the source's fence once the tenant is elsewhere: a writer looks up where.</summary>
    public const string MovedFence = "moved";

    /// <summary>How the reason of the target's fence begins while it is only a copy.</summary>
    public const string CopyFencePrefix = "copy ";

    private readonly TenantMoveOptions _options = options ?? new TenantMoveOptions();
    private long _total;

    /// <summary>Moves the tenant, or goes on where a mover was killed. A tenant that is moved already stays so.</summary>
    /// <param name="switchPlacement">
    /// Says, durably, that the tenant is at the target now. It may be called again after it has succeeded. Until the target's fence is
    /// lifted, a moment later, writers are refused there too (<see cref="Refusal.Fenced"/>).
    /// </param>
    /// <param name="cancellationToken">Cancels. Before the placement is switched, writers go on at the source.</param>
    /// <exception cref="InvalidOperationException">The target has a tenant of this id, or one of both is fenced for another reason.</exception>
    /// <exception cref="TallystickException">
    /// A store failed, another mover has taken over, the fence stood too long, or the copy isn't what it should be; the message says which.
    /// </exception>
    public async ValueTask<TenantMoveResult> RunAsync(Func<CancellationToken, ValueTask> switchPlacement, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(switchPlacement);
        var here = await source.ReadTenantAsync(tenant, cancellationToken);
        if (here.Fence == MovedFence)
            return await EndAsync(TenantMoveResult.Before(here.Position), cancellationToken);
        if (here.IsErasing || (here.IsFenced && here.Fence != MovingFence))
        {
            throw new InvalidOperationException(
                $"Tenant '{tenant}' can't be moved: at the source it is {(here.IsErasing ? "being erased" : $"fenced ({here.Fence})")}. End that first.");
        }

        await DemandTargetAsync(cancellationToken);
        (await source.CommitAsync(Commit.For(tenant).Journal(on: true), cancellationToken)).Demand();
        here = await source.ReadTenantAsync(tenant, cancellationToken);
        var session = here.JournalStart ?? throw Lost();
        var fence = $"{CopyFencePrefix}{session}";
        await TakeTargetAsync(fence, cancellationToken);
        var copy = new TenantCopy(source, target, tenant, fence, session);
        await CopyAsync(copy, session, cancellationToken);
        var began = _options.Time.GetTimestamp();
        var root = await FenceAsync(copy, session, isFenced: here.IsFenced, cancellationToken);
        Report(TenantMoveStep.Switching, copy);
        await switchPlacement(cancellationToken);
        // Fails if somebody has lifted the fence meanwhile, so that writers went on here: then the rest is copied again, before the target opens.
        (await source.CommitAsync(Commit.For(tenant).Behind(MovingFence).Fence(MovedFence), cancellationToken)).Demand();
        (await target.CommitAsync(Commit.For(tenant).Behind(fence).Unfence(), cancellationToken)).Demand();
        var result = new TenantMoveResult(copy.Position, root, copy.Events, copy.Documents, _options.Time.GetElapsedTime(began));
        return await EndAsync(result, cancellationToken);
    }

    /// <summary>Erases what the source has kept of a tenant that was moved. It can't be undone afterwards.</summary>
    /// <exception cref="InvalidOperationException">The tenant isn't moved, or the target lacks what the source has.</exception>
    /// <exception cref="TallystickException">A store failed.</exception>
    public async ValueTask ConfirmAsync(CancellationToken cancellationToken)
    {
        var here = await source.ReadTenantAsync(tenant, cancellationToken);
        if (here == TenantStorage.None)
            return;
        if (!here.IsErasing)
        {
            var there = await target.ReadTenantAsync(tenant, cancellationToken);
            if (here.Fence != MovedFence || there.IsErasing || IsCopy(there.Fence)
                || there.Position < here.Position || !await TenantCopy.HasSameEventAsync(source, target, tenant, here.Position, cancellationToken))
            {
                throw new InvalidOperationException(
                    $"The old copy of tenant '{tenant}' isn't erased: the source is {(here.IsFenced ? $"fenced ({here.Fence})" : "in use")} at position {here.Position}, the target at {there.Position}{(there.IsFenced ? $", fenced ({there.Fence})" : "")}. Only a tenant that was moved can be confirmed.");
            }
        }

        await TenantErasure.RunAsync(source, tenant, here.IsErasing ? null : MovedFence, cancellationToken);
    }

    /// <summary>
    /// Moves a tenant that was moved back, with all that was written since, and erases the copy that it leaves: the same move in the other
    /// direction. What the source has kept is used, so only what is new is copied. A tenant that is back already stays so.
    /// </summary>
    /// <param name="switchBack">Says, durably, that the tenant is at the source now; as in <see cref="RunAsync"/>.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <inheritdoc cref="RunAsync" path="/exception"/>
    public async ValueTask<TenantMoveResult> UndoAsync(Func<CancellationToken, ValueTask> switchBack, CancellationToken cancellationToken)
    {
        var back = new TenantMove(target, source, tenant, _options, progress);
        var here = await source.ReadTenantAsync(tenant, cancellationToken);
        var there = await target.ReadTenantAsync(tenant, cancellationToken);
        if (here is { IsFenced: false, IsErasing: false } && (there.IsErasing || there == TenantStorage.None))
        {
            await back.ConfirmAsync(cancellationToken);
            return TenantMoveResult.Before(here.Position);
        }

        var result = await back.RunAsync(switchBack, cancellationToken);
        await back.ConfirmAsync(cancellationToken);
        return result;
    }

    /// <summary>Gives a move up that isn't done: the tenant is where it was and takes commits, and the copy is erased.</summary>
    /// <param name="placeAtSource">
    /// Says, durably, that the tenant is at the source, if that isn't so: the placement may have been switched when the mover was killed. Only called
    /// if that can be.
    /// </param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="InvalidOperationException">The tenant is moved: confirm or undo that.</exception>
    /// <exception cref="TallystickException">A store failed.</exception>
    public async ValueTask AbandonAsync(Func<CancellationToken, ValueTask> placeAtSource, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(placeAtSource);
        var here = await source.ReadTenantAsync(tenant, cancellationToken);
        if (here.Fence == MovedFence)
            throw new InvalidOperationException($"The move of tenant '{tenant}' can't be abandoned: it is done. Confirm or undo it.");
        if (here.Fence == MovingFence)
        {
            await placeAtSource(cancellationToken);
            (await source.CommitAsync(Commit.For(tenant).Behind(MovingFence).Unfence(), cancellationToken)).Demand();
        }

        var there = await target.ReadTenantAsync(tenant, cancellationToken);
        if (there.IsErasing || IsCopy(there.Fence))
            await TenantErasure.RunAsync(target, tenant, there.Fence, cancellationToken);
        if (here.IsJournaling)
            await SwitchJournalOffAsync(cancellationToken);
    }

    private static bool IsCopy(string? fence) => fence?.StartsWith(CopyFencePrefix, StringComparison.Ordinal) == true;

    private TallystickException Lost() => new(
        $"The journal of tenant '{tenant}' was switched by somebody else (another move, or an export). Nothing was switched over; run the move again.", isTransient: true);
}
