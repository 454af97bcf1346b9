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
    private readonly List<ModelLease> _leases = [];

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

        return LeaseRefusal(commit, now) is { } refusal ? new CommitResult.Refused(refusal) : Apply(commit, now);
    }

    /// <summary>All leases, without the time that is left.</summary>
    public IEnumerable<(string Name, string? Owner, long Epoch)> Leases() => _leases
        .OrderBy(lease => Convert.ToHexString(Encoding.UTF8.GetBytes(lease.Name)), StringComparer.Ordinal).Select(lease => (lease.Name, lease.Owner, lease.Epoch));

    /// <summary>A lease as its last holder knows it; of the first epoch if there was none.</summary>
    public (string Owner, long Epoch) LeaseOf(string name) => _leases.Find(lease => lease.Name == name) is { } lease ? (lease.Last, lease.Epoch) : ("ann", 1);

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

        var acquired = new List<Lease>();
        foreach (var change in commit.Leases)
        {
            if (_leases.Find(lease => lease.Name == change.Name) is not { } lease)
                _leases.Add(lease = new ModelLease(change.Name));
            lease.Change(change, now);
            if (change is LeaseChange.Acquire)
                acquired.Add(new Lease(commit.Tenant, lease.Name, lease.Last, lease.Epoch));
        }

        var result = new CommitResult.Committed(
            LogPosition.Of(Events.Count > before ? before + 1 : before),
            LogPosition.Of(Events.Count),
            [.. commit.Appends.Select(append => new StreamHead(append.Stream, StreamVersion.Of(VersionOf(append.Stream))))]) { Leases = [.. acquired] };
        if (commit.Key is { } key)
            _remembered.Add(key.Value, new RememberedCommit(key, result with { IsReplay = true }));
        return result;
    }

    private Refusal? LeaseRefusal(Commit commit, DateTimeOffset now)
    {
        foreach (var wanted in commit.Fences.Concat(commit.Leases.Select(change => change switch
        {
            LeaseChange.Renew renew => renew.Held,
            LeaseChange.Release release => release.Held,
            _ => null,
        }).OfType<Lease>()))
        {
            var lease = _leases.Find(lease => lease.Name == wanted.Name);
            if (lease?.Owner != wanted.Owner || lease.Epoch != wanted.Epoch)
                return new Refusal.LeaseLost(wanted, lease?.Owner, lease?.Epoch ?? 0);
        }

        foreach (var change in commit.Leases.OfType<LeaseChange.Acquire>())
        {
            if (_leases.Find(lease => lease.Name == change.Name) is { Owner: { } owner } lease && owner != change.Owner && lease.Until > now)
                return new Refusal.LeaseHeld(change.Name, owner, lease.Epoch, lease.Until - now);
        }

        return null;
    }

    private static string? Hex(Document document, string index) =>
        document.Index.Where(entry => entry.Name == index).Select(entry => entry.Value.ToString()).SingleOrDefault();

    private static int Compare(string hex1, string hex2) => string.CompareOrdinal(hex1, hex2);
}

/// <summary>An event that must be stored.</summary>
internal sealed record ModelEvent(long Position, StreamId Stream, long Version, NewEvent Event, EventMetadata Metadata, DateTimeOffset Time);

/// <summary>A lease that must be stored.</summary>
internal sealed class ModelLease(string name)
{
    public string Name { get; } = name;

    public string? Owner { get; private set; }

    /// <summary>Who holds it or held it last.</summary>
    public string Last { get; private set; } = "";

    public long Epoch { get; private set; }

    public DateTimeOffset Until { get; private set; }

    public void Change(LeaseChange change, DateTimeOffset now)
    {
        if (change is LeaseChange.Acquire acquire)
        {
            Epoch += Owner == acquire.Owner ? 0 : 1;
            (Owner, Last, Until) = (acquire.Owner, acquire.Owner, now + acquire.Duration);
        }
        else if (change is LeaseChange.Renew renew)
            Until = now + renew.Duration;
        else
            Owner = null;
    }
}
