using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Sqlite.Index;
using Tallystick.Sqlite.Interop;
using Tallystick.Storage;

namespace Tallystick.Sqlite.Reading;

/// <summary>Reads streams and logs over one connection.</summary>
internal sealed class LogReader(SqliteDatabase database, TailIndex tail, StoreLimits limits)
{
    private readonly EventRows _rows = new(database);
    private readonly List<long> _seqs = [];

    public IndexReader Index { get; } = new(database, tail);

    public ImmutableArray<RecordedEvent> ReadStream(int tenant, StreamRead read)
    {
        var key = TermKey.Stream(tenant, read.Stream);
        _seqs.Clear();
        if (read.Direction == ReadDirection.Forwards)
            Index.Forwards(key, Math.Max(1, read.From.Value), read.Count, _seqs);
        else
            Index.Backwards(key, read.From.Value, read.Count, _seqs);
        var events = ImmutableArray.CreateBuilder<RecordedEvent>(_seqs.Count);
        _rows.Read(tenant, _seqs, read.Count, limits.PageBytesMax, null, events);
        return events.DrainToImmutable();
    }

    /// <param name="tenant">The tenant's number.</param>
    /// <param name="read">What to read.</param>
    /// <param name="head">The log's head, read before: what is stored by then is surely seen.</param>
    public EventPage ReadLog(int tenant, LogRead read, LogPosition head)
    {
        if (read.After >= head)
            return new EventPage([], read.After);
        if (read.Query is { Alternatives.IsEmpty: false } query && query.Alternatives.All(one => !one.Types.IsEmpty || !one.Tags.IsEmpty))
            return ReadMatching(tenant, read, query, head);
        _seqs.Clear();
        Index.Forwards(TermKey.Log(tenant), read.After.Value + 1, read.Count, _seqs);
        var events = ImmutableArray.CreateBuilder<RecordedEvent>(_seqs.Count);
        _rows.Read(tenant, _seqs, read.Count, limits.PageBytesMax, null, events);
        var page = events.DrainToImmutable();
        return new EventPage(page, page.IsEmpty ? read.After : page[^1].Position);
    }

    /// <summary>The position of the first event after a position that matches, or null.</summary>
    public LogPosition? FirstMatch(int tenant, EventQuery query, LogPosition after, LogPosition head) =>
        ReadLog(tenant, new LogRead(after, 1, query), head).Events is [var first, ..] ? first.Position : null;

    private EventPage ReadMatching(int tenant, LogRead read, EventQuery query, LogPosition head)
    {
        var events = ImmutableArray.CreateBuilder<RecordedEvent>();
        // A little more than one page's worth, since the lists of several terms thin each other out.
        var queries = new QueryReader(Index, (int)Math.Clamp(read.Count * 2L, 256, 16_384));
        var after = Index.SeqOf(tenant, read.After);
        var end = Index.SeqOf(tenant, head);
        while (after < end)
        {
            _seqs.Clear();
            var through = queries.Window(tenant, query, after, end, _seqs);
            var bytes = events.Sum(e => (long)e.Payload.Length);
            var examined = _rows.Read(tenant, _seqs, read.Count, (int)Math.Max(0, limits.PageBytesMax - bytes), query, events);
            if (events.Count == read.Count || examined < _seqs.Count)
                return new EventPage(events.ToImmutable(), events[^1].Position);
            after = through;
        }

        return new EventPage(events.ToImmutable(), head);
    }
}
