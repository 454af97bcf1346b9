using System.Collections.Immutable;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Tenancy;

namespace Tallystick.Storage;

/// <summary>
/// The seam to durable storage: one method that changes something, and reads. Every operation names its tenant, and no read ever gives
/// more than one bounded page, so that a long read never holds anything open.
/// </summary>
/// <remarks>
/// Methods throw <see cref="TallystickException"/> when the store fails, <see cref="LimitExceededException"/> for input over a limit,
/// <see cref="ObjectDisposedException"/> after disposal and <see cref="OperationCanceledException"/> when cancelled. A cancelled commit
/// was not written if it was still waiting for the writer; once writing has begun, the result is awaited.
/// </remarks>
public partial interface IStore : IAsyncDisposable
{
    /// <summary>What the store accepts.</summary>
    StoreLimits Limits { get; }

    /// <summary>
    /// Whether other processes may use the same data at the same time. If so, leases decide which of them runs a projection or subscription;
    /// if not, this one runs them all, and needs none.
    /// </summary>
    bool IsShared { get; }

    /// <summary>Makes all of a commit durable, or nothing of it. When it returns <see cref="CommitResult.Committed"/>, it is durable.</summary>
    ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken);

    /// <summary>The remembered result of the commit with this idempotency key, or null.</summary>
    ValueTask<RememberedCommit?> FindCommitAsync(TenantId tenant, string idempotencyKey, CancellationToken cancellationToken);

    /// <summary>The end of a tenant's log. A tenant that has no events has the empty head.</summary>
    ValueTask<LogHead> ReadHeadAsync(TenantId tenant, CancellationToken cancellationToken);

    /// <summary>The version of a stream's last event; <see cref="StreamVersion.None"/> if there is none.</summary>
    ValueTask<StreamVersion> ReadStreamVersionAsync(TenantId tenant, StreamId stream, CancellationToken cancellationToken);

    /// <summary>
    /// Some events of a stream. Fewer than were asked for don't mean that the stream ends: <see cref="StoreLimits.PageBytesMax"/> may have
    /// cut the page. Only an empty page is the end.
    /// </summary>
    ValueTask<ImmutableArray<RecordedEvent>> ReadStreamAsync(TenantId tenant, StreamRead read, CancellationToken cancellationToken);

    /// <summary>Some events of a tenant's log, in its order.</summary>
    ValueTask<EventPage> ReadLogAsync(TenantId tenant, LogRead read, CancellationToken cancellationToken);

    /// <summary>Documents by their keys. Keys may repeat.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="collection">The collection.</param>
    /// <param name="generation">The generation to read; null reads the active one.</param>
    /// <param name="keys">At most <see cref="StoreLimits.PageLengthMax"/>.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask<DocumentLookup> FindDocumentsAsync(
        TenantId tenant, string collection, int? generation, ImmutableArray<string> keys, CancellationToken cancellationToken);

    /// <summary>Documents by a query.</summary>
    ValueTask<DocumentPage> QueryDocumentsAsync(TenantId tenant, DocumentQuery query, CancellationToken cancellationToken);

    /// <summary>A subscription's saved position; null if it has none.</summary>
    ValueTask<LogPosition?> ReadCheckpointAsync(TenantId tenant, string name, CancellationToken cancellationToken);

    /// <summary>Some of a tenant's leases, those also that are free, in the order of their names' bytes in UTF-8.</summary>
    ValueTask<ImmutableArray<LeaseState>> ReadLeasesAsync(TenantId tenant, LeaseRead read, CancellationToken cancellationToken);

    /// <summary>Completes, by a signal, as soon as the tenant's log has reached a position. Pass a deadline by the token.</summary>
    ValueTask WaitForPositionAsync(TenantId tenant, LogPosition position, CancellationToken cancellationToken);

    /// <summary>Completes, by a signal, as soon as a checkpoint has reached a position. Pass a deadline by the token.</summary>
    ValueTask WaitForCheckpointAsync(TenantId tenant, string name, LogPosition position, CancellationToken cancellationToken);
}

/// <summary>The direction in which a stream is read.</summary>
public enum ReadDirection
{
    /// <summary>From old to new.</summary>
    Forwards,

    /// <summary>From new to old.</summary>
    Backwards,
}

/// <summary>Which events of a stream to read.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="From">
/// The first version to give. Forwards, 0 and 1 both begin at the first event; backwards, a version beyond the last begins at the last.
/// </param>
/// <param name="Count">The most events to give; at least 1, at most <see cref="StoreLimits.PageLengthMax"/>.</param>
/// <param name="Direction">Forwards (the default) or backwards.</param>
public readonly record struct StreamRead(StreamId Stream, StreamVersion From, int Count, ReadDirection Direction = ReadDirection.Forwards);

/// <summary>Which events of a log to read.</summary>
/// <param name="After">Events after this position; <see cref="LogPosition.Start"/> begins at the first.</param>
/// <param name="Query">What to give; null gives everything.</param>
/// <param name="Count">The most events to give; at least 1, at most <see cref="StoreLimits.PageLengthMax"/>.</param>
public readonly record struct LogRead(LogPosition After, int Count, EventQuery? Query = null);

/// <summary>Some events of a log.</summary>
/// <param name="Events">In the order of the log.</param>
/// <param name="Through">
/// Up to here everything was examined: the next page begins after it. It is beyond the last event given when none of those that
/// follow match. Equal to the asked-for start if there was nothing more.
/// </param>
public sealed record EventPage(ImmutableArray<RecordedEvent> Events, LogPosition Through);

/// <summary>The end of a tenant's log.</summary>
/// <param name="Position">The last event's position.</param>
/// <param name="Tree">The Merkle tree's frontier over all events: its <c>Root()</c> stands for the whole log.</param>
/// <param name="Time">The last event's time; the least value if there is none.</param>
public sealed record LogHead(LogPosition Position, MerkleFrontier Tree, DateTimeOffset Time);

/// <summary>What a store remembers of a commit with an idempotency key.</summary>
/// <param name="Key">The key and the fingerprint that it was first used with.</param>
/// <param name="Result">The first result, marked as a replay.</param>
public sealed record RememberedCommit(IdempotencyKey Key, CommitResult.Committed Result);
