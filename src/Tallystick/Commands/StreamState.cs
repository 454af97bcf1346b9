using System.Collections.Immutable;
using Tallystick.Events;

namespace Tallystick.Commands;

/// <summary>A stream's state at a version.</summary>
/// <typeparam name="TState">The decider's state type; <see cref="object"/> where it isn't known.</typeparam>
/// <param name="State">The state.</param>
/// <param name="Version">The version of the last event in it; 0 is the initial state of a stream without events.</param>
public readonly record struct StreamState<TState>(TState State, StreamVersion Version)
    where TState : notnull;

/// <summary>One event of a stream's history, with what it changed.</summary>
/// <param name="Recorded">The event as it is stored.</param>
/// <param name="Event">The event as an object of today's type, lifted by upcasters if it is older.</param>
/// <param name="Before">The state before it.</param>
/// <param name="After">The state after it.</param>
public sealed record HistoryEntry(RecordedEvent Recorded, object Event, object Before, object After);

/// <summary>A part of a stream's history.</summary>
/// <param name="Entries">In the order of the stream.</param>
/// <param name="Next">The version at which the next page begins; null if this was the last.</param>
public sealed record HistoryPage(ImmutableArray<HistoryEntry> Entries, StreamVersion? Next);
