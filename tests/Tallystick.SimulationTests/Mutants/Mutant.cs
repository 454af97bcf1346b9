using System.Collections.Immutable;

namespace Tallystick.SimulationTests.Mutants;

/// <summary>A place of the source and what it is replaced by.</summary>
/// <param name="File">The file, from <c>src</c>.</param>
/// <param name="Original">What must be found there, exactly once.</param>
/// <param name="Replacement">What the compiler sees instead.</param>
public sealed record Edit(string File, string Original, string Replacement);

/// <summary>
/// A deliberate bug: the library's own source, compiled with a few characters changed. The library itself has no switch for it, so what runs in production
/// is what is tested.
/// </summary>
/// <param name="Name">What is wrong, as a sentence.</param>
/// <param name="World">
/// The simulated application that meets it: <c>orders</c>, <c>ledger</c>, or <c>random</c> (orders, with random commands); of a bug of the shared store
/// the check that meets it.
/// </param>
/// <param name="SeedsMax">Within how many seeds it must be found.</param>
/// <param name="Findings">What the report must say: one of these parts of the failure's text, so that it isn't found by accident.</param>
public sealed record Mutant(string Name, string World, int SeedsMax, params ImmutableArray<string> Findings)
{
    /// <summary>The changes.</summary>
    public ImmutableArray<Edit> Edits { get; init; } = [];

    /// <summary>The project that they are in.</summary>
    public string Project => Edits[0].File.Split('/')[0];

    public override string ToString() => Name;
}
