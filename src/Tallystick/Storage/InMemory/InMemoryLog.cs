using System.Collections.Immutable;
using Tallystick.Audit;
using Tallystick.Events;

namespace Tallystick.Storage.InMemory;

/// <summary>One tenant's log: a list in which the event at position p is element p - 1, and the same for each stream.</summary>
internal sealed class InMemoryLog
{
    private readonly List<RecordedEvent> _events = [];
    private readonly Dictionary<StreamId, List<RecordedEvent>> _streams = [];
    private MerkleFrontier _tree = new();
    private DateTimeOffset _time = DateTimeOffset.MinValue;

    /// <summary>The last event's position.</summary>
    public LogPosition Position => LogPosition.Of(_events.Count);

    /// <summary>The bytes of all payloads.</summary>
    public long PayloadBytes { get; private set; }

    /// <summary>The log's end, with a tree of its own.</summary>
    public LogHead Head() => new(Position, _tree.Clone(), _time);

    /// <summary>The version of a stream's last event.</summary>
    public StreamVersion VersionOf(StreamId stream) =>
        _streams.TryGetValue(stream, out var events) ? StreamVersion.Of(events.Count) : StreamVersion.None;

    /// <summary>The position of the first event after a position that matches, or null.</summary>
    public LogPosition? FirstMatch(EventQuery query, LogPosition after)
    {
        for (var i = Index(after.Value, _events); i < _events.Count; i++)
        {
            if (query.Matches(_events[i].Type, _events[i].Tags))
                return _events[i].Position;
        }

        return null;
    }

    /// <summary>Appends all events of a commit.</summary>
    public void Append(PreparedCommit prepared, DateTimeOffset now)
    {
        if (prepared.EventCount == 0)
            return;
        _time = now > _time ? now : _time;
        var index = 0;
        foreach (var append in prepared.Commit.Appends)
        {
            if (append.Events.IsEmpty)
                continue;
            if (!_streams.TryGetValue(append.Stream, out var stream))
                _streams.Add(append.Stream, stream = []);
            foreach (var e in append.Events)
            {
                var recorded = Record(prepared, index++, append.Stream, StreamVersion.Of(stream.Count + 1), e);
                stream.Add(recorded);
                _events.Add(recorded);
                PayloadBytes += recorded.Payload.Length;
            }
        }
    }

    /// <summary>Appends events as they are, once all of them are found to fit.</summary>
    /// <exception cref="ArgumentException">One doesn't fit; nothing has changed.</exception>
    public void Adopt(ImmutableArray<RecordedEvent> events)
    {
        if (events.IsEmpty)
            return;
        var tree = _tree.Clone();
        AdoptedEvents.Demand(events, tree, _time, VersionOf);
        (_tree, _time) = (tree, events[^1].Time);
        foreach (var e in events)
        {
            if (!_streams.TryGetValue(e.Stream, out var stream))
                _streams.Add(e.Stream, stream = []);
            stream.Add(e);
            _events.Add(e);
            PayloadBytes += e.Payload.Length;
        }
    }

    /// <summary>Reads a page of a stream.</summary>
    public ImmutableArray<RecordedEvent> Read(StreamRead read, StoreLimits limits)
    {
        if (!_streams.TryGetValue(read.Stream, out var events))
            return [];
        var page = new EventPageBuilder(read.Count, limits.PageBytesMax);
        if (read.Direction == ReadDirection.Forwards)
        {
            for (var i = Index(Math.Max(read.From.Value, 1) - 1, events); i < events.Count && page.TryAdd(events[i]); i++)
            {
            }
        }
        else
        {
            for (var i = Index(read.From.Value, events) - 1; i >= 0 && page.TryAdd(events[i]); i--)
            {
            }
        }

        return page.Events;
    }

    /// <summary>Reads a page of the log.</summary>
    public EventPage Read(LogRead read, StoreLimits limits)
    {
        var page = new EventPageBuilder(read.Count, limits.PageBytesMax);
        for (var i = Index(read.After.Value, _events); i < _events.Count; i++)
        {
            var e = _events[i];
            if (read.Query?.Matches(e.Type, e.Tags) == false)
                continue;
            if (!page.TryAdd(e))
                return new EventPage(page.Events, page.Events[^1].Position);
        }

        return new EventPage(page.Events, Position > read.After ? Position : read.After);
    }

    private RecordedEvent Record(PreparedCommit prepared, int index, StreamId stream, StreamVersion version, NewEvent e)
    {
        var metadata = prepared.Commit.Metadata;
        var position = Position.Next();
        var payloadHash = prepared.PayloadHash(index);
        return new RecordedEvent
        {
            Position = position,
            Id = e.Id,
            Stream = stream,
            Version = version,
            Type = e.Type,
            SchemaVersion = e.SchemaVersion,
            Time = _time,
            Tags = e.Tags.IsDefault ? [] : e.Tags,
            Metadata = metadata,
            Payload = e.Payload,
            Salt = prepared.Salt(index),
            PayloadHash = payloadHash,
            TreeNodes = Grow(EventLeaf.Hash(position, stream, version, _time, e, metadata, payloadHash)),
        };
    }

    /// <summary>Adds a leaf to the tree and gives the bytes of all nodes that it completes, itself first.</summary>
    private byte[] Grow(in Hash256 leaf)
    {
        Span<Hash256> completed = stackalloc Hash256[MerkleFrontier.CompletedNodesMax];
        var count = _tree.Append(leaf, completed);
        var bytes = new byte[(count + 1) * Hash256.ByteLength];
        leaf.CopyTo(bytes);
        for (var i = 0; i < count; i++)
            completed[i].CopyTo(bytes.AsSpan((i + 1) * Hash256.ByteLength));
        return bytes;
    }

    /// <summary>A position or version from outside as an index, which may be the list's end but not beyond.</summary>
    private static int Index(long value, List<RecordedEvent> events) => (int)Math.Min(value, events.Count);
}
