using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Subscriptions;

/// <summary>What a projection or subscription is doing.</summary>
public enum SubscriptionState
{
    /// <summary>It reads where it was.</summary>
    Starting,

    /// <summary>It deals with events that were stored before it started.</summary>
    CatchingUp,

    /// <summary>It keeps up with the log.</summary>
    Live,

    /// <summary>A projection builds its documents anew; <see cref="SubscriptionStatus.Rebuild"/> tells how far it is.</summary>
    Rebuilding,

    /// <summary>A handler or the store failed; it is tried again. <see cref="SubscriptionStatus.Failure"/> or <see cref="SubscriptionStatus.StoreError"/> tells why.</summary>
    Retrying,

    /// <summary>It gave up at an event and waits to be resumed or told to skip it; <see cref="SubscriptionStatus.Failure"/> tells why.</summary>
    Stopped,

    /// <summary>Another process has put another version of the projection in its place. Resuming takes it back.</summary>
    Superseded,

    /// <summary>Its loop has ended, with its host.</summary>
    Ended,

    /// <summary>It doesn't run in this process but in another, or in none yet; <see cref="SubscriptionStatus.Node"/> tells where.</summary>
    Elsewhere,
}

/// <summary>What a projection or subscription of a tenant is doing, in this process.</summary>
/// <param name="Tenant">Whose log it reads.</param>
/// <param name="Name">Its name.</param>
/// <param name="State">What it is doing.</param>
/// <param name="Position">Up to here it has dealt with the log; readers see what it had dealt with when it last committed.</param>
public sealed record SubscriptionStatus(TenantId Tenant, string Name, SubscriptionState State, LogPosition Position)
{
    /// <summary>The lease under which it runs in this process; null if it doesn't, or if the store is this process's own.</summary>
    public Lease? Lease { get; init; }

    /// <summary>The process that runs it instead of this one (<see cref="Nodes.NodeOptions.NodeId"/>); null if this one does, or none.</summary>
    public string? Node { get; init; }

    /// <summary>The event at which it stopped or that is tried again; null if none is.</summary>
    public SubscriptionFailure? Failure { get; init; }

    /// <summary>What the store last said, while it is tried again without end.</summary>
    public string? StoreError { get; init; }

    /// <summary>How far a rebuild is; null if there is none.</summary>
    public RebuildProgress? Rebuild { get; init; }

    /// <summary>The event at which the last rebuild beside the live documents was given up; these go on. Null if there was none.</summary>
    public SubscriptionFailure? RebuildFailure { get; init; }

    /// <summary>Why nothing can be asked of it here; null if it can.</summary>
    internal InvalidOperationException? NotHere() => Node is null ? null : new InvalidOperationException(
        $"'{Name}' of {Tenant} isn't run by this node but by '{Node}'. Ask that one.");
}

/// <summary>An event that couldn't be handled.</summary>
/// <param name="Position">Where it is in the tenant's log.</param>
/// <param name="EventType">Its stable type name.</param>
/// <param name="EventId">Its id.</param>
/// <param name="Error">What happened.</param>
/// <param name="Attempts">How often it has been tried.</param>
/// <param name="Time">When it was last tried.</param>
public sealed record SubscriptionFailure(
    LogPosition Position, string EventType, Guid EventId, string Error, int Attempts, DateTimeOffset Time);

/// <summary>How far a rebuild is.</summary>
/// <param name="Version">The projection's version that is built.</param>
/// <param name="Position">Up to here the log is folded.</param>
/// <param name="Target">The head of the log when it began; it is swapped in when it has got there and isn't behind the live one.</param>
/// <param name="EventsFolded">How many events have been folded in this process.</param>
/// <param name="EventsPerSecond">How many of them per second; 0 at the very beginning.</param>
public sealed record RebuildProgress(int Version, LogPosition Position, LogPosition Target, long EventsFolded, double EventsPerSecond);
