using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Pipeline;

namespace Tallystick.Commands;

/// <summary>How commands are processed.</summary>
public sealed record CommandOptions
{
    /// <summary>The most attempts of a command that meets conflicts, the first included. Default 10.</summary>
    public int AttemptsMax { get; init; } = 10;

    /// <summary>
    /// The wait before the third attempt (the second follows at once); it doubles with each further one, and a random part of up to
    /// half is taken off. Default 5 ms.
    /// </summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>The longest wait between two attempts. Default 250 ms.</summary>
    public TimeSpan RetryDelayMax { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The most streams whose state is kept in memory; the least recently used goes first. Default 10,000.</summary>
    public int CachedStatesMax { get; init; } = StateCache.DefaultCapacity;

    /// <summary>The most events that are read from the store at once when state is folded. Default 500.</summary>
    public int ReadPageLength { get; init; } = 500;

    /// <summary>The clock that retries wait by. Default: the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where the randomness of the waits comes from. Default: the operating system's.</summary>
    public Entropy Entropy { get; init; } = Entropy.System;

    /// <summary>What checks commands before anything else looks at them. Default: only what commands check themselves.</summary>
    public ImmutableArray<CommandValidator> Validators { get; init; } = [];

    /// <summary>Who may do what. A command type without a policy is allowed to everyone. Default: none.</summary>
    public ImmutableArray<CommandPolicy> Policies { get; init; } = [];

    /// <summary>
    /// Changes the pipeline after the built-in steps were added: <c>steps => steps.Use("audit", step)</c> puts a step just around the
    /// handler, <c>UseBefore</c> and <c>UseAfter</c> around the steps named in <see cref="CommandSteps"/>. Default: nothing.
    /// </summary>
    public Action<PipelineBuilder<CommandRequest, CommandResult>>? ConfigurePipeline { get; init; }

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(AttemptsMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(RetryDelay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(RetryDelayMax, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(ReadPageLength, 1);
    }
}
