using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Tenancy.Moving;

namespace Tallystick.Tenancy;

/// <summary>Where a tenant is in its life.</summary>
public enum TenantStatus
{
    /// <summary>It doesn't exist.</summary>
    None,

    /// <summary>It can be used.</summary>
    Active,

    /// <summary>Its callers are refused.</summary>
    Suspended,

    /// <summary>It is being moved to another database. Unless it is suspended too, it can be used.</summary>
    Moving,

    /// <summary>Its callers are refused, and its data is erased after a time of grace, in which it can be restored.</summary>
    Deleted,

    /// <summary>Its data is gone. Its id isn't used again.</summary>
    Erased,

    /// <summary>Its data is being imported. Its callers are refused.</summary>
    Importing,
}

/// <summary>A tenant as the catalog knows it.</summary>
public sealed record TenantRecord
{
    /// <summary>No tenant.</summary>
    public static TenantRecord None { get; } = new();

    /// <summary>Whether there is, or was, such a tenant.</summary>
    public bool Exists { get; init; }

    /// <summary>The name to show.</summary>
    public string Name { get; init; } = "";

    /// <summary>Where its data is kept.</summary>
    public Placement Placement { get; init; } = Placement.Main;

    /// <summary>What it may use; what is null follows the application's default.</summary>
    public TenantLimits Limits { get; init; } = TenantLimits.None;

    /// <summary>Whether its callers are refused.</summary>
    public bool IsSuspended { get; init; }

    /// <summary>The move that is going on; null: none.</summary>
    public MoveInProgress? Move { get; init; }

    /// <summary>The import that is going on; null: none.</summary>
    public Guid? Import { get; init; }

    /// <summary>Its deletion; null: it isn't deleted.</summary>
    public TenantDeletion? Deletion { get; init; }

    /// <summary>Whether its data is gone.</summary>
    public bool IsErased { get; init; }

    /// <summary>Where it is in its life.</summary>
    public TenantStatus Status =>
        !Exists ? TenantStatus.None
        : IsErased ? TenantStatus.Erased
        : Deletion is not null ? TenantStatus.Deleted
        : Import is not null ? TenantStatus.Importing
        : Move is not null ? TenantStatus.Moving
        : IsSuspended ? TenantStatus.Suspended
        : TenantStatus.Active;
}

/// <summary>How far a move is.</summary>
public enum MoveStep
{
    /// <summary>The tenant is served at the source, and copied.</summary>
    Begun,

    /// <summary>The tenant is to be found at the target, which takes commits in a moment.</summary>
    Switched,

    /// <summary>The tenant is served at the target; the source's copy is kept until the move is confirmed or undone.</summary>
    Settled,

    /// <summary>The source's copy is being erased.</summary>
    Confirming,

    /// <summary>The tenant is served at the target, and what is new there is copied to the source.</summary>
    Undoing,

    /// <summary>The tenant is to be found at the source again, which takes commits in a moment.</summary>
    SwitchedBack,

    /// <summary>The tenant is served at the source again; the target's copy is being erased.</summary>
    Undone,

    /// <summary>The tenant is served at the source; the target's copy is being erased.</summary>
    Abandoning,
}

/// <summary>A tenant's way from one database to another.</summary>
/// <param name="Source">From where.</param>
/// <param name="Target">To where.</param>
/// <param name="Step">How far it is.</param>
/// <param name="Outcome">What was moved; null until the tenant takes commits at the other end.</param>
public sealed record MoveInProgress(Placement Source, Placement Target, MoveStep Step, MoveOutcome? Outcome = null);

/// <summary>What a move, or its undoing, has come to.</summary>
/// <param name="At">When the tenant began to take commits there.</param>
/// <param name="Position">The last position of its log that was moved.</param>
/// <param name="Waited">How long writers had to wait; zero if the node that had stopped them died, and another went on.</param>
public sealed record MoveOutcome(DateTimeOffset At, long Position, TimeSpan Waited);

/// <summary>A tenant's deletion.</summary>
/// <param name="Reason">Why.</param>
/// <param name="ErasableFrom">When the time of grace ends.</param>
/// <param name="IsErasing">Whether the erasure has begun, after which the deletion can't be taken back.</param>
public sealed record TenantDeletion(string Reason, DateTimeOffset ErasableFrom, bool IsErasing = false);

/// <summary>All that the catalog knows of a tenant.</summary>
/// <param name="Id">The tenant.</param>
/// <param name="Record">What it is now.</param>
/// <param name="CreatedBy">Who made it; null if nobody was known.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Position">The catalog's position at which it was made.</param>
public sealed record TenantDescription(TenantId Id, TenantRecord Record, string? CreatedBy, DateTimeOffset CreatedAt, LogPosition Position)
{
    /// <summary>Where it is in its life.</summary>
    public TenantStatus Status => Record.Status;

    /// <summary>What this node is doing for the tenant's move; null if there is no move, or another node works at it.</summary>
    public MoveWork? Work { get; init; }
}

/// <summary>A page of the catalog, in the order in which the tenants were made.</summary>
/// <param name="Items">The tenants.</param>
/// <param name="Through">Where the next page begins.</param>
public sealed record TenantPage(ImmutableArray<TenantDescription> Items, LogPosition Through);

/// <summary>What a node does, or has tried to do, for a tenant's move.</summary>
/// <param name="Progress">How far the copying is; null if nothing was copied here.</param>
/// <param name="Failure">Why it failed the last time; null if it didn't.</param>
/// <param name="Failures">How often in a row it has failed.</param>
/// <param name="RetryAt">When it is tried again; null while it is being worked at.</param>
public sealed record MoveWork(TenantMoveProgress? Progress, string? Failure = null, int Failures = 0, DateTimeOffset? RetryAt = null);
