using Tallystick.Events;

namespace Tallystick.Sqlite.Index;

/// <summary>
/// Finds the rows that may match a query, in ascending order: per alternative the intersection of its tags' lists (and of the union of
/// its types' lists), over all alternatives the union. Works in windows, so that the lists of frequent terms are never read in full.
/// </summary>
/// <param name="index">Reads the lists.</param>
/// <param name="window">The most rows to take from each list at a time.</param>
internal sealed class QueryReader(IndexReader index, int window)
{
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
        foreach (var alternative in query.Alternatives)
        {
            var lists = new List<List<long>>();
            foreach (var tag in alternative.Tags)
                lists.Add(Read(TermKey.Tag(tenant, tag), afterSeq, ref through));
            if (!alternative.Types.IsEmpty)
                lists.Add(Union(tenant, alternative, afterSeq, ref through));
            into.AddRange(Intersect(lists));
        }

        if (query.Alternatives.Length > 1)
            SortDistinct(into);
        while (into.Count > 0 && into[^1] > through)
            into.RemoveAt(into.Count - 1);
        return through;
    }

    private List<long> Union(int tenant, EventQueryAlternative alternative, long afterSeq, ref long through)
    {
        if (alternative.Types.Length == 1)
            return Read(TermKey.Type(tenant, alternative.Types[0]), afterSeq, ref through);
        var union = new List<long>();
        foreach (var type in alternative.Types)
            union.AddRange(Read(TermKey.Type(tenant, type), afterSeq, ref through));
        SortDistinct(union);
        return union;
    }

    private static void SortDistinct(List<long> seqs)
    {
        seqs.Sort();
        var kept = 0;
        for (var i = 0; i < seqs.Count; i++)
        {
            if (i == 0 || seqs[i] != seqs[i - 1])
                seqs[kept++] = seqs[i];
        }

        seqs.RemoveRange(kept, seqs.Count - kept);
    }

    private List<long> Read(TermKey key, long afterSeq, ref long through)
    {
        var list = new List<long>();
        index.Forwards(key, afterSeq + 1, window, list);
        if (list.Count == window)
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
