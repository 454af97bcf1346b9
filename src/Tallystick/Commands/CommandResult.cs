using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Commands;

/// <summary>What became of a command. A closed set; a failing store throws instead.</summary>
public abstract record CommandResult
{
    private CommandResult()
    {
    }

    /// <summary>The command took effect, durably.</summary>
    /// <param name="Stream">The stream; of a replay, the one that the first execution changed.</param>
    /// <param name="Version">The stream's version afterwards.</param>
    /// <param name="Position">
    /// A token: who waits until a reader has reached this position sees the command's effect. It is the position of the last event. If
    /// there was nothing to do, it is the head of the log when the commit found the stream unchanged, so it always exists.
    /// </param>
    /// <param name="IsReplay">Whether this is the remembered result of an earlier execution with the same idempotency key.</param>
    public sealed record Accepted(StreamId Stream, StreamVersion Version, LogPosition Position, bool IsReplay) : CommandResult;

    /// <summary>A business rule refused it, in the stream's current state. Nothing was stored.</summary>
    public sealed record Rejected(Rejection Rejection) : CommandResult;

    /// <summary>The command itself is malformed. Nothing was stored.</summary>
    /// <param name="Failures">All that is wrong with it.</param>
    public sealed record Invalid(ImmutableArray<ValidationFailure> Failures) : CommandResult
    {
        /// <inheritdoc/>
        public bool Equals(Invalid? other) => other is not null && Failures.SequenceEqual(other.Failures);

        /// <inheritdoc/>
        public override int GetHashCode() => Failures.Aggregate(0, HashCode.Combine);
    }

    /// <summary>
    /// Someone else changed what the command depends on: the caller's <see cref="CommandRequest.ExpectedVersion"/> isn't the stream's,
    /// or every attempt met another change. Nothing was stored.
    /// </summary>
    /// <param name="Stream">The stream whose version was demanded.</param>
    /// <param name="Expected">The version that was demanded.</param>
    /// <param name="Actual">The version that it has.</param>
    public sealed record Conflict(StreamId Stream, ExpectedVersion Expected, StreamVersion Actual) : CommandResult
    {
        /// <summary>
        /// What the commit was refused for. Not a <see cref="Refusal.WrongVersion"/> when a condition that a step added wasn't met;
        /// the stream then had the version that was demanded.
        /// </summary>
        public Refusal Reason { get; init; } = new Refusal.WrongVersion(Stream, Expected, Actual);
    }

    /// <summary>A policy doesn't allow it. Nothing was stored.</summary>
    /// <param name="Policy">The policy's name.</param>
    public sealed record Forbidden(string Policy) : CommandResult;

    /// <summary>The idempotency key was used before for a different command. Nothing was stored.</summary>
    public sealed record KeyReused(string Key) : CommandResult;

    /// <summary>The tenant gives more commands than its limit allows. Nothing was done.</summary>
    /// <param name="CommandsPerSecond">The limit (<see cref="Tenancy.TenantLimits.CommandsPerSecond"/>).</param>
    /// <param name="RetryAfter">When the next one will be allowed.</param>
    public sealed record TooMany(double CommandsPerSecond, TimeSpan RetryAfter) : CommandResult;

    /// <summary>The tenant has stored as much as it may. Nothing was stored.</summary>
    /// <param name="StoredBytes">What it has stored.</param>
    /// <param name="Maximum">The limit (<see cref="Tenancy.TenantLimits.StoredBytes"/>).</param>
    public sealed record StorageFull(long StoredBytes, long Maximum) : CommandResult;

    /// <summary>The kind of result in one word, for telemetry.</summary>
    internal string Outcome => this switch
    {
        Accepted { IsReplay: true } => "replayed",
        Accepted => "accepted",
        Rejected => "rejected",
        Invalid => "invalid",
        Conflict => "conflict",
        Forbidden => "forbidden",
        KeyReused => "key-reused",
        TooMany => "too-many",
        StorageFull => "storage-full",
        _ => throw new InvalidOperationException("CommandResult is a closed set."),
    };

    /// <summary>The remembered result of a commit, as the result of a command.</summary>
    internal static Accepted Replay(CommandRequest request, CommitResult.Committed first)
    {
        // A key that was first used by a commit without streams (not by a command) still names a change that took effect.
        var head = first.Streams.IsDefaultOrEmpty ? new StreamHead(request.Stream, StreamVersion.None) : first.Streams[0];
        return new Accepted(head.Stream, head.Version, first.Position, IsReplay: true);
    }
}
