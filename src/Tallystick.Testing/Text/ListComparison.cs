namespace Tallystick.Testing.Text;

/// <summary>
/// Says which elements of a list are missing, were not expected, moved or changed: a longest common subsequence first, then what is left
/// between its elements is paired in order.
/// </summary>
/// <param name="comparison">Where differences are noted.</param>
/// <param name="path">Where the list is.</param>
/// <param name="element">The type of its elements.</param>
/// <param name="expected">The expected elements.</param>
/// <param name="actual">The actual elements.</param>
internal sealed class ListComparison(Comparison comparison, string path, Type element, List<object?> expected, List<object?> actual)
{
    /// <summary>Beyond this many comparisons elements are compared by their index alone.</summary>
    private const long CellsMax = 250_000;

    private readonly List<int> _missing = [];
    private readonly List<int> _extra = [];

    public void CompareLists()
    {
        var (start, end) = Common();
        var (rows, columns) = (expected.Count - start - end, actual.Count - start - end);
        if ((long)rows * columns > CellsMax)
            Pair(start, expected.Count - end, start, actual.Count - end);
        else
            Align(start, rows, columns);
        NoteMoved();
        foreach (var i in _missing)
            comparison.Note($"{path}[{i}]", $"missing: {Comparison.Brief(expected[i], element)}");
        foreach (var i in _extra)
            comparison.Note($"{path}[{i}]", $"not expected: {Comparison.Brief(actual[i], element)}");
    }

    public void CompareSets()
    {
        var left = new List<object?>(actual);
        foreach (var item in expected)
        {
            var at = left.FindIndex(one => Difference.AreEqual(item, one));
            if (at < 0)
                comparison.Note(path, $"missing in the set: {Comparison.Brief(item, element)}");
            else
                left.RemoveAt(at);
        }

        foreach (var item in left)
            comparison.Note(path, $"not expected in the set: {Comparison.Brief(item, element)}");
    }

    /// <summary>How many elements are equal at the start and at the end.</summary>
    private (int Start, int End) Common()
    {
        var shorter = Math.Min(expected.Count, actual.Count);
        var start = 0;
        while (start < shorter && Difference.AreEqual(expected[start], actual[start]))
            start++;
        var end = 0;
        while (end < shorter - start && Difference.AreEqual(expected[^(end + 1)], actual[^(end + 1)]))
            end++;
        return (start, end);
    }

    private void Align(int start, int rows, int columns)
    {
        var isEqual = new bool[rows, columns];
        var lengths = new int[rows + 1, columns + 1];
        for (var row = rows - 1; row >= 0; row--)
        {
            for (var column = columns - 1; column >= 0; column--)
            {
                isEqual[row, column] = Difference.AreEqual(expected[start + row], actual[start + column]);
                lengths[row, column] = isEqual[row, column]
                    ? lengths[row + 1, column + 1] + 1
                    : Math.Max(lengths[row + 1, column], lengths[row, column + 1]);
            }
        }

        var (i, j, fromRow, fromColumn) = (0, 0, 0, 0);
        while (i < rows && j < columns)
        {
            if (isEqual[i, j])
            {
                Pair(start + fromRow, start + i, start + fromColumn, start + j);
                (fromRow, fromColumn) = (++i, ++j);
            }
            else if (lengths[i + 1, j] >= lengths[i, j + 1])
            {
                i++;
            }
            else
            {
                j++;
            }
        }

        Pair(start + fromRow, start + rows, start + fromColumn, start + columns);
    }

    /// <summary>Elements of the same type at the same place of a gap are one that changed; the others are missing or not expected.</summary>
    private void Pair(int row, int rowEnd, int column, int columnEnd)
    {
        while (row < rowEnd && column < columnEnd && expected[row]?.GetType() == actual[column]?.GetType() && !IsElsewhere(row, column))
            comparison.Compare($"{path}[{row}]", expected[row++], actual[column++], element);
        for (; row < rowEnd; row++)
            _missing.Add(row);
        for (; column < columnEnd; column++)
            _extra.Add(column);
    }

    /// <summary>Whether one of the two has its equal at another place: then it moved, and didn't change.</summary>
    private bool IsElsewhere(int row, int column) =>
        expected.Count <= 100 && actual.Count <= 100
        && (actual.Exists(one => Difference.AreEqual(expected[row], one)) || expected.Exists(one => Difference.AreEqual(one, actual[column])));

    private void NoteMoved()
    {
        foreach (var from in _missing.ToList())
        {
            var at = _extra.FindIndex(to => Difference.AreEqual(expected[from], actual[to]));
            if (at < 0)
                continue;
            // What has kept its place while others moved around it is no difference.
            if (_extra[at] != from)
                comparison.Note($"{path}[{from}]", $"moved to [{_extra[at]}]: {Comparison.Brief(expected[from], element)}");
            _missing.Remove(from);
            _extra.RemoveAt(at);
        }
    }
}
