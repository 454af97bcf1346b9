using System.Collections.Immutable;
using System.Text;

namespace Tallystick.Testing.Text;

/// <summary>
/// What differs between an expected and an actual value, part by part: collections element by element, records and other objects property by
/// property, whatever their own <c>Equals</c> says of the collections in them. A type that has an <c>Equals</c> of its own decides itself.
/// </summary>
public sealed class Difference
{
    /// <summary>The most lines that <see cref="ToString"/> shows; the rest is counted.</summary>
    public const int LinesMax = 12;

    private Difference(ImmutableArray<DifferenceEntry> entries) => Entries = entries;

    /// <summary>Each difference, in the order of the expected value.</summary>
    public ImmutableArray<DifferenceEntry> Entries { get; }

    /// <summary>Whether the values are equal.</summary>
    public bool IsEmpty => Entries.IsEmpty;

    /// <summary>Compares two values.</summary>
    public static Difference Between(object? expected, object? actual)
    {
        var comparison = new Comparison();
        comparison.Compare("", expected, actual, typeof(object));
        return new Difference(comparison.Entries);
    }

    /// <summary>Whether two values are equal, part by part.</summary>
    public static bool AreEqual(object? expected, object? actual) => Between(expected, actual).IsEmpty;

    /// <summary>One line for each difference: where it is, what was expected, what is instead. Empty if there is none.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var entry in Entries.Take(LinesMax))
            text.Append(text.Length == 0 ? "" : "\n").Append(entry);
        if (Entries.Length > LinesMax)
            text.Append(FormattableString.Invariant($"\n… and {Entries.Length - LinesMax} more differences"));
        return text.ToString();
    }
}

/// <summary>One difference.</summary>
/// <param name="Path">Where: <c>[1].Lines[0].Quantity</c>; empty for the values themselves.</param>
/// <param name="Text">What: <c>expected 2, but it is 3</c>.</param>
public sealed record DifferenceEntry(string Path, string Text)
{
    /// <summary>The difference as a line.</summary>
    public override string ToString() => Path.Length == 0 ? Text : $"{Path}: {Text}";
}
