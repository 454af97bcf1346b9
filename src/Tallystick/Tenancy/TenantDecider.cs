using Tallystick.Commands;

namespace Tallystick.Tenancy;

/// <summary>
/// The rules of a tenant's life. Tenants are themselves event-sourced, in the log of <see cref="TenantId.Platform"/>, so that every change
/// to the catalog is an event with a time and an author.
/// </summary>
/// <remarks>
/// An id names one tenant for ever: what was erased isn't made again under the same id, since tokens, backups and caches may still know the
/// first one.
/// </remarks>
public sealed class TenantDecider : Decider<TenantCommand, TenantEvent, TenantRecord>
{
    /// <summary>The most characters of a tenant's display name.</summary>
    public const int NameLengthMax = 200;

    /// <summary>The most characters of a reason.</summary>
    public const int ReasonLengthMax = 500;

    /// <summary>The category of the streams, which applications leave alone; the key is the tenant's id.</summary>
    public const string StreamCategory = "tallystick.tenant";

    internal const string ExistsCode = "tenant-exists";

    private const string ImportingCode = "tenant-importing";

    /// <inheritdoc/>
    public override string Category => StreamCategory;

    /// <inheritdoc/>
    public override TenantRecord InitialState => TenantRecord.None;

    /// <inheritdoc/>
    public override Decision<TenantEvent> Decide(TenantCommand command, TenantRecord state) => (command, state.Status) switch
    {
        (TenantCommand.Create create, TenantStatus.None) => Create(create),
        (TenantCommand.Create, TenantStatus.Erased) => Reject(
            ExistsCode, "A tenant with this id existed and was erased. Choose another id: tokens and backups may still know the first one."),
        (TenantCommand.Create, _) => Reject(ExistsCode, "A tenant with this id exists already."),
        (TenantCommand.BeginImport or TenantCommand.EndImport or TenantCommand.AbandonImport, _) => DecideImport(command, state),
        (_, TenantStatus.None) => Reject("tenant-unknown", "There is no tenant with this id."),
        (TenantCommand.RecordErasure, TenantStatus.Erased) => Accept(),
        (_, TenantStatus.Erased) => Reject("tenant-erased", "The tenant was erased; nothing of it is left."),
        (not (TenantCommand.Delete or TenantCommand.Rename), TenantStatus.Importing) => Reject(
            ImportingCode, "The tenant's data is being imported. Wait for it; import again if it was interrupted; or delete the tenant."),
        (TenantCommand.Export, _) => Accept(new TenantEvent.Exported()),
        (TenantCommand.Rename rename, _) => Rename(rename, state),
        (TenantCommand.SetLimits set, _) => SetLimits(set, state),
        (TenantCommand.Delete or TenantCommand.Restore or TenantCommand.BeginErasure or TenantCommand.RecordErasure, _) => DecideEnd(command, state),
        (_, TenantStatus.Deleted) => Reject("tenant-deleted", "The tenant is deleted. Restore it first."),
        (TenantCommand.Suspend suspend, _) => Suspend(suspend, state),
        (TenantCommand.Resume, _) => state.IsSuspended ? Accept(new TenantEvent.Resumed()) : Accept(),
        _ => DecideMove(command, state),
    };

    /// <inheritdoc/>
    public override TenantRecord Evolve(TenantRecord state, TenantEvent @event) => @event switch
    {
        TenantEvent.Created created => new TenantRecord { Exists = true, Name = created.Name, Placement = created.Placement ?? Placement.Main },
        TenantEvent.Renamed renamed => state with { Name = renamed.Name },
        TenantEvent.Suspended => state with { IsSuspended = true },
        TenantEvent.Resumed => state with { IsSuspended = false },
        TenantEvent.LimitsSet set => state with { Limits = set.Limits },
        TenantEvent.Deleted deleted => state with { Deletion = new TenantDeletion(deleted.Reason, deleted.ErasableFrom) },
        TenantEvent.Restored => state with { Deletion = null },
        TenantEvent.ErasureBegun => state with { Deletion = state.Deletion is { } deletion ? deletion with { IsErasing = true } : null },
        TenantEvent.Erased => state with { IsErased = true },
        TenantEvent.ImportBegun begun => new TenantRecord { Exists = true, Name = begun.Name, Placement = begun.Placement, Import = begun.Attempt },
        TenantEvent.Imported => state with { Import = null },
        TenantEvent.ImportAbandoned => TenantRecord.None,
        _ => EvolveMove(state, @event),
    };

