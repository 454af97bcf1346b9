using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Testing.Simulations;

/// <summary>
/// What a tenant's log, documents, checkpoints and keys must be, in the simplest way: lists that are searched from end to end. It shares no code
/// with any store, and says what is wrong with each of a store's answers.
/// </summary>
internal sealed partial class LogModel
{
    private readonly List<ModelEvent> _events = [];
    private readonly Dictionary<StreamId, long> _versions = [];
    private readonly Dictionary<string, CommitResult.Committed> _keys = [];
    private readonly Dictionary<string, long> _checkpoints = [];
    private readonly SortedDictionary<(string Collection, int Generation, string Key), Document> _documents = new(DocumentOrder.Instance);

    /// <summary>The last position.</summary>
    public long Head => _events.Count;

    /// <summary>The checkpoints' names and positions.</summary>
    public IEnumerable<KeyValuePair<string, long>> Checkpoints => _checkpoints.OrderBy(pair => pair.Key, StringComparer.Ordinal);

    /// <summary>The keys that were used.</summary>
    public IEnumerable<KeyValuePair<string, CommitResult.Committed>> Keys => _keys.OrderBy(pair => pair.Key, StringComparer.Ordinal);

    /// <summary>The documents of all generations.</summary>
    public IReadOnlyCollection<KeyValuePair<(string Collection, int Generation, string Key), Document>> Documents => _documents;

    /// <summary>Who may do what.</summary>
    public LeaseModel Leases { get; } = new();

    public long VersionOf(StreamId stream) => _versions.GetValueOrDefault(stream);

    public bool HasKey(string key) => _keys.ContainsKey(key);

    /// <summary>Whether the event at a position is a certain version of a stream.</summary>
    public bool Has(LogPosition position, StreamId stream, StreamVersion version) =>
        position.Value >= 1 && position.Value <= Head && _events[(int)position.Value - 1] is var e && e.Stream == stream && e.Version == version.Value;

    /// <summary>Takes over what a store made of a commit; gives what is wrong with it, or null.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="result">What the store answered.</param>
    /// <param name="platform">The platform's leases, which any commit may depend on.</param>
    /// <param name="now">The store's time.</param>
    public string? Apply(Commit commit, CommitResult result, LeaseModel platform, DateTimeOffset now) => result switch
    {
        CommitResult.Committed { IsReplay: true } replay => commit.Key is { } key && _keys.TryGetValue(key.Value, out var first)
            ? Same(first, replay) ? null : $"the repetition of key '{key.Value}' was answered with {Text(replay)}, but the first time with {Text(first)}"
            : "a commit was answered as a repetition, but its key was never used",
        CommitResult.Committed committed => Objection(commit, platform, now) is { } objection
            ? $"a commit was accepted although {objection}"
            : Append(commit, committed) ?? Leases.Apply(commit, committed, now),
        CommitResult.Refused { Reason: Refusal.KeyReused reused } => _keys.ContainsKey(reused.Key) ? null : $"a commit was refused because of key '{reused.Key}', which was never used",
        CommitResult.Refused refused => Objection(commit, platform, now) is null ? $"a commit was refused without cause: {refused.Reason}" : null,
        _ => "a result of an unknown kind",
    };

    /// <summary>What is wrong with a page of the log, or null.</summary>
    public string? Check(LogRead read, EventPage page)
    {
        var at = read.After.Value;
        foreach (var e in page.Events)
        {
            for (at++; at < e.Position.Value; at++)
            {
                if (at > Head || read.Query is null || read.Query.Matches(_events[(int)at - 1].Type, _events[(int)at - 1].Tags))
                    return $"a page of the log leaves out position {at}";
            }

            if (at != e.Position.Value || at > Head || _events[(int)at - 1].Id != e.Id)
                return $"a page of the log has {e.Type} at position {e.Position}, out of its order or never committed there";
        }

        for (at++; at <= page.Through.Value && at <= Head; at++)
        {
            if (read.Query is null || read.Query.Matches(_events[(int)at - 1].Type, _events[(int)at - 1].Tags))
                return $"a page of the log claims to have examined everything through {page.Through}, but leaves out position {at}";
        }

        return page.Through.Value > Math.Max(Head, read.After.Value) ? $"a page of the log goes through {page.Through}, but the log ends at {Head}" : null;
    }

