using Tallystick.Testing.Generation;
using Tallystick.Testing.Randomness;

namespace Tallystick.Testing.Machines;

/// <summary>How thoroughly a property is tried, and with what.</summary>
public sealed record PropertyOptions
{
    /// <summary>Where all chance comes from. Null (the default): a new one for each check, which a failure prints.</summary>
    public long? Seed { get; init; }

    /// <summary>How many random histories are tried. Default 100.</summary>
    public int Runs { get; init; } = 100;

    /// <summary>The most commands of a history; the first ones are short. Default 30.</summary>
    public int LengthMax { get; init; } = 30;

    /// <summary>The most attempts to make a counter-example smaller. Default 5,000.</summary>
    public int ShrinksMax { get; init; } = 5000;

    /// <summary>How values are generated.</summary>
    public GenerationOptions Generation { get; init; } = GenerationOptions.Default;

    internal long SeedOrNew() => Seed ?? SeededEntropy.NewSeed();
}
