using System.Collections.Immutable;
using System.Text;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Testing.Conformance;

/// <summary>
/// What a tenant must look like, written as naively as the semantics read: lists that are searched from the start, bytes compared as hex.
/// It shares no code with any store, so that a fault would have to be made twice to stay unseen.
/// </summary>
internal sealed class ModelTenant
{
    public List<ModelEvent> Events { get; } = [];

    private readonly List<(CollectionId Collection, Document Document)> _documents = [];
    private readonly Dictionary<string, int> _active = [];
    private readonly Dictionary<string, long> _checkpoints = [];
    private readonly Dictionary<string, RememberedCommit> _remembered = [];

    public DateTimeOffset Time => Events.Count == 0 ? DateTimeOffset.MinValue : Events[^1].Time;

    public long VersionOf(StreamId stream) => Events.Count(e => e.Stream == stream);

    public long? Checkpoint(string name) => _checkpoints.TryGetValue(name, out var position) ? position : null;

    public RememberedCommit? Remembered(string key) => _remembered.GetValueOrDefault(key);

    public static bool Matches(EventQuery? query, ModelEvent e) => query is null || query.Alternatives.Length == 0 || query.Alternatives.Any(
        alternative => (alternative.Types.Length == 0 || alternative.Types.Any(type => type == e.Event.Type))
            && alternative.Tags.All(tag => e.Event.Tags.Any(own => own == tag)));

    public CommitResult Commit(Commit commit, DateTimeOffset now)
    {
        if (commit.Key is { } key && _remembered.TryGetValue(key.Value, out var first))
        {
            var differs = key.Fingerprint != "" && first.Key.Fingerprint != "" && key.Fingerprint != first.Key.Fingerprint;
            return differs ? new CommitResult.Refused(new Refusal.KeyReused(key.Value)) : first.Result;
        }

        foreach (var append in commit.Appends)
        {
            var actual = VersionOf(append.Stream);
            if (append.Expected.Version is { } expected && expected.Value != actual)
                return new CommitResult.Refused(new Refusal.WrongVersion(append.Stream, append.Expected, StreamVersion.Of(actual)));
        }

        foreach (var condition in commit.Conditions)
        {
            if (Events.Find(e => e.Position > condition.After.Value && Matches(condition.Query, e)) is { } match)
                return new CommitResult.Refused(new Refusal.QueryMatched(condition.Query, condition.After, LogPosition.Of(match.Position)));
        }

        foreach (var change in commit.Checkpoints)
        {
            var actual = Checkpoint(change.Name) ?? 0;
            if (change.Expected is { } expected && expected.Value != actual)
                return new CommitResult.Refused(new Refusal.CheckpointMoved(change.Name, expected, LogPosition.Of(actual)));
        }

        return Apply(commit, now);
    }

    public (int Generation, Document? Document) Find(string collection, int? generation, string key)
    {
        var id = new CollectionId(collection, generation ?? _active.GetValueOrDefault(collection));
        return (id.Generation, _documents.Find(entry => entry.Collection == id && entry.Document.Key == key).Document);
    }

    /// <summary>All documents that a query must give, whatever its limit.</summary>
    public List<string> Query(DocumentQuery query)
    {
        var id = new CollectionId(query.Collection, query.Generation ?? _active.GetValueOrDefault(query.Collection));
        var found = _documents.Where(entry => entry.Collection == id).Select(entry => entry.Document)
            .Where(document => query.Equal.All(wanted => Hex(document, wanted.Name) == wanted.Value.ToString()))
            .Where(document => query.Range is not { } range
                || (Hex(document, range.Index) is { } value
                    && (range.From is null || Compare(value, $"{range.From}") >= 0)
                    && (range.To is null || Compare(value, $"{range.To}") < 0)))
            .Where(document => query.OrderBy is null || Hex(document, query.OrderBy) is not null)
            .OrderBy(document => query.OrderBy is null ? "" : Hex(document, query.OrderBy), StringComparer.Ordinal)
            .ThenBy(document => Convert.ToHexString(Encoding.UTF8.GetBytes(document.Key)), StringComparer.Ordinal)
            .Select(document => document.Key).ToList();
        if (query.Descending)
            found.Reverse();
        return found;
    }

    private CommitResult.Committed Apply(Commit commit, DateTimeOffset now)
    {
        var before = Events.Count;
        var time = now > Time ? now : Time;
        foreach (var append in commit.Appends)
        {
            foreach (var e in append.Events)
                Events.Add(new ModelEvent(Events.Count + 1, append.Stream, VersionOf(append.Stream) + 1, e, commit.Metadata, time));
        }

        foreach (var change in commit.Documents)
        {
            if (change is DocumentChange.Put put)
                _documents.RemoveAll(entry => entry.Collection == put.Collection && entry.Document.Key == put.Document.Key);
            if (change is DocumentChange.Put { Document: var document })
                _documents.Add((change.Collection, document));
            if (change is DocumentChange.Delete delete)
                _documents.RemoveAll(entry => entry.Collection == delete.Collection && entry.Document.Key == delete.Key);
            if (change is DocumentChange.Activate)
                _active[change.Collection.Name] = change.Collection.Generation;
        }

        foreach (var change in commit.Checkpoints)
        {
            _checkpoints.Remove(change.Name);
            if (change.Position is { } position)
                _checkpoints.Add(change.Name, position.Value);
        }

        var result = new CommitResult.Committed(
            LogPosition.Of(Events.Count > before ? before + 1 : before),
            LogPosition.Of(Events.Count),
            [.. commit.Appends.Select(append => new StreamHead(append.Stream, StreamVersion.Of(VersionOf(append.Stream))))]);
        if (commit.Key is { } key)
            _remembered.Add(key.Value, new RememberedCommit(key, result with { IsReplay = true }));
        return result;
    }

    private static string? Hex(Document document, string index) =>
        document.Index.Where(entry => entry.Name == index).Select(entry => entry.Value.ToString()).SingleOrDefault();

    private static int Compare(string hex1, string hex2) => string.CompareOrdinal(hex1, hex2);
}

/// <summary>An event that must be stored.</summary>
internal sealed record ModelEvent(long Position, StreamId Stream, long Version, NewEvent Event, EventMetadata Metadata, DateTimeOffset Time);
