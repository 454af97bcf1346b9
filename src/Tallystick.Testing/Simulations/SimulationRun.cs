using System.Collections.Immutable;
using System.Text;

namespace Tallystick.Testing.Simulations;

/// <summary>What came of a simulated run.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Hash">Stands for everything that happened, in order: the same seed gives the same hash.</param>
/// <param name="Steps">How many pieces of work were run.</param>
/// <param name="Trace">What happened, in order: seconds of virtual time, who, what.</param>
/// <param name="Failure">What didn't hold; null if all did.</param>
public sealed record SimulationRun(long Seed, string Hash, long Steps, ImmutableArray<string> Trace, string? Failure)
{
    private const int TraceLinesMax = 80;

    /// <summary>The decisions of the run that weren't dull, such as who was killed and what overtook what.</summary>
    public int Deviations => Schedule.Length;

    /// <summary>The decisions that the run of the seed itself made; more than <see cref="Deviations"/> if a shorter schedule was found.</summary>
    public int DeviationsAtFirst { get; internal init; }

    /// <summary>Whether the same seed would fail in the same way, so that a shorter schedule can be looked for.</summary>
    internal bool IsRepeatable { get; init; } = true;

    internal ImmutableArray<Deviation> Schedule { get; init; } = [];

    /// <summary>The failure, the schedule and the end of the trace, for people.</summary>
    public string Describe()
    {
        var text = new StringBuilder();
        text.AppendLine(Failure is null ? $"Seed {Seed}: everything holds." : $"Seed {Seed}: {Failure}");
        text.AppendLine();
        text.AppendLine(DeviationsAtFirst > Schedule.Length
            ? $"The shortest schedule that was found to fail has {Schedule.Length} decisions that aren't dull; the seed's own had {DeviationsAtFirst}:"
            : $"The schedule has {Schedule.Length} decisions that aren't dull:");
        foreach (var kind in Schedule.GroupBy(deviation => deviation.Kind))
            text.AppendLine($"  {kind.Key,-24} {string.Join(' ', kind.Select(deviation => deviation.Ordinal).Take(40))}{(kind.Count() > 40 ? " …" : "")}");
        text.AppendLine();
        if (Trace.Length > TraceLinesMax)
            text.AppendLine($"The last {TraceLinesMax} of {Trace.Length} lines of its trace (seconds, who, what):");
        else
            text.AppendLine("Its trace (seconds, who, what):");
        foreach (var line in Trace.TakeLast(TraceLinesMax))
            text.AppendLine(line);
        text.AppendLine();
        text.Append($"See it again with seed {Seed}: the trace's hash is then {Hash}.");
        return text.ToString();
    }
}
