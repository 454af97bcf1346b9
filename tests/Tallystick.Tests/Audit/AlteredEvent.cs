using System.Collections.Immutable;
using Tallystick.Audit;
using Tallystick.Events;

namespace Tallystick.Tests.Audit;

/// <summary>Events as someone with write access to the database could leave them.</summary>
internal static class AlteredEvent
{
    /// <summary>For each field that a leaf covers directly, an alteration of it alone.</summary>
    public static readonly ImmutableArray<(string Field, Func<RecordedEvent, RecordedEvent> Alter)> Headers =
    [
        (nameof(RecordedEvent.Position), e => With(e, position: e.Position.Next())),
        (nameof(RecordedEvent.Id), e => With(e, id: new Guid(e.Id.ToByteArray().Reverse().ToArray()) == e.Id ? Guid.AllBitsSet : new Guid(e.Id.ToByteArray().Reverse().ToArray()))),
        (nameof(RecordedEvent.Stream), e => With(e, stream: new StreamId(e.Stream.Category, e.Stream.Key + "x"))),
        (nameof(RecordedEvent.Stream), e => With(e, stream: new StreamId(e.Stream.Category + "x", e.Stream.Key))),
        (nameof(RecordedEvent.Stream), e => With(e, stream: new StreamId(e.Stream.Category + e.Stream.Category[^1], e.Stream.Key))),
        (nameof(RecordedEvent.Version), e => With(e, version: e.Version.Next())),
        (nameof(RecordedEvent.Type), e => With(e, type: e.Type + ".x")),
        (nameof(RecordedEvent.SchemaVersion), e => With(e, schemaVersion: e.SchemaVersion + 1)),
        (nameof(RecordedEvent.Time), e => With(e, time: e.Time.AddTicks(1))),
        (nameof(RecordedEvent.Tags), e => With(e, tags: e.Tags.Add("t:new"))),
        (nameof(RecordedEvent.Tags), e => With(e, tags: e.Tags.IsEmpty ? [""] : e.Tags.RemoveAt(0))),
        (nameof(RecordedEvent.Tags), e => With(e, tags: [string.Concat(e.Tags) + "x"])),
        (nameof(EventMetadata.CorrelationId), e => With(e, metadata: e.Metadata with { CorrelationId = Other(e.Metadata.CorrelationId) })),
        (nameof(EventMetadata.CausationId), e => With(e, metadata: e.Metadata with { CausationId = e.Metadata.CausationId is null ? Guid.Empty : null })),
        (nameof(EventMetadata.TraceParent), e => With(e, metadata: e.Metadata with { TraceParent = Other(e.Metadata.TraceParent) })),
        (nameof(EventMetadata.UserId), e => With(e, metadata: e.Metadata with { UserId = Other(e.Metadata.UserId) })),
        (nameof(EventMetadata.UserId), e => With(e, metadata: e.Metadata with { UserId = e.Metadata.CorrelationId + "y", CorrelationId = e.Metadata.UserId })),
        (nameof(RecordedEvent.PayloadHash), e => With(e, payloadHash: MerkleTree.HashNode(e.PayloadHash, e.PayloadHash))),
    ];

    public static RecordedEvent With(
        RecordedEvent e, LogPosition? position = null, Guid? id = null, StreamId? stream = null, StreamVersion? version = null, string? type = null,
        int? schemaVersion = null, DateTimeOffset? time = null, ImmutableArray<string>? tags = null, EventMetadata? metadata = null,
        byte[]? payload = null, byte[]? salt = null, Hash256? payloadHash = null, byte[]? treeNodes = null) => new()
    {
        Position = position ?? e.Position,
        Id = id ?? e.Id,
        Stream = stream ?? e.Stream,
        Version = version ?? e.Version,
        Type = type ?? e.Type,
        SchemaVersion = schemaVersion ?? e.SchemaVersion,
        Time = time ?? e.Time,
        Tags = tags ?? e.Tags,
        Metadata = metadata ?? e.Metadata,
        Payload = payload ?? e.Payload,
        Salt = salt ?? e.Salt,
        PayloadHash = payloadHash ?? e.PayloadHash,
        TreeNodes = treeNodes ?? e.TreeNodes,
    };

    private static string Other(string? text) => text is null ? "" : text + "x";
}
