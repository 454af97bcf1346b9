using System.Collections.Immutable;

namespace Tallystick.Events;

/// <summary>An event that is about to be appended, already serialised: the store knows bytes, never CLR types.</summary>
/// <param name="Id">Identifies the event for ever, also outside its log.</param>
/// <param name="Type">The stable type name, such as <c>order.placed</c>.</param>
/// <param name="SchemaVersion">The version of the payload's shape; the first is 1.</param>
/// <param name="Payload">The bytes to store (JSON in UTF-8). The caller must not change them afterwards.</param>
/// <param name="Tags">What the event concerns, such as <c>customer:ann</c>; for queries and conditions that span streams.</param>
public sealed record NewEvent(Guid Id, string Type, int SchemaVersion, ReadOnlyMemory<byte> Payload, ImmutableArray<string> Tags);
