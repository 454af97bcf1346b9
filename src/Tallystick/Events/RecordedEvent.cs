using System.Collections.Immutable;
using Tallystick.Audit;

namespace Tallystick.Events;

/// <summary>An event as it is stored.</summary>
public sealed class RecordedEvent
{
    /// <summary>Its place in the tenant's log; the first is 1.</summary>
    public required LogPosition Position { get; init; }

    /// <summary>Identifies the event for ever, also outside its log.</summary>
    public required Guid Id { get; init; }

    /// <summary>The entity that it belongs to.</summary>
    public required StreamId Stream { get; init; }

    /// <summary>Its place in the stream; the first is 1.</summary>
    public required StreamVersion Version { get; init; }

    /// <summary>The stable type name, such as <c>order.placed</c>.</summary>
    public required string Type { get; init; }

    /// <summary>The version of the payload's shape when it was written; the first is 1.</summary>
    public required int SchemaVersion { get; init; }

    /// <summary>When the server stored it, in UTC. Within a tenant it never goes back from one position to the next.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What the event concerns.</summary>
    public required ImmutableArray<string> Tags { get; init; }

    /// <summary>Where it comes from.</summary>
    public required EventMetadata Metadata { get; init; }

    /// <summary>The stored bytes (JSON in UTF-8), exactly as they were hashed.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>The random bytes that were hashed before the payload, so that a short payload can't be guessed from its hash.</summary>
    public required ReadOnlyMemory<byte> Salt { get; init; }

    /// <summary>SHA-256 of <see cref="Salt"/> and <see cref="Payload"/>.</summary>
    public required Hash256 PayloadHash { get; init; }

    /// <summary>
    /// The nodes of the tenant's Merkle tree that this event completes, 32 bytes each: its leaf, then the roots of the perfect
    /// subtrees of 2, 4, 8 … leaves that end here. A proof needs only these of about log n events.
    /// </summary>
    public required ReadOnlyMemory<byte> TreeNodes { get; init; }

    /// <summary>The event's leaf in the tenant's Merkle tree.</summary>
    public Hash256 LeafHash => new(TreeNodes.Span[..Hash256.ByteLength]);
}
