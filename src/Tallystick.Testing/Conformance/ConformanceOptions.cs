namespace Tallystick.Testing.Conformance;

/// <summary>How a test of the suite runs.</summary>
public sealed record ConformanceOptions
{
    /// <summary>
    /// How long a test may take before it fails. Default 90 s: tests take milliseconds to some seconds, and the deadline only keeps a store
    /// that doesn't answer from hanging the run.
    /// </summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>The clock of the deadline. Default: the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>
    /// The seed of randomised tests; null (the default) draws a new one for each run. It is logged, and named in a failure's message. Where a
    /// test draws several, this is the first one's.
    /// </summary>
    public long? Seed { get; init; }

    /// <summary>Gets a line for whatever is worth printing, such as seeds. Default: nobody does.</summary>
    public Action<string>? Log { get; init; }

    internal static ConformanceOptions Default { get; } = new();
}
