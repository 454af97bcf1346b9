using System.Collections.Immutable;
using Tallystick.Events;

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

    /// <summary>Its deletion; null: it isn't deleted.</summary>
    public TenantDeletion? Deletion { get; init; }

    /// <summary>Whether its data is gone.</summary>
    public bool IsErased { get; init; }

    /// <summary>Where it is in its life.</summary>
    public TenantStatus Status =>
        !Exists ? TenantStatus.None
        : IsErased ? TenantStatus.Erased
        : Deletion is not null ? TenantStatus.Deleted
        : Move is not null ? TenantStatus.Moving
        : IsSuspended ? TenantStatus.Suspended
        : TenantStatus.Active;
}

/// <summary>How far a move is.</summary>
public enum MoveStep
{
    /// <summary>The tenant is served at the source, and copied.</summary>
    Begun,

    /// <summary>The tenant is served at the target; the source's copy is kept.</summary>
    Switched,
}

/// <summary>A tenant's way from one database to another.</summary>
/// <param name="Source">From where.</param>
/// <param name="Target">To where.</param>
/// <param name="Step">How far it is.</param>
public sealed record MoveInProgress(Placement Source, Placement Target, MoveStep Step);

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
}

/// <summary>A page of the catalog, in the order in which the tenants were made.</summary>
/// <param name="Items">The tenants.</param>
/// <param name="Through">Where the next page begins.</param>
public sealed record TenantPage(ImmutableArray<TenantDescription> Items, LogPosition Through);
