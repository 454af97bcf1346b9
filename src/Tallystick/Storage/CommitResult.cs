using System.Collections.Immutable;
using Tallystick.Events;

namespace Tallystick.Storage;

/// <summary>What became of a commit: <see cref="Committed"/> or <see cref="Refused"/>.</summary>
public abstract record CommitResult
{
    private CommitResult()
    {
    }

    /// <summary>All of it is durable.</summary>
    /// <param name="FirstPosition">The position of the first event; without events, the same as <paramref name="Position"/>.</param>
    /// <param name="Position">The position of the last event; without events, the head of the log. A token for readers to wait for.</param>
    /// <param name="Streams">The versions that the commit's streams reached, in the order of its appends.</param>
    /// <param name="IsReplay">Whether this is the remembered result of an earlier commit with the same idempotency key.</param>
    public sealed record Committed(
        LogPosition FirstPosition, LogPosition Position, ImmutableArray<StreamHead> Streams, bool IsReplay = false) : CommitResult
    {
        /// <summary>The leases that the commit acquired, in the order in which it names them.</summary>
        public ImmutableArray<Lease> Leases { get; init; } = [];

        /// <summary>
        /// Whether rows that the commit was to remove are left, since one commit removes at most
        /// <see cref="StoreLimits.ErasedRowsPerCommitMax"/>: make it again until nothing is.
        /// </summary>
        public bool HasMore { get; init; }
    }

    /// <summary>Nothing of it was stored.</summary>
    /// <param name="Reason">The first condition that didn't hold, and what is instead.</param>
    public sealed record Refused(Refusal Reason) : CommitResult;

    /// <summary>The result of a commit that must have succeeded.</summary>
    /// <exception cref="WrongExpectedVersionException">A stream had another version than was demanded.</exception>
    /// <exception cref="TallystickException">Another condition didn't hold.</exception>
    public Committed Demand() => this switch
    {
        Committed committed => committed,
        Refused { Reason: Refusal.WrongVersion wrong } => throw new WrongExpectedVersionException(wrong),
        // A fence stands for a moment, until the tenant is where it is to be.
        Refused refused => throw new TallystickException($"The commit was refused: {refused.Reason}", isTransient: refused.Reason is Refusal.Fenced),
        _ => throw new InvalidOperationException("CommitResult is a closed set."),
    };
}

/// <summary>A stream and the version of its last event.</summary>
public readonly record struct StreamHead(StreamId Stream, StreamVersion Version);

/// <summary>Why a commit was refused.</summary>
public abstract partial record Refusal
{
    private Refusal()
    {
    }

    /// <summary>A stream has another version than was demanded.</summary>
    public sealed record WrongVersion(StreamId Stream, ExpectedVersion Expected, StreamVersion Actual) : Refusal
    {
        /// <inheritdoc/>
        public override string ToString() =>
            $"stream {Stream} is at version {Actual}, but {Expected} was expected. Read it again and decide anew.";
    }

    /// <summary>An event matches a query that had to have no match.</summary>
    /// <param name="Query">The query.</param>
    /// <param name="After">The position up to which the caller knew the log.</param>
    /// <param name="Match">The position of an event that matches.</param>
    public sealed record QueryMatched(EventQuery Query, LogPosition After, LogPosition Match) : Refusal
    {
        /// <inheritdoc/>
        public override string ToString() =>
            $"the event at position {Match} matches '{Query}', which must have no match after position {After}. Read again and decide anew.";
    }

    /// <summary>A checkpoint isn't where the caller believed it to be: someone else has moved it.</summary>
    public sealed record CheckpointMoved(string Name, LogPosition Expected, LogPosition Actual) : Refusal
    {
        /// <inheritdoc/>
        public override string ToString() =>
            $"checkpoint '{Name}' is at {Actual}, but {Expected} was expected: another owner has moved it.";
    }

    /// <summary>A lease that the commit wants to acquire is held by someone else.</summary>
    /// <param name="Name">The lease.</param>
    /// <param name="Owner">Who holds it.</param>
    /// <param name="Epoch">The epoch in which it is held.</param>
    /// <param name="Remaining">How long nobody else can take it, unless its owner renews it, by the store's clock.</param>
    public sealed record LeaseHeld(string Name, string Owner, long Epoch, TimeSpan Remaining) : Refusal
    {
        /// <inheritdoc/>
        public override string ToString() =>
            $"lease '{Name}' is held by '{Owner}' in epoch {Epoch}, for another {Remaining.TotalSeconds:0.###} s unless it is renewed. Try again then.";
    }

    /// <summary>A lease that the commit depends on, renews or releases isn't held as its owner believes: someone else has taken it, or it was released.</summary>
    /// <param name="Lease">The lease as the caller knows it.</param>
    /// <param name="Owner">Who holds it, or null.</param>
    /// <param name="Epoch">The epoch that it is in; 0 if nobody ever held it.</param>
    public sealed record LeaseLost(Lease Lease, string? Owner, long Epoch) : Refusal
    {
        /// <inheritdoc/>
        public override string ToString() =>
            $"lease '{Lease.Name}' of {Lease.Tenant} isn't held by '{Lease.Owner}' in epoch {Lease.Epoch} any more; "
            + $"{(Owner is null ? "nobody holds it" : $"'{Owner}' holds it")} in epoch {Epoch}. Stop what depends on it.";
    }

    /// <summary>The idempotency key was used before, for a different change.</summary>
    public sealed record KeyReused(string Key) : Refusal
    {
        /// <inheritdoc/>
        public override string ToString() => $"idempotency key '{Key}' was used before for a different change. Use a new key.";
    }
}

/// <summary>A stream had another version than was demanded, because someone else appended in between.</summary>
/// <param name="conflict">The stream, the demand, and what is.</param>
public sealed class WrongExpectedVersionException(Refusal.WrongVersion conflict)
    : TallystickException($"The commit was refused: {conflict}")
{
    /// <summary>The stream, the demand, and what is.</summary>
    public Refusal.WrongVersion Conflict { get; } = conflict;
}
