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

    /// <summary>Begins to move the tenant. Until <see cref="SwitchMove"/> it is served where it was.</summary>
    /// <param name="Target">Where to.</param>
    public sealed record BeginMove(Placement Target) : TenantCommand;

    /// <summary>From now on the tenant is served at the target; what the source has is kept until the move is confirmed.</summary>
    public sealed record SwitchMove : TenantCommand;

    /// <summary>Ends a move that was switched. The source's copy isn't needed any more.</summary>
    public sealed record ConfirmMove : TenantCommand;

    /// <summary>Ends a move that was switched by going back to the source, which must have all that was added since.</summary>
    public sealed record UndoMove : TenantCommand;

    /// <summary>Ends a move that wasn't switched yet; the tenant stays where it is.</summary>
    public sealed record AbandonMove : TenantCommand;
}
