using Tallystick.Testing.Randomness;

namespace Tallystick.Testing.Simulations;

// A decision's value depends only on the seed, its kind and how many of that kind came before. So a decision can be forced to be the dull
// one without changing what all the others draw, which is what makes a failing schedule shrink well.

/// <summary>A decision of a simulated run that was not the dull one: its kind, and its number among those of its kind, from 0.</summary>
internal readonly record struct Deviation(string Kind, int Ordinal) : IComparable<Deviation>
{
    public int CompareTo(Deviation other)
    {
        var order = string.CompareOrdinal(Kind, other.Kind);
        return order != 0 ? order : Ordinal.CompareTo(other.Ordinal);
    }

    public override string ToString() => $"{Kind}#{Ordinal}";
}

/// <summary>
/// Makes every decision of a simulated run from one seed. Each is either dull (nothing fails, nothing waits, first come first served) or
/// a deviation, which is noted.
/// </summary>
/// <param name="seed">The seed.</param>
/// <param name="allowed">The decisions that may deviate if the seed says so; null: all.</param>
internal sealed class Choices(long seed, IReadOnlySet<Deviation>? allowed)
{
    private readonly Dictionary<string, Counter> _counters = new(StringComparer.Ordinal);
    private readonly List<Deviation> _deviations = [];

    public long Seed => seed;

    /// <summary>The decisions that weren't dull, in the order in which they were made.</summary>
    public IReadOnlyList<Deviation> Deviations => _deviations;

    /// <summary>Whether to deviate, with a probability.</summary>
    public bool Chance(string kind, double probability) => Deviate(kind, probability, 1) != 0;

    /// <summary>0, or with a probability one of 1 to <paramref name="ways"/>.</summary>
    public int Deviate(string kind, double probability, int ways)
    {
        var (ordinal, value) = Draw(kind);
        if (ways < 1 || (value >> 11) * (1.0 / (1UL << 53)) >= probability || allowed?.Contains(new Deviation(kind, ordinal)) == false)
            return 0;
        _deviations.Add(new Deviation(kind, ordinal));
        return 1 + (int)(Mix(value) % (ulong)ways);
    }

    /// <summary>One of 0 to <paramref name="count"/> - 1: no deviation but content, such as which of the customers orders.</summary>
    public int Next(string kind, int count) => (int)(Draw(kind).Value % (ulong)count);

    /// <summary>Randomness for a part of the run that draws on its own.</summary>
    public SeededEntropy Entropy(string kind) => new(unchecked((long)Draw(kind).Value));

    /// <summary>The finaliser of SplitMix64 (Steele, Lea and Flood: Fast splittable pseudorandom number generators, 2014).</summary>
    public static ulong Mix(ulong z)
    {
        unchecked
        {
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }

    /// <summary>FNV-1a over the characters: unlike string.GetHashCode, the same in every process.</summary>
    public static ulong Hash(string text)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in text)
            hash = unchecked((hash ^ c) * 1099511628211UL);
        return hash;
    }

    private (int Ordinal, ulong Value) Draw(string kind)
    {
        if (!_counters.TryGetValue(kind, out var counter))
            _counters.Add(kind, counter = new Counter { Base = Mix(unchecked((ulong)seed) ^ Mix(Hash(kind))) });
        var ordinal = counter.Count++;
        return (ordinal, Mix(unchecked(counter.Base + ((ulong)(ordinal + 1) * 0x9E3779B97F4A7C15))));
    }

    private sealed class Counter
    {
        public ulong Base { get; init; }

        public int Count { get; set; }
    }
}