    /// <summary>What is wrong with a page of a stream, or null.</summary>
    public string? Check(StreamRead read, ImmutableArray<RecordedEvent> page)
    {
        var (last, step) = (VersionOf(read.Stream), read.Direction == ReadDirection.Forwards ? 1 : -1);
        var next = step > 0 ? Math.Max(read.From.Value, 1) : Math.Min(read.From.Value, last);
        if (page.IsEmpty && next >= 1 && next <= last)
            return $"a page of stream {read.Stream} is empty, but it has version {next}";
        foreach (var e in page)
        {
            if (e.Version.Value != next)
                return $"a page of stream {read.Stream} has version {e.Version} where {next} belongs";
            next += step;
            if (!Has(e.Position, read.Stream, e.Version) || _events[(int)e.Position.Value - 1].Id != e.Id)
                return $"a page of stream {read.Stream} has {e.Type} version {e.Version} at position {e.Position}, which was never committed there";
        }

        return null;
    }

    /// <summary>Why a commit can't be accepted, or null.</summary>
    private string? Objection(Commit commit, LeaseModel platform, DateTimeOffset now)
    {
        if (commit.Key is { } key && _keys.ContainsKey(key.Value))
            return $"its key '{key.Value}' was used before";
        if (LifeObjection(commit) is { } life)
            return life;
        if (AdoptedEvents.Objection(commit.Adopted, LogPosition.Of(Head)) is { } position)
            return position.ToString();
        foreach (var append in commit.Appends)
        {
            if (!append.Expected.Allows(StreamVersion.Of(VersionOf(append.Stream))))
                return $"stream {append.Stream} is at version {VersionOf(append.Stream)} and {append.Expected} was expected";
        }

        foreach (var condition in commit.Conditions)
        {
            for (var i = condition.After.Value; i < Head; i++)
            {
                if (condition.Query.Matches(_events[(int)i].Type, _events[(int)i].Tags))
                    return $"position {i + 1} matches '{condition.Query}'";
            }
        }

        foreach (var change in commit.Checkpoints)
        {
            if (change.Expected is { } expected && expected.Value != _checkpoints.GetValueOrDefault(change.Name))
                return $"checkpoint '{change.Name}' is at {_checkpoints.GetValueOrDefault(change.Name)} and {expected} was expected";
        }

        return commit.Fences.Select(fence => (fence.Tenant == commit.Tenant ? Leases : platform).Lost(fence)).FirstOrDefault(lost => lost is not null)
            ?? commit.Leases.Select(change => Leases.Objection(change, now)).FirstOrDefault(objection => objection is not null);
    }

    private string? Append(Commit commit, CommitResult.Committed committed)
    {
        var before = Head;
        if (commit.Life is TenantChange.Erase)
        {
            ChangeLife(commit, committed);
            return null;
        }

        Adopt(commit);
        foreach (var append in commit.Appends)
        {
            foreach (var e in append.Events)
            {
                var version = _versions[append.Stream] = VersionOf(append.Stream) + 1;
                _events.Add(new ModelEvent(e.Id, append.Stream, version, e.Type, e.Tags.IsDefault ? [] : e.Tags));
            }
        }

        foreach (var change in commit.Documents)
            Change(change);
        foreach (var change in commit.Checkpoints)
        {
            if (change.Position is { } position)
                _checkpoints[change.Name] = position.Value;
            else
                _checkpoints.Remove(change.Name);
        }

        ChangeLife(commit, committed);
        if (commit.Key is { } key)
            _keys[key.Value] = committed;
        var first = Head > before ? before + 1 : before;
        if (committed.Position.Value != Head || committed.FirstPosition.Value != first)
            return $"a commit of {Head - before} events after position {before} was given the positions {committed.FirstPosition} to {committed.Position}";
        return committed.Streams.Any(head => head.Version.Value != VersionOf(head.Stream)) ? "a commit was given a wrong stream version" : null;
    }

    private void Change(DocumentChange change)
    {
        if (change is DocumentChange.Put put)
            _documents[(put.Collection.Name, put.Collection.Generation, put.Document.Key)] = put.Document;
        else if (change is DocumentChange.Delete delete)
            _documents.Remove((delete.Collection.Name, delete.Collection.Generation, delete.Key));
    }

    private static bool Same(CommitResult.Committed a, CommitResult.Committed b) =>
        a.Position == b.Position && a.FirstPosition == b.FirstPosition && a.Streams.SequenceEqual(b.Streams);

    private static string Text(CommitResult.Committed result) => $"positions {result.FirstPosition} to {result.Position}";

    private sealed record ModelEvent(Guid Id, StreamId Stream, long Version, string Type, ImmutableArray<string> Tags);

    private sealed class DocumentOrder : IComparer<(string Collection, int Generation, string Key)>
    {
        public static DocumentOrder Instance { get; } = new();

        public int Compare((string Collection, int Generation, string Key) x, (string Collection, int Generation, string Key) y)
        {
            var order = string.CompareOrdinal(x.Collection, y.Collection);
            if (order == 0)
                order = x.Generation.CompareTo(y.Generation);
            return order != 0 ? order : string.CompareOrdinal(x.Key, y.Key);
        }
    }
}
