using Tallystick.Audit;
using Tallystick.Events;

namespace Tallystick.Tenancy.Moving;

/// <summary>The bounds of a move.</summary>
public sealed record TenantMoveOptions
{
    /// <summary>How long writers wait at most, before the fence is lifted again and the move fails as transient. Default 10 s.</summary>
    public TimeSpan FenceTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The most events and entries of the journal that may be left to be copied behind the fence. Default 500.</summary>
    public int LagMax { get; init; } = 500;

    /// <summary>How often it is tried to come that near before the fence stops the writers. Default 20.</summary>
    public int RoundsMax { get; init; } = 20;

    /// <summary>The most documents and remembered results that may be left to be compared behind the fence. Default 5,000.</summary>
    public int SuspectsMax { get; init; } = 5_000;

    /// <summary>How often everything is compared to have no more of them. Default 5.</summary>
    public int ComparisonsMax { get; init; } = 5;

    /// <summary>The clock of the timeout, and that the result is measured by. Default: the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>Where a move is.</summary>
public enum TenantMoveStep
{
    /// <summary>Events, then documents, checkpoints and remembered results are copied.</summary>
    Copying,

    /// <summary>What was written meanwhile is copied.</summary>
    Following,

    /// <summary>Both ends are compared.</summary>
    Verifying,

    /// <summary>Writers wait; the rest is copied and compared.</summary>
    Fenced,

    /// <summary>The placement is switched.</summary>
    Switching,

    /// <summary>The tenant is at the target.</summary>
    Moved,
}

/// <summary>How far a move is.</summary>
/// <param name="Step">The step.</param>
/// <param name="Events">The position up to which events are copied.</param>
/// <param name="OfEvents">The last position of the source when it was last looked at.</param>
public sealed record TenantMoveProgress(TenantMoveStep Step, long Events, long OfEvents);

/// <summary>What a move has done.</summary>
/// <param name="Position">The last position that was moved.</param>
/// <param name="Root">The root of the log's tree there, the same at both ends.</param>
/// <param name="Events">How many events were copied, by this mover.</param>
/// <param name="Documents">How many documents were written or removed, by this mover.</param>
/// <param name="FencedFor">How long writers had to wait.</param>
public sealed record TenantMoveResult(LogPosition Position, Hash256 Root, long Events, long Documents, TimeSpan FencedFor)
{
    /// <summary>What a mover gives that finds the tenant moved.</summary>
    internal static TenantMoveResult Before(LogPosition position) => new(position, default, 0, 0, TimeSpan.Zero);
}
