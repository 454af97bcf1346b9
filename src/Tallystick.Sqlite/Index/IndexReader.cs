using Tallystick.Events;
using Tallystick.Sqlite.Interop;

namespace Tallystick.Sqlite.Index;

/// <summary>Finds the rows of a list: in the tail first, then in the stored chunks (see <see cref="TailIndex"/> for why in this order).</summary>
internal sealed class IndexReader(SqliteDatabase database, TailIndex tail)
{
    private const string ChunksFrom =
        "SELECT first, last, seqs FROM chunks WHERE tenant=?1 AND term=?2 AND last>=?3 ORDER BY last";

    private const string ChunksDownFrom = """
        SELECT first, last, seqs FROM chunks WHERE tenant=?1 AND term=?2
        AND last<=coalesce((SELECT min(last) FROM chunks WHERE tenant=?1 AND term=?2 AND last>=?3), 9223372036854775807) ORDER BY last DESC
        """;

    private const string LastOfList = "SELECT last FROM chunks WHERE tenant=?1 AND term=?2 ORDER BY last DESC LIMIT 1";

    private readonly List<long> _chunk = [];
    private readonly List<long> _tail = [];

    /// <summary>The last ordinal of a list; 0 if it is empty.</summary>
    public long Last(TermKey key)
    {
        if (tail.Last(key) is { } last)
            return last;
        using var rows = database.Statement(LastOfList).Bind(1, key.Tenant).Bind(2, key.ToStored()).Rows();
        return rows.Step() ? rows.Int64(0) : 0;
    }

    /// <summary>The rows of a list from an ordinal upwards.</summary>
    public void Forwards(TermKey key, long from, int count, List<long> into)
    {
        _tail.Clear();
        var tailFirst = tail.CopyForwards(key, from, count, _tail) ?? long.MaxValue;
        if (from < tailFirst)
        {
            using var rows = database.Statement(ChunksFrom).Bind(1, key.Tenant).Bind(2, key.ToStored()).Bind(3, from).Rows();
            while (into.Count < count && rows.Step())
            {
                var first = rows.Int64(0);
                if (first >= tailFirst)
                    break; // The tail was taken over by the stored index after it was copied.
                Decode(rows, key.IsCounted);
                for (var i = StartIn(first, from, key.IsCounted); i < _chunk.Count && into.Count < count; i++)
                    into.Add(_chunk[i]);
            }
        }

        for (var i = 0; i < _tail.Count && into.Count < count; i++)
            into.Add(_tail[i]);
    }

    /// <summary>The rows of a counted list from an ordinal downwards.</summary>
    public void Backwards(TermKey key, long from, int count, List<long> into)
    {
        var tailFirst = tail.CopyBackwards(key, from, count, into) ?? long.MaxValue;
        if (into.Count >= count || tailFirst <= 1)
            return;
        from = Math.Min(from, tailFirst - 1);
        using var rows = database.Statement(ChunksDownFrom).Bind(1, key.Tenant).Bind(2, key.ToStored()).Bind(3, from).Rows();
        while (into.Count < count && rows.Step())
        {
            var first = rows.Int64(0);
            if (first > from)
                continue;
            Decode(rows, key.IsCounted);
            for (var i = (int)Math.Min(from - first, _chunk.Count - 1); i >= 0 && into.Count < count; i--)
                into.Add(_chunk[i]);
        }
    }

    /// <summary>The row of a log's position; 0 for position 0.</summary>
    public long SeqOf(int tenant, LogPosition position)
    {
        if (position == LogPosition.Start)
            return 0;
        var found = new List<long>(1);
        Forwards(TermKey.Log(tenant), position.Value, 1, found);
        return found.Count == 1 ? found[0] : long.MaxValue;
    }

    private int StartIn(long first, long from, bool counted)
    {
        if (counted)
            return (int)Math.Max(0, from - first);
        var index = _chunk.BinarySearch(from);
        return index >= 0 ? index : ~index;
    }

    private void Decode(Statement.RowReader rows, bool counted)
    {
        _chunk.Clear();
        // A list has no more entries than ordinals, and one that is counted has as many.
        var ordinals = rows.Int64(1) - Math.Max(0, rows.Int64(0)) + 1;
        SeqRuns.Decode(rows.Bytes(2), ordinals, _chunk);
        if (counted && (rows.Int64(0) < 1 || _chunk.Count != ordinals))
            throw new TallystickException($"{database.Path} is damaged: a piece of its index has {_chunk.Count} entries instead of {ordinals}. Restore it from a backup.");
    }
}
