using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Audit;

/// <summary>Checks the events of a log one after another.</summary>
internal sealed class LogCheck
{
    /// <summary>After this many findings the rest says nothing new.</summary>
    public const int FindingsMax = 100;

    private readonly MerkleFrontier _tree = new();
    private readonly Dictionary<StreamId, StreamVersion> _versions = [];
    private DateTimeOffset _time = DateTimeOffset.MinValue;

    public List<LogFinding> Findings { get; } = [];

    public LogPosition Position { get; private set; }

    public Hash256 Root => _tree.Root();

    public void Add(RecordedEvent e)
    {
        if (e.Position != Position.Next())
            Find(e, $"it follows position {Position}; those between are missing");
        var version = _versions.GetValueOrDefault(e.Stream);
        if (e.Version != version.Next())
            Find(e, $"it is version {e.Version} of stream {e.Stream}, but follows version {version}");
        if (e.Time < _time)
            Find(e, $"its time {e.Time:O} is before the time {_time:O} of the event before it");
        // Salt and payload are hashed as one text, so the salt's length is part of what must be checked.
        if (e.Salt.Length != PreparedCommit.SaltBytes)
            Find(e, $"its salt has {e.Salt.Length} bytes instead of {PreparedCommit.SaltBytes}");
        else if (PreparedCommit.HashPayload(e.Salt.Span, e.Payload.Span) != e.PayloadHash)
            Find(e, "its payload was altered: the hash doesn't fit");
        var leaf = EventLeaf.Hash(e);
        if (e.TreeNodes.Length >= Hash256.ByteLength && leaf != e.LeafHash)
            Find(e, "its header was altered: the leaf hash doesn't fit");
        CheckNodes(e, leaf);
        (Position, _time) = (e.Position, e.Time);
        _versions[e.Stream] = e.Version;
    }

    public void End(LogHead head)
    {
        if (Findings.Count >= FindingsMax)
            return;
        if (Position != head.Position)
            Findings.Add(new LogFinding(Position, $"the log ends at position {Position}, but its head says {head.Position}; the end is missing"));
        else if (Root != head.Tree.Root())
            Findings.Add(new LogFinding(Position, $"the recomputed root {Root} isn't the head's {head.Tree.Root()}"));
    }

    private void CheckNodes(RecordedEvent e, in Hash256 leaf)
    {
        Span<Hash256> completed = stackalloc Hash256[MerkleFrontier.CompletedNodesMax];
        var count = _tree.Append(leaf, completed);
        var expected = (count + 1) * Hash256.ByteLength;
        if (e.TreeNodes.Length != expected)
        {
            Find(e, $"it has {e.TreeNodes.Length} bytes of tree nodes instead of {expected}");
            return;
        }

        var stored = e.TreeNodes.Span[Hash256.ByteLength..];
        for (var i = 0; i < count; i++)
        {
            if (new Hash256(stored.Slice(i * Hash256.ByteLength, Hash256.ByteLength)) != completed[i])
            {
                Find(e, $"its tree node of level {i + 1} doesn't fit the events before it");
                return;
            }
        }
    }

    private void Find(RecordedEvent e, string problem)
    {
        if (Findings.Count < FindingsMax)
            Findings.Add(new LogFinding(e.Position, $"event {e.Type} at position {e.Position}: {problem}"));
    }
}
