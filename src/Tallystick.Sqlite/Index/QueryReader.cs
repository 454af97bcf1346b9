using Tallystick.Events;

namespace Tallystick.Sqlite.Index;

/// <summary>
/// Finds the rows that may match a query, in ascending order: per alternative the intersection of its tags' lists (and of the union of
/// its types' lists), over all alternatives the union. Works in windows, so that the lists of frequent terms are never read in full.
/// </summary>
internal sealed class QueryReader(IndexReader index)
{
    private const int WindowRows = 4096;

    /// <summary>The rows after <paramref name="afterSeq"/> that match, at most one window of them.</summary>
    /// <param name="tenant">The tenant's number.</param>
    /// <param name="query">A query whose alternatives all name a type or a tag.</param>
    /// <param name="afterSeq">Rows after this one.</param>
    /// <param name="endSeq">
    /// Rows up to this one, which every list has. The lists are read one after another while events are appended: beyond it a list that is
    /// read later would have events that one read earlier lacks, and a reader who goes on after the last event given would miss those.
    /// </param>
    /// <param name="into">Takes the rows.</param>
    /// <returns>Up to this row everything was examined.</returns>
    public long Window(int tenant, EventQuery query, long afterSeq, long endSeq, List<long> into)
    {
        var through = endSeq;
        var all = new SortedSet<long>();
        foreach (var alternative in query.Alternatives)
        {
            var lists = new List<List<long>>();
            foreach (var tag in alternative.Tags)
                lists.Add(Read(TermKey.Tag(tenant, tag), afterSeq, ref through));
            if (!alternative.Types.IsEmpty)
                lists.Add(Union(tenant, alternative, afterSeq, ref through));
            all.UnionWith(Intersect(lists));
        }

        foreach (var seq in all)
        {
            if (seq > through)
                break;
            into.Add(seq);
        }

        return through;
    }

    private List<long> Union(int tenant, EventQueryAlternative alternative, long afterSeq, ref long through)
    {
        if (alternative.Types.Length == 1)
            return Read(TermKey.Type(tenant, alternative.Types[0]), afterSeq, ref through);
        var union = new SortedSet<long>();
        foreach (var type in alternative.Types)
            union.UnionWith(Read(TermKey.Type(tenant, type), afterSeq, ref through));
        return [.. union];
    }

    private List<long> Read(TermKey key, long afterSeq, ref long through)
    {
        var list = new List<long>();
        index.Forwards(key, afterSeq + 1, WindowRows, list);
        if (list.Count == WindowRows)
            through = Math.Min(through, list[^1]);
        return list;
    }

    private static List<long> Intersect(List<List<long>> lists)
    {
        var result = lists[0];
        for (var i = 1; i < lists.Count; i++)
        {
            var other = lists[i];
            var both = new List<long>(Math.Min(result.Count, other.Count));
            for (int a = 0, b = 0; a < result.Count && b < other.Count;)
            {
                if (result[a] == other[b])
                {
                    both.Add(result[a]);
                    a++;
                    b++;
                }
                else if (result[a] < other[b])
                    a++;
                else
                    b++;
            }

            result = both;
        }

        return result;
    }
}
