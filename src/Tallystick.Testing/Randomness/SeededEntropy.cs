using System.Buffers.Binary;
using System.Numerics;
using Tallystick.Events;

namespace Tallystick.Testing.Randomness;

/// <summary>
/// Randomness that is the same for the same seed, on every machine and in every later version, so that a run can be repeated from the
/// seed that it printed. Not for secrets. May be used by many threads; their order is then not repeatable, but nothing breaks.
/// </summary>
/// <remarks>
/// The generator is xoshiro256** (D. Blackman and S. Vigna, "Scrambled Linear Pseudorandom Number Generators", 2018,
/// https://prng.di.unimi.it), its state filled from the seed by SplitMix64, as its authors advise. Numbers below a bound are unbiased by
/// D. Lemire's method ("Fast Random Integer Generation in an Interval", 2018).
/// </remarks>
public sealed class SeededEntropy : Entropy
{
    private readonly Lock _lock = new();
    private ulong _a;
    private ulong _b;
    private ulong _c;
    private ulong _d;

    /// <summary>A generator that begins where the seed says.</summary>
    /// <param name="seed">Any number; print it with whatever fails.</param>
    public SeededEntropy(long seed)
    {
        Seed = seed;
        var state = unchecked((ulong)seed);
        (_a, _b, _c, _d) = (SplitMix(ref state), SplitMix(ref state), SplitMix(ref state), SplitMix(ref state));
    }

    /// <summary>A generator in a known state, to compare with the authors' vectors.</summary>
    internal SeededEntropy(ulong a, ulong b, ulong c, ulong d) => (_a, _b, _c, _d) = (a, b, c, d);

    /// <summary>What it was made from.</summary>
    public long Seed { get; }

    /// <summary>A seed that nobody has used before, below 2^53 so that every tool can print and read it; for a run without a given seed.</summary>
    public static long NewSeed()
    {
        Span<byte> bytes = stackalloc byte[8];
        System.Fill(bytes);
        return (long)(BinaryPrimitives.ReadUInt64LittleEndian(bytes) >> 11);
    }

    /// <summary>A number of 64 random bits.</summary>
    public ulong NextUInt64()
    {
        lock (_lock)
        {
            unchecked
            {
                var result = BitOperations.RotateLeft(_b * 5, 7) * 9;
                var shifted = _b << 17;
                _c ^= _a;
                _d ^= _b;
                _b ^= _c;
                _a ^= _d;
                _c ^= shifted;
                _d = BitOperations.RotateLeft(_d, 45);
                return result;
            }
        }
    }

    /// <summary>A number from 0 to below <paramref name="max"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int Next(int max)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        return (int)Below((ulong)max);
    }

    /// <summary>A number from <paramref name="min"/> to below <paramref name="max"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none.</exception>
    public int Next(int min, int max)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(max, min);
        return (int)(min + (long)Below((ulong)((long)max - min)));
    }

    /// <summary>A number from 0 to below <paramref name="max"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public long NextInt64(long max)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        return (long)Below((ulong)max);
    }

    /// <summary>Whether something happens that has this probability.</summary>
    /// <param name="probability">From 0 (never) to 1 (always).</param>
    public bool Chance(double probability) => NextDouble() < probability;

    /// <summary>One of these, each as likely as the others.</summary>
    /// <exception cref="ArgumentException">There are none.</exception>
    public T Pick<T>(params ReadOnlySpan<T> from) => from.IsEmpty
        ? throw new ArgumentException("There is nothing to pick from.", nameof(from))
        : from[Next(from.Length)];

    /// <inheritdoc cref="Pick{T}(ReadOnlySpan{T})"/>
    public T Pick<T>(IReadOnlyList<T> from)
    {
        ArgumentNullException.ThrowIfNull(from);
        return from.Count == 0 ? throw new ArgumentException("There is nothing to pick from.", nameof(from)) : from[Next(from.Count)];
    }

    /// <summary>Brings items into a random order, each as likely as the others (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var last = items.Length - 1; last > 0; last--)
        {
            var other = Next(last + 1);
            (items[last], items[other]) = (items[other], items[last]);
        }
    }

    /// <summary>
    /// A generator of its own for a part of a run, so that what one part draws doesn't change what the others do. It takes one number from
    /// this one.
    /// </summary>
    public SeededEntropy Fork() => new(unchecked((long)NextUInt64()));

    /// <inheritdoc/>
    public override void Fill(Span<byte> buffer)
    {
        Span<byte> last = stackalloc byte[8];
        while (buffer.Length >= 8)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(buffer, NextUInt64());
            buffer = buffer[8..];
        }

        if (buffer.IsEmpty)
            return;
        BinaryPrimitives.WriteUInt64LittleEndian(last, NextUInt64());
        last[..buffer.Length].CopyTo(buffer);
    }

    private ulong Below(ulong max)
    {
        var product = Math.BigMul(NextUInt64(), max, out var low);
        if (low >= max)
            return product;
        // The numbers below this threshold would come up once too often.
        var threshold = unchecked(0 - max) % max;
        while (low < threshold)
            product = Math.BigMul(NextUInt64(), max, out low);
        return product;
    }

    /// <summary>SplitMix64 (G. Steele, D. Lea and C. Flood, "Fast Splittable Pseudorandom Number Generators", 2014).</summary>
    internal static ulong SplitMix(ref ulong state)
    {
        unchecked
        {
            var z = state += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
