using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Tenancy;

namespace Tallystick.Storage;

// What the life of a tenant needs of a store: to list all that it has of one tenant, in bounded pages.
public partial interface IStore
{
    /// <summary>What the store has of a tenant, all as of one moment. An unknown tenant has <see cref="TenantStorage.None"/>.</summary>
    ValueTask<TenantStorage> ReadTenantAsync(TenantId tenant, CancellationToken cancellationToken);

    /// <summary>
    /// The tenant's generations of collections that have documents or are active, by name (in the order of its bytes in UTF-8) and generation.
    /// </summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="after">Where the page before ended; null starts at the beginning.</param>
    /// <param name="count">The most to give; fewer mean that these are the last. At most <see cref="StoreLimits.PageLengthMax"/>.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask<ImmutableArray<StoredCollection>> ReadCollectionsAsync(
        TenantId tenant, CollectionId? after, int count, CancellationToken cancellationToken);

    /// <summary>The tenant's checkpoints by name, in the order of its bytes in UTF-8.</summary>
    /// <inheritdoc cref="ReadCollectionsAsync"/>
    ValueTask<ImmutableArray<StoredCheckpoint>> ReadCheckpointsAsync(TenantId tenant, string? after, int count, CancellationToken cancellationToken);

    /// <summary>The remembered results of the tenant's commits by key, in the order of its bytes in UTF-8.</summary>
    /// <inheritdoc cref="ReadCollectionsAsync"/>
    ValueTask<ImmutableArray<RememberedCommit>> ReadRememberedAsync(TenantId tenant, string? after, int count, CancellationToken cancellationToken);

    /// <summary>
    /// The entries of the tenant's journal in their order. Fewer than were asked for don't mean that these are the last:
    /// <see cref="StoreLimits.PageBytesMax"/> may have cut the page. Only an empty page is the end.
    /// </summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="after">Entries with greater numbers.</param>
    /// <param name="count">The most to give; at least 1, at most <see cref="StoreLimits.PageLengthMax"/>.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask<ImmutableArray<JournalEntry>> ReadJournalAsync(TenantId tenant, long after, int count, CancellationToken cancellationToken);
}

/// <summary>What a store has of a tenant.</summary>
/// <param name="Position">The log's last position.</param>
/// <param name="StoredBytes">The bytes of all payloads and of all documents' bodies.</param>
public sealed record TenantStorage(LogPosition Position, long StoredBytes)
{
    /// <summary>An unknown tenant's.</summary>
    public static TenantStorage None { get; } = new(LogPosition.Start, 0);

    /// <summary>The reason of the fence; null if there is none.</summary>
    public string? Fence { get; init; }

    /// <summary>The number of the session of the journal, which the numbers of its entries follow; null if none is kept.</summary>
    public long? JournalStart { get; init; }

    /// <summary>The number of the journal's last entry or session: it only grows. 0 if there was none.</summary>
    public long JournalHead { get; init; }

    /// <summary>Whether the tenant is being erased.</summary>
    public bool IsErasing { get; init; }

    /// <summary>Whether a fence stands.</summary>
    public bool IsFenced => Fence is not null;

    /// <summary>Whether a journal is kept.</summary>
    public bool IsJournaling => JournalStart is not null;
}

/// <summary>A generation of a collection that a store has.</summary>
/// <param name="Id">Name and generation.</param>
/// <param name="IsActive">Whether it is the one that readers see.</param>
public readonly record struct StoredCollection(CollectionId Id, bool IsActive);

/// <summary>A checkpoint that a store has.</summary>
/// <param name="Name">The subscription that it belongs to.</param>
/// <param name="Position">The last position that was dealt with.</param>
public readonly record struct StoredCheckpoint(string Name, LogPosition Position);
