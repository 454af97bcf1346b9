using System.Text;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;
using Tallystick.Testing.Stores;

namespace Tallystick.Testing.Simulations;

/// <summary>
/// The rows that projections must have at each position of a log: what they come to when nothing fails and events come one by one.
/// </summary>
internal sealed class RowHistory
{
    private readonly Dictionary<(string Collection, string Key), List<(long Position, byte[]? Body)>> _documents = [];
    private readonly SortedDictionary<string, SortedDictionary<string, byte[]>> _now = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _projections = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<(long Position, string Rows)>> _rows = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _changed = new(StringComparer.Ordinal);
    private long _position;

    private RowHistory(IEnumerable<Projection> projections)
    {
        foreach (var (collection, projection) in projections.SelectMany(projection => projection.Collections.Select(collection => (collection.Name, projection.Name))))
        {
            _projections.Add(collection, projection);
            _now.Add(collection, new SortedDictionary<string, byte[]>(StringComparer.Ordinal));
        }
    }

    /// <summary>Folds a log. What can't be folded stops the projection there, as in the application.</summary>
    public static RowHistory Of(TenantId tenant, IReadOnlyList<RecordedEvent> log, IReadOnlyCollection<Projection> projections, EventSerializer serializer, DateTimeOffset start)
    {
        var history = new RowHistory(projections);
        using var scheduler = new SimulationScheduler(new Choices(0, null), new Trace(), start);
        var context = new SimulatedContext(scheduler, "reference");
        var time = new SimulatedTime(scheduler, context, TimeSpan.Zero);
        var clock = new SettableTime();
        var memory = new InMemoryStore(new StoreOptions { Time = clock });
        var host = new SubscriptionHost(
            new FaultyStore(memory) { KeepsCalls = false, After = history.NoteAsync }, serializer, projections, [], new SubscriptionOptions { RetriesMax = 0, Time = time });
        host.AddTenant(tenant);
        context.Post(_ => _ = host.StartAsync(CancellationToken.None), null);
        Settle(scheduler);
        foreach (var e in log)
        {
            (clock.Now, history._position) = (e.Time, e.Position.Value);
            Copy(e, tenant, memory);
            Settle(scheduler);
            history.KeepRows();
        }

        return history;
    }

    /// <summary>The rows of a projection's collections at a position, as text to compare.</summary>
    public string RowsAt(string projection, LogPosition position)
    {
        if (!_rows.TryGetValue(projection, out var rows))
            return "";
        var found = "";
        foreach (var (at, text) in rows)
        {
            if (at > position.Value)
                break;
            found = text;
        }

        return found;
    }

    /// <summary>Whether a document had a certain body at some position of a range.</summary>
    public bool WasEver(string collection, string key, byte[]? body, LogPosition from, LogPosition through)
    {
        byte[]? present = null;
        foreach (var (at, next) in _documents.GetValueOrDefault((collection, key)) ?? [])
        {
            // What was there before this change was there from `from` on, if the change comes later.
            if (at > from.Value && Same(present, body))
                return true;
            if (at > through.Value)
                return false;
            present = next;
        }

        return Same(present, body);
    }

    /// <summary>Documents as text, in the order of their keys.</summary>
    public static string Text(string collection, IEnumerable<(string Key, ReadOnlyMemory<byte> Body)> documents)
    {
        var text = new StringBuilder();
        foreach (var (key, body) in documents)
            text.Append(collection).Append('/').Append(key).Append(": ").Append(Encoding.UTF8.GetString(body.Span)).Append('\n');
        return text.ToString();
    }

    private static bool Same(byte[]? a, byte[]? b) => a is null ? b is null : b is not null && a.AsSpan().SequenceEqual(b);

    private static void Settle(SimulationScheduler scheduler)
    {
        while (scheduler.Step())
        {
        }
    }

    /// <summary>Stores an event once more, with the same id and position, in a store that has all those before it.</summary>
    private static void Copy(RecordedEvent e, TenantId tenant, InMemoryStore target)
    {
        var commit = Commit.For(tenant)
            .Append(e.Stream, ExpectedVersion.Exactly(StreamVersion.Of(e.Version.Value - 1)), new NewEvent(e.Id, e.Type, e.SchemaVersion, e.Payload, e.Tags))
            .From(e.Metadata);
        target.CommitAsync(commit, CancellationToken.None).AtOnce().Demand();
    }

    /// <summary>The host here is alone, so none of its commits is ever refused.</summary>
    private ValueTask NoteAsync(StoreCall call)
    {
        if (call.Commit is { } commit)
            Note(commit);
        return ValueTask.CompletedTask;
    }

    private void Note(Commit commit)
    {
        foreach (var change in commit.Documents)
        {
            if (change is DocumentChange.Put put)
                Change(put.Collection.Name, put.Document.Key, put.Document.Body.ToArray());
            else if (change is DocumentChange.Delete delete)
                Change(delete.Collection.Name, delete.Key, null);
        }
    }

    private void Change(string collection, string key, byte[]? body)
    {
        // The runners' own state is kept in documents as well.
        if (!_projections.TryGetValue(collection, out var projection))
            return;
        if (!_documents.TryGetValue((collection, key), out var changes))
            _documents.Add((collection, key), changes = []);
        changes.Add((_position, body));
        var documents = _now[collection];
        if (body is null)
            documents.Remove(key);
        else
            documents[key] = body;
        _changed.Add(projection);
    }

    /// <summary>Remembers the rows of the projections that the last event has changed.</summary>
    private void KeepRows()
    {
        foreach (var name in _changed)
        {
            if (!_rows.TryGetValue(name, out var rows))
                _rows.Add(name, rows = []);
            rows.Add((_position, string.Concat(_now.Where(pair => _projections[pair.Key] == name).Select(pair => Text(
                pair.Key, pair.Value.Select(document => (document.Key, (ReadOnlyMemory<byte>)document.Value)))))));
        }

        _changed.Clear();
    }

    private sealed class SettableTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