    private static TenantRecord EvolveMove(TenantRecord state, TenantEvent @event) => (@event, state.Move) switch
    {
        (TenantEvent.MoveBegun begun, _) => state with { Move = new MoveInProgress(begun.Source, begun.Target, MoveStep.Begun) },
        (TenantEvent.MoveSwitched, { Step: MoveStep.Undoing } move) => state with { Placement = move.Source, Move = move with { Step = MoveStep.SwitchedBack, Outcome = null } },
        (TenantEvent.MoveSwitched, { } move) => state with { Placement = move.Target, Move = move with { Step = MoveStep.Switched } },
        (TenantEvent.MoveSettled settled, { } move) => state with
        {
            Move = move with { Step = move.Step == MoveStep.SwitchedBack ? MoveStep.Undone : MoveStep.Settled, Outcome = settled.Outcome },
        },
        (TenantEvent.MoveConfirmationBegun, { } move) => state with { Move = move with { Step = MoveStep.Confirming } },
        (TenantEvent.MoveUndoingBegun, { } move) => state with { Move = move with { Step = MoveStep.Undoing } },
        (TenantEvent.MoveAbandonmentBegun, { } move) => state with { Move = move with { Step = MoveStep.Abandoning } },
        (TenantEvent.MoveConfirmed or TenantEvent.MoveUndone or TenantEvent.MoveAbandoned, _) => state with { Move = null },
        _ => state,
    };

    private static Decision<TenantEvent> Create(TenantCommand.Create create) =>
        IsName(create.Name) ? Accept(new TenantEvent.Created(create.Name, create.Placement)) : BadName();

    private static Decision<TenantEvent> Rename(TenantCommand.Rename rename, TenantRecord state) =>
        !IsName(rename.Name) ? BadName()
        : rename.Name == state.Name ? Accept()
        : Accept(new TenantEvent.Renamed(rename.Name));

    private static Decision<TenantEvent> SetLimits(TenantCommand.SetLimits set, TenantRecord state) =>
        set.Limits?.Fault is { } fault ? Reject("tenant-limits", fault)
        : set.Limits is null ? Reject("tenant-limits", "The limits are missing; TenantLimits.None sets none.")
        : set.Limits == state.Limits ? Accept()
        : Accept(new TenantEvent.LimitsSet(set.Limits));

    private static Decision<TenantEvent> Suspend(TenantCommand.Suspend suspend, TenantRecord state) =>
        !IsReason(suspend.Reason) ? BadReason()
        : state.IsSuspended ? Accept()
        : Accept(new TenantEvent.Suspended(suspend.Reason));

    /// <summary>
    /// Deletion begins with a time of grace. It ends when the erasure is begun, not when the clock says so: then no restoration can race
    /// with an erasure by another node, whatever their clocks say.
    /// </summary>
    private static Decision<TenantEvent> DecideEnd(TenantCommand command, TenantRecord state) => (command, state.Deletion) switch
    {
        (TenantCommand.Delete delete, _) when !IsReason(delete.Reason) => BadReason(),
        (TenantCommand.Delete, null) when state.Move is not null =>
            Reject("tenant-moving", "The tenant is being moved. Confirm, undo or abandon the move first."),
        (TenantCommand.Delete delete, null) => Accept(new TenantEvent.Deleted(delete.Reason, delete.ErasableFrom)),
        (TenantCommand.Delete, _) => Accept(),
        (TenantCommand.Restore, null) => Accept(),
        (TenantCommand.Restore, { IsErasing: true }) => Reject("tenant-erasing", "The time of grace is over; the tenant's data is being erased."),
        (TenantCommand.Restore, _) => Accept(new TenantEvent.Restored()),
        (_, null) => Reject("tenant-not-deleted", "Only a tenant that is deleted can be erased."),
        (TenantCommand.BeginErasure, { IsErasing: true }) => Accept(),
        (TenantCommand.BeginErasure begin, var deletion) => begin.At >= deletion.ErasableFrom
            ? Accept(new TenantEvent.ErasureBegun())
            : Reject("tenant-in-grace", $"The tenant can be restored until {deletion.ErasableFrom:u}; it is erased after that."),
        (_, { IsErasing: true }) => Accept(new TenantEvent.Erased()),
        _ => Reject("tenant-in-grace", "The erasure hasn't begun."),
    };

