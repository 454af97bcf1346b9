using System.Collections.Immutable;

namespace Tallystick.Testing.Leaks;

/// <summary>What <see cref="Leakage"/> has tried without finding anything.</summary>
/// <param name="Seed">Where its choices came from.</param>
/// <param name="Operations">Every operation that was run as the tenant, by name, in the order of their first run.</param>
/// <param name="Runs">How many runs of them were searched and compared.</param>
/// <param name="Excused">What never succeeded and was excused, with the reason.</param>
public sealed record LeakageReport(long Seed, ImmutableArray<string> Operations, int Runs, ImmutableArray<(string Operation, string Reason)> Excused);
