using Tallystick.Testing.Randomness;

namespace Tallystick.Testing.Data;

/// <summary>
/// Zipf's law: of n items the k-th is drawn with a probability that is proportional to 1 / k^skew (G. K. Zipf, "Human Behavior and the
/// Principle of Least Effort", 1949). The cumulated weights are kept, so that one table also serves for fewer items.
/// </summary>
public sealed class Zipf
{
    private readonly double[] _cumulated;

    /// <summary>Prepares draws among up to so many items: 8 bytes for each.</summary>
    /// <param name="count">At least 1.</param>
    /// <param name="skew">The exponent; 0: all are as likely.</param>
    public Zipf(int count, double skew)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(skew);
        _cumulated = new double[count];
        var sum = 0.0;
        for (var i = 0; i < count; i++)
            _cumulated[i] = sum += Math.Pow(i + 1, -skew);
    }

    /// <summary>How many items there are.</summary>
    public int Count => _cumulated.Length;

    /// <summary>Draws one; 0 is the likeliest.</summary>
    public int Next(SeededEntropy entropy) => Next(entropy, Count);

    /// <summary>Draws one of the first <paramref name="count"/>.</summary>
    public int Next(SeededEntropy entropy, int count)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var at = Array.BinarySearch(_cumulated, 0, count, entropy.NextDouble() * _cumulated[count - 1]);
        return Math.Min(at < 0 ? ~at : at, count - 1);
    }

    /// <summary>Shares a total among the items by their weights; each gets at least one, and all together get the total.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is less than one for each.</exception>
    public int[] Share(int total)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(total, Count);
        var shares = new int[Count];
        var (given, rest) = (0, total - Count);
        for (var i = 0; i < Count; i++)
        {
            // What is given up to here follows the weights up to here, so that nothing is lost by rounding.
            var through = (int)Math.Round(rest * (_cumulated[i] / _cumulated[^1]));
            shares[i] = 1 + through - given;
            given = through;
        }

        return shares;
    }
}
