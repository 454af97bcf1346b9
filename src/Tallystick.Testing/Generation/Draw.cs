using Tallystick.Testing.Randomness;

namespace Tallystick.Testing.Generation;

/// <summary>What generating one value needs: where chance comes from, how large things may be, and what was used before.</summary>
internal sealed class Draw(SeededEntropy entropy, int size, ValueMemory memory, GenerationOptions options)
{
    /// <summary>From here on a value that can end ends: the optional is missing, a collection is empty.</summary>
    public const int ShallowDepth = 8;

    /// <summary>A type that gets here can't end.</summary>
    public const int DepthMax = 60;

    /// <summary>At this size everything has its full range.</summary>
    public const int FullSize = 100;

    public SeededEntropy Entropy { get; } = entropy;

    /// <summary>From 1 to 100, as in FsCheck: small values first.</summary>
    public int Size { get; } = Math.Clamp(size, 1, FullSize);

    public ValueMemory Memory { get; } = memory;

    public GenerationOptions Options { get; } = options;

    public int Depth { get; set; }

    public bool IsDeep => Depth >= ShallowDepth;

    /// <summary>Whether this value shall be a nasty one; the first, small values of a run aren't.</summary>
    public bool IsNasty() => Entropy.Chance(Options.NastyProbability * Size / FullSize * 2);
}
