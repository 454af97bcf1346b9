namespace Tallystick.Tenancy;

/// <summary>What can be asked of the catalog of tenants.</summary>
public abstract record TenantCommand
{
    private TenantCommand()
    {
    }

    /// <summary>Makes a tenant, which can be used at once.</summary>
    /// <param name="Name">The name to show.</param>
    /// <param name="Placement">Where its data is kept; null: where the application's rule says (<c>PlaceTenants</c>).</param>
    public sealed record Create(string Name, Placement? Placement = null) : TenantCommand;

    /// <summary>Gives the tenant another name to show. Its id stays.</summary>
    /// <param name="Name">The name to show.</param>
    public sealed record Rename(string Name) : TenantCommand;

    /// <summary>Refuses the tenant's callers until it is resumed. Its data stays.</summary>
    /// <param name="Reason">Why, for the record.</param>
    public sealed record Suspend(string Reason) : TenantCommand;

    /// <summary>Lets the tenant's callers in again.</summary>
    public sealed record Resume : TenantCommand;

    /// <summary>Sets what the tenant may use.</summary>
    /// <param name="Limits">All of its limits; what is null follows the application's default.</param>
    public sealed record SetLimits(TenantLimits Limits) : TenantCommand;

    /// <summary>Refuses the tenant's callers, and erases its data after a time of grace. See <see cref="Tenants.DeleteAsync"/>.</summary>
    /// <param name="Reason">Why, for the record.</param>
    /// <param name="ErasableFrom">When the time of grace ends.</param>
    public sealed record Delete(string Reason, DateTimeOffset ErasableFrom) : TenantCommand;

    /// <summary>Takes a deletion back, as long as the erasure hasn't begun.</summary>
    public sealed record Restore : TenantCommand;

    /// <summary>The time of grace is over: from now on the deletion can't be taken back. The runtime gives it.</summary>
    /// <param name="At">The time now.</param>
    public sealed record BeginErasure(DateTimeOffset At) : TenantCommand;

    /// <summary>Every row and file of the tenant is gone. The runtime gives it.</summary>
    public sealed record RecordErasure : TenantCommand;

    /// <summary>
    /// Begins to move the tenant while it is in use; some node's runtime does it. The tenant is served where it was until the move is switched.
    /// </summary>
    /// <param name="Target">Where to.</param>
    public sealed record BeginMove(Placement Target) : TenantCommand;

    /// <summary>Ends a move that is done: what the source has kept is erased, and the move can't be undone any more.</summary>
    public sealed record ConfirmMove : TenantCommand;

    /// <summary>Takes a move back that is done, while the tenant is in use: it goes back to the source, with all that was added since.</summary>
    public sealed record UndoMove : TenantCommand;

    /// <summary>Gives a move up that wasn't switched yet; the tenant stays where it is, and the copy is erased.</summary>
    public sealed record AbandonMove : TenantCommand;

    /// <summary>From now on the tenant is to be found at the other end of its move, which takes no commits yet. The runtime gives it.</summary>
    public sealed record SwitchMove : TenantCommand;

    /// <summary>The other end takes commits. The runtime gives it.</summary>
    /// <param name="Outcome">What was moved.</param>
    public sealed record SettleMove(MoveOutcome Outcome) : TenantCommand;

    /// <summary>The copy that isn't needed any more is gone, and with it the move is over. The runtime gives it.</summary>
    public sealed record EndMove : TenantCommand;

    /// <summary>Lets all of the tenant's data be exported, for the record. <see cref="Tenants.ExportAsync"/> gives it.</summary>
    public sealed record Export : TenantCommand;

    /// <summary>Makes a tenant that nobody can use until its data is imported. <see cref="Tenants.ImportAsync"/> gives it.</summary>
    /// <param name="Name">The name to show.</param>
    /// <param name="Placement">Where its data is kept; null: where the application's rule says.</param>
    /// <param name="Attempt">Tells this import from others into the same id, of which the last counts.</param>
    public sealed record BeginImport(string Name, Placement? Placement, Guid Attempt) : TenantCommand;

    /// <summary>The tenant's data is imported and verified: it can be used. <see cref="Tenants.ImportAsync"/> gives it.</summary>
    /// <param name="Attempt">Which import.</param>
    /// <param name="From">The id under which the tenant was exported.</param>
    /// <param name="Position">The last position of its log.</param>
    /// <param name="Root">The root of its log's tree.</param>
    public sealed record EndImport(Guid Attempt, string From, long Position, string Root) : TenantCommand;

    /// <summary>Nothing was imported. <see cref="Tenants.ImportAsync"/> gives it.</summary>
    /// <param name="Attempt">Which import.</param>
    public sealed record AbandonImport(Guid Attempt) : TenantCommand;

    /// <summary>Whether only the library itself may give it, since it says what has been done.</summary>
    internal bool IsReport => this is SwitchMove or SettleMove or EndMove or BeginImport or EndImport or AbandonImport;
}
