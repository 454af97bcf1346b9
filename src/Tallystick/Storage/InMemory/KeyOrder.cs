namespace Tallystick.Storage.InMemory;

/// <summary>
/// Orders texts by their bytes in UTF-8, which is the order of their code points: that of SQLite's BINARY and of PostgreSQL's C collation.
/// </summary>
internal sealed class KeyOrder : IComparer<string>
{
    /// <summary>The order; it has no state.</summary>
    public static KeyOrder Instance { get; } = new();

    /// <inheritdoc/>
    public int Compare(string? x, string? y)
    {
        var left = x.AsSpan();
        var right = y.AsSpan();
        var common = left.CommonPrefixLength(right);
        return common == left.Length || common == right.Length
            ? left.Length.CompareTo(right.Length)
            : Rank(left[common]).CompareTo(Rank(right[common]));
    }

    // UTF-16 orders like UTF-8 but for surrogates (U+D800 to U+DFFF), which stand for code points above all others, yet have numbers
    // below U+E000 to U+FFFF. Lifting them over U+FFFF puts that right; two halves of pairs compare as they are.
    private static int Rank(char c) => char.IsSurrogate(c) ? c + 0x1_0000 : c;
}
