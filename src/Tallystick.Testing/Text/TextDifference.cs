namespace Tallystick.Testing.Text;

/// <summary>Where two strings begin to differ.</summary>
internal static class TextDifference
{
    private const int LengthShownWhole = 60;
    private const int Before = 15;
    private const int After = 30;

    public static string Of(string expected, string actual)
    {
        var at = 0;
        while (at < expected.Length && at < actual.Length && expected[at] == actual[at])
            at++;
        if (expected.Length <= LengthShownWhole && actual.Length <= LengthShownWhole)
            return $"expected {CSharpLiterals.Text(expected)}, but it is {CSharpLiterals.Text(actual)}{(at > 3 ? $" (from character {at + 1} on)" : "")}";
        return $"differs from character {at + 1} on{Line(expected, at)}: expected {Around(expected, at)}, but it is {Around(actual, at)}";
    }

    private static string Line(string text, int at)
    {
        var lines = text.AsSpan(0, at).Count('\n');
        return lines == 0 ? "" : $" (line {lines + 1})";
    }

    private static string Around(string text, int at)
    {
        var (from, to) = (Math.Max(0, at - Before), Math.Min(text.Length, at + After));
        return $"{(from > 0 ? "…" : "")}{CSharpLiterals.Text(text[from..to])}{(to < text.Length ? "…" : "")}{(at == text.Length ? " (its end)" : "")}";
    }
}
