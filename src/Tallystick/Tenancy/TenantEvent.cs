using Tallystick.Events;

namespace Tallystick.Tenancy;

/// <summary>What happened to a tenant.</summary>
public abstract record TenantEvent
{
    private TenantEvent()
    {
    }

    /// <summary>The tenant was made.</summary>
    /// <param name="Name">The name to show.</param>
    /// <param name="Placement">Where its data is kept; null: in the main database.</param>
    [EventType("tallystick.tenant-created")]
    public sealed record Created(string Name, Placement? Placement = null) : TenantEvent;

    /// <summary>The tenant has another name.</summary>
    [EventType("tallystick.tenant-renamed")]
    public sealed record Renamed(string Name) : TenantEvent;

    /// <summary>The tenant's callers are refused from now on.</summary>
    [EventType("tallystick.tenant-suspended")]
    public sealed record Suspended(string Reason) : TenantEvent;

    /// <summary>The tenant's callers are let in again.</summary>
    [EventType("tallystick.tenant-resumed")]
    public sealed record Resumed : TenantEvent;

    /// <summary>The tenant may use this much.</summary>
    [EventType("tallystick.tenant-limits-set")]
    public sealed record LimitsSet(TenantLimits Limits) : TenantEvent;

    /// <summary>The tenant's callers are refused, and its data may be erased from a time on.</summary>
    [EventType("tallystick.tenant-deleted")]
    public sealed record Deleted(string Reason, DateTimeOffset ErasableFrom) : TenantEvent;

    /// <summary>The deletion was taken back.</summary>
    [EventType("tallystick.tenant-restored")]
    public sealed record Restored : TenantEvent;

    /// <summary>The data is being erased; the deletion can't be taken back any more.</summary>
    [EventType("tallystick.tenant-erasure-begun")]
    public sealed record ErasureBegun : TenantEvent;

    /// <summary>Nothing of the tenant is left but its events in the catalog.</summary>
    [EventType("tallystick.tenant-erased")]
    public sealed record Erased : TenantEvent;

    /// <summary>The tenant is being copied.</summary>
    [EventType("tallystick.tenant-move-begun")]
    public sealed record MoveBegun(Placement Source, Placement Target) : TenantEvent;

    /// <summary>The tenant is to be found at the other end of its move: the target, or, if the move is being undone, the source.</summary>
    [EventType("tallystick.tenant-move-switched")]
    public sealed record MoveSwitched : TenantEvent;

    /// <summary>The tenant takes commits there.</summary>
    [EventType("tallystick.tenant-move-settled")]
    public sealed record MoveSettled(MoveOutcome Outcome) : TenantEvent;

    /// <summary>What the source has kept is to be erased.</summary>
    [EventType("tallystick.tenant-move-confirmation-begun")]
    public sealed record MoveConfirmationBegun : TenantEvent;

    /// <summary>The tenant is to go back to the source.</summary>
    [EventType("tallystick.tenant-move-undoing-begun")]
    public sealed record MoveUndoingBegun : TenantEvent;

    /// <summary>The copy at the target is to be erased.</summary>
    [EventType("tallystick.tenant-move-abandonment-begun")]
    public sealed record MoveAbandonmentBegun : TenantEvent;

    /// <summary>The move is over, and the source's copy gone.</summary>
    [EventType("tallystick.tenant-move-confirmed")]
    public sealed record MoveConfirmed : TenantEvent;

    /// <summary>The tenant is served at the source again, and the target's copy gone.</summary>
    [EventType("tallystick.tenant-move-undone")]
    public sealed record MoveUndone : TenantEvent;

    /// <summary>The move was given up before it was switched, and the target's copy is gone.</summary>
    [EventType("tallystick.tenant-move-abandoned")]
    public sealed record MoveAbandoned : TenantEvent;

    /// <summary>Somebody was given all of the tenant's data.</summary>
    [EventType("tallystick.tenant-exported")]
    public sealed record Exported : TenantEvent;

    /// <summary>The tenant's data is being imported; nobody can use it.</summary>
    [EventType("tallystick.tenant-import-begun")]
    public sealed record ImportBegun(string Name, Placement Placement, Guid Attempt) : TenantEvent;

    /// <summary>The tenant's data was imported and verified; it can be used.</summary>
    [EventType("tallystick.tenant-imported")]
    public sealed record Imported(string From, long Position, string Root) : TenantEvent;

    /// <summary>Nothing was imported; there is no such tenant.</summary>
    [EventType("tallystick.tenant-import-abandoned")]
    public sealed record ImportAbandoned : TenantEvent;
}