    private static Decision<TenantEvent> DecideMove(TenantCommand command, TenantRecord state) => (command, state.Move) switch
    {
        (TenantCommand.BeginMove { Target: null }, _) => Reject("placement-missing", "A move needs a target."),
        (TenantCommand.BeginMove begin, null) when begin.Target == state.Placement => Reject("tenant-there", $"The tenant is at {begin.Target} already."),
        (TenantCommand.BeginMove begin, null) => Accept(new TenantEvent.MoveBegun(state.Placement, begin.Target)),
        (TenantCommand.BeginMove begin, { Step: MoveStep.Begun } move) when begin.Target == move.Target => Accept(),
        (TenantCommand.BeginMove, var move) => Reject("tenant-moving", $"The tenant is being moved from {move.Source} to {move.Target}. End that move first."),
        (_, null) => Reject("tenant-not-moving", "The tenant isn't being moved."),
        (TenantCommand.ConfirmMove or TenantCommand.UndoMove or TenantCommand.AbandonMove, var move) => DecideEndOfMove(command, move.Step),
        (TenantCommand.SwitchMove, { Step: MoveStep.Begun or MoveStep.Undoing }) => Accept(new TenantEvent.MoveSwitched()),
        (TenantCommand.SwitchMove, { Step: MoveStep.Switched or MoveStep.SwitchedBack }) => Accept(),
        (TenantCommand.SettleMove { Outcome: { } outcome }, { Step: MoveStep.Switched or MoveStep.SwitchedBack }) => Accept(new TenantEvent.MoveSettled(outcome)),
        (TenantCommand.EndMove, { Step: MoveStep.Confirming }) => Accept(new TenantEvent.MoveConfirmed()),
        (TenantCommand.EndMove, { Step: MoveStep.Undone }) => Accept(new TenantEvent.MoveUndone()),
        (TenantCommand.EndMove, { Step: MoveStep.Abandoning }) => Accept(new TenantEvent.MoveAbandoned()),
        (_, var move) => Reject("move-elsewhere", $"The move is at step {move.Step}, where that can't be."),
    };

    /// <summary>What ends a move is asked for here and done by the runtime, which may take its time; asking again changes nothing.</summary>
    private static Decision<TenantEvent> DecideEndOfMove(TenantCommand command, MoveStep step) => (command, step) switch
    {
        (TenantCommand.ConfirmMove, MoveStep.Settled) => Accept(new TenantEvent.MoveConfirmationBegun()),
        (TenantCommand.UndoMove, MoveStep.Settled) => Accept(new TenantEvent.MoveUndoingBegun()),
        (TenantCommand.AbandonMove, MoveStep.Begun) => Accept(new TenantEvent.MoveAbandonmentBegun()),
        (TenantCommand.ConfirmMove, MoveStep.Confirming) or (TenantCommand.AbandonMove, MoveStep.Abandoning) => Accept(),
        (TenantCommand.UndoMove, MoveStep.Undoing or MoveStep.SwitchedBack or MoveStep.Undone) => Accept(),
        (TenantCommand.AbandonMove, _) => Reject("move-switched", $"The move can't be abandoned any more: it is at step {step}. Undo it once it is settled."),
        (_, MoveStep.Begun or MoveStep.Switched) => Reject("move-not-settled", "The tenant isn't served at its new place yet. Wait for it, or abandon the move while it is copied."),
        _ => Reject("move-ending", $"The move is being ended otherwise: it is at step {step}."),
    };

    /// <summary>Nobody can use the tenant before its data was verified. Of two imports into one id the later takes over.</summary>
    private static Decision<TenantEvent> DecideImport(TenantCommand command, TenantRecord state) => command switch
    {
        TenantCommand.BeginImport begin when !IsName(begin.Name) => BadName(),
        TenantCommand.BeginImport { Placement: null } => Reject("placement-missing", "An import needs a place."),
        TenantCommand.BeginImport begin when state.Status == TenantStatus.None || (state.Status == TenantStatus.Importing && begin.Placement == state.Placement) =>
            Accept(new TenantEvent.ImportBegun(begin.Name, begin.Placement!, begin.Attempt)),
        TenantCommand.BeginImport when state.Status == TenantStatus.Importing =>
            Reject(ImportingCode, $"The tenant is being imported to {state.Placement}. Import it there again, or delete it."),
        TenantCommand.BeginImport => Reject(ExistsCode, "A tenant with this id exists already, or has existed. Choose another id."),
        TenantCommand.EndImport end when state.Status == TenantStatus.Importing && end.Attempt == state.Import =>
            Accept(new TenantEvent.Imported(end.From, end.Position, end.Root)),
        TenantCommand.AbandonImport abandon when state.Status == TenantStatus.Importing && abandon.Attempt == state.Import => Accept(new TenantEvent.ImportAbandoned()),
        _ => Reject(ImportingCode, "Another import into this id has taken over, or the tenant was deleted meanwhile."),
    };

    private static bool IsName(string? name) => !string.IsNullOrWhiteSpace(name) && name.Length <= NameLengthMax;

    private static bool IsReason(string? reason) => !string.IsNullOrWhiteSpace(reason) && reason.Length <= ReasonLengthMax;

    private static Decision<TenantEvent> BadName() => Reject("tenant-name", $"A tenant's name needs 1 to {NameLengthMax} characters.");

    private static Decision<TenantEvent> BadReason() => Reject("tenant-reason", $"A reason needs 1 to {ReasonLengthMax} characters.");
}
