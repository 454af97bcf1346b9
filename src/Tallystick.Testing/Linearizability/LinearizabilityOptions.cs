namespace Tallystick.Testing.Linearizability;

/// <summary>How far the checker goes before it gives up. To decide linearizability is NP-complete, so there must be a bound.</summary>
public sealed record LinearizabilityOptions
{
    /// <summary>The defaults.</summary>
    public static LinearizabilityOptions Default { get; } = new();

    /// <summary>
    /// The most configurations, each a set of operations done and the state after them, that are remembered for one part of a history. It
    /// bounds time and memory: one takes about 60 bytes, 8 more for each 64 operations that overlap, and what a state takes if it is a new
    /// one; and about a microsecond plus the model's own time. Default 4,000,000. Shortening the proof of a violation may take up to as many again.
    /// </summary>
    public int ConfigurationsMax { get; init; } = 4_000_000;
}
