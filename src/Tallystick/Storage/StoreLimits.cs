namespace Tallystick.Storage;

/// <summary>
/// What a store accepts. A commit over a limit is refused by <see cref="LimitExceededException"/> before anything is written.
/// </summary>
public sealed record StoreLimits
{
    /// <summary>The limits that hold when none are given.</summary>
    public static StoreLimits Default { get; } = new();

    /// <summary>The most bytes of one event's payload. Default 1 MiB.</summary>
    public int EventBytesMax { get; init; } = 1024 * 1024;

    /// <summary>The most events of one commit. Default 1,024.</summary>
    public int EventsPerCommitMax { get; init; } = 1024;

    /// <summary>The most streams that one commit may touch. Default 256.</summary>
    public int StreamsPerCommitMax { get; init; } = 256;

    /// <summary>The most payload and document bytes of one commit together. Default 64 MiB.</summary>
    public int CommitBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>The most characters of a stream's name, category and key with the hyphen. Default 256.</summary>
    public int StreamNameLengthMax { get; init; } = 256;

    /// <summary>The most characters of an event type's name. Default 128.</summary>
    public int EventTypeLengthMax { get; init; } = 128;

    /// <summary>The most characters of a commit's metadata (correlation, trace and user together). Default 1,024.</summary>
    public int MetadataLengthMax { get; init; } = 1024;

    /// <summary>The most tags of an event. Default 32.</summary>
    public int TagsPerEventMax { get; init; } = 32;

    /// <summary>The most characters of a tag. Default 256.</summary>
    public int TagLengthMax { get; init; } = 256;

    /// <summary>The most query conditions of a commit. Default 32.</summary>
    public int ConditionsPerCommitMax { get; init; } = 32;

    /// <summary>The most types and tags that the query of a condition may name, all alternatives together. Default 128.</summary>
    public int QueryTermsMax { get; init; } = 128;

    /// <summary>The most checkpoints of a commit. Default 32.</summary>
    public int CheckpointsPerCommitMax { get; init; } = 32;

    /// <summary>The most leases that one commit may change or depend on. Default 1,024.</summary>
    public int LeasesPerCommitMax { get; init; } = 1024;

    /// <summary>The most characters of an idempotency key, and of its fingerprint. Default 512.</summary>
    public int IdempotencyKeyLengthMax { get; init; } = 512;

    /// <summary>The most bytes of a document. Default 4 MiB.</summary>
    public int DocumentBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>The most document changes of one commit. Default 10,000.</summary>
    public int DocumentChangesPerCommitMax { get; init; } = 10_000;

    /// <summary>The most characters of a document's key. Default 512.</summary>
    public int DocumentKeyLengthMax { get; init; } = 512;

    /// <summary>The most characters of a collection's, an index's, a checkpoint's or a lease's name, and of a lease's owner. Default 128.</summary>
    public int NameLengthMax { get; init; } = 128;

    /// <summary>The most indexes that a document may be in. Default 32.</summary>
    public int IndexEntriesPerDocumentMax { get; init; } = 32;

    /// <summary>The most bytes of a value in an index. Default 1,024.</summary>
    public int IndexValueBytesMax { get; init; } = 1024;

    /// <summary>The most events, documents or leases that one read gives. Default 10,000.</summary>
    public int PageLengthMax { get; init; } = 10_000;

    /// <summary>The most payload bytes that one read of events gives (always at least one event). Default 16 MiB.</summary>
    public int PageBytesMax { get; init; } = 16 * 1024 * 1024;

    /// <summary>The most remembered results that one commit may bring along (<see cref="Commit.Remember"/>). Default 10,000.</summary>
    public int RememberedPerCommitMax { get; init; } = 10_000;

    /// <summary>The most rows that one commit removes when a tenant is erased, or its journal is switched off. Default 5,000.</summary>
    public int ErasedRowsPerCommitMax { get; init; } = 5_000;

    /// <summary>
    /// The most commits of a tenant that wait for the writer; further ones wait asynchronously for a place. Tenants share it: while it is full,
    /// only those get in that have less than their share of it (see <see cref="TenantQueue{T}"/>). Default 4,096.
    /// </summary>
    public int CommitQueueLength { get; init; } = 4096;

    /// <summary>Checks how much one read asks for.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    /// <exception cref="LimitExceededException">More than <see cref="PageLengthMax"/>.</exception>
    public void CheckPage(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (count > PageLengthMax)
            throw new LimitExceededException(nameof(PageLengthMax), count, PageLengthMax, "The page asked for");
    }
}

/// <summary>Bad input: a limit was exceeded. Nothing was written.</summary>
/// <param name="limit">The limit's name, as in <see cref="StoreLimits"/>.</param>
/// <param name="value">What was given.</param>
/// <param name="maximum">What is allowed.</param>
/// <param name="subject">What exceeded it, such as <c>the payload of event order.placed</c>.</param>
public sealed class LimitExceededException(string limit, long value, long maximum, string subject)
    : ArgumentException($"{subject} has {value}, over the limit {limit} of {maximum}. Nothing was done. Make it smaller, or raise {limit}.")
{
    /// <summary>The limit's name, as in <see cref="StoreLimits"/>.</summary>
    public string Limit { get; } = limit;

    /// <summary>What was given.</summary>
    public long Value { get; } = value;

    /// <summary>What is allowed.</summary>
    public long Maximum { get; } = maximum;
}
