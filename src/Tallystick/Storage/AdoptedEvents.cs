using System.Collections.Immutable;
using Tallystick.Audit;
using Tallystick.Events;

namespace Tallystick.Storage;

/// <summary>
/// The check that adopted events continue a log, which every store makes before it stores any of them. What needs no log (the payloads' hashes
/// and the leaves) was checked when the commit was prepared.
/// </summary>
public static class AdoptedEvents
{
    /// <summary>Why the events don't follow a log's end, or null.</summary>
    public static Refusal? Objection(ImmutableArray<RecordedEvent> events, LogPosition head) =>
        events.IsEmpty || events[0].Position == head.Next() ? null : new Refusal.WrongPosition(events[0].Position, head);

    /// <summary>
    /// Demands that the events continue a log: one position after the other, each the next version of its stream, no time before the one before,
    /// and the tree nodes that these leaves complete.
    /// </summary>
    /// <param name="events">The events, of which the first follows the log's end.</param>
    /// <param name="tree">The log's tree, which grows by the events. Pass a copy: after a failure it is of no use.</param>
    /// <param name="time">The time of the log's last event.</param>
    /// <param name="versionOf">The version of a stream before the events.</param>
    /// <returns>The streams and the versions that they reach, in the order of their first events.</returns>
    /// <exception cref="ArgumentException">An event doesn't fit; the message says which and why.</exception>
    public static ImmutableArray<StreamHead> Demand(
        ImmutableArray<RecordedEvent> events, MerkleFrontier tree, DateTimeOffset time, Func<StreamId, StreamVersion> versionOf)
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(versionOf);
        var versions = new Dictionary<StreamId, StreamVersion>();
        var streams = new List<StreamId>();
        Span<Hash256> completed = stackalloc Hash256[MerkleFrontier.CompletedNodesMax];
        foreach (var e in events)
        {
            if (e.Position.Value != tree.Count + 1)
                throw CommitChecks.Unfit(e, $"it follows position {tree.Count}");
            if (!versions.TryGetValue(e.Stream, out var version))
            {
                version = versionOf(e.Stream);
                streams.Add(e.Stream);
            }

            if (e.Version != version.Next())
                throw CommitChecks.Unfit(e, $"it is version {e.Version} of stream {e.Stream}, which is at version {version}");
            if (e.Time < time || e.Time.Offset != TimeSpan.Zero)
                throw CommitChecks.Unfit(e, $"its time {e.Time:O} isn't in UTC, or is before the time {time:O} of the event before it");
            var nodes = completed[..tree.Append(e.LeafHash, completed)];
            if (!HasNodes(e, nodes))
                throw CommitChecks.Unfit(e, "its tree nodes don't fit the events before it");
            versions[e.Stream] = e.Version;
            time = e.Time;
        }

        return [.. streams.Select(stream => new StreamHead(stream, versions[stream]))];
    }

    private static bool HasNodes(RecordedEvent e, ReadOnlySpan<Hash256> nodes)
    {
        var stored = e.TreeNodes.Span[Hash256.ByteLength..];
        if (stored.Length != nodes.Length * Hash256.ByteLength)
            return false;
        for (var i = 0; i < nodes.Length; i++)
        {
            if (new Hash256(stored.Slice(i * Hash256.ByteLength, Hash256.ByteLength)) != nodes[i])
                return false;
        }

        return true;
    }
}
