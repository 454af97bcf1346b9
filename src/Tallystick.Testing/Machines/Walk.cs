using System.Collections.Immutable;
using Tallystick.Commands;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Machines;

/// <summary>One command of a walk and what became of it.</summary>
internal sealed record Step<TCommand, TEvent, TState>(TCommand Command, TState Before, Decision<TEvent> Decision, TState After)
    where TEvent : notnull;

/// <summary>A decider led from its initial state by commands, as the state in memory goes: never read from the log.</summary>
internal sealed class Walk<TCommand, TEvent, TState>
    where TCommand : notnull
    where TEvent : notnull
    where TState : notnull
{
    private Walk(Decider<TCommand, TEvent, TState> decider, ImmutableArray<TCommand> commands) => (Decider, Commands) = (decider, commands);

    public Decider<TCommand, TEvent, TState> Decider { get; }

    public ImmutableArray<TCommand> Commands { get; }

    /// <summary>As far as it went.</summary>
    public ImmutableArray<Step<TCommand, TEvent, TState>> Steps { get; private set; } = [];

    /// <summary>What ended it early: the decider threw.</summary>
    public DeciderFinding? Fault { get; private set; }

    public IEnumerable<TEvent> Events => Steps.SelectMany(step => step.Decision.Events);

    public static Walk<TCommand, TEvent, TState> Of(Decider<TCommand, TEvent, TState> decider, ImmutableArray<TCommand> commands)
    {
        var walk = new Walk<TCommand, TEvent, TState>(decider, commands);
        walk.Run();
        return walk;
    }

    private void Run()
    {
        var steps = ImmutableArray.CreateBuilder<Step<TCommand, TEvent, TState>>(Commands.Length);
        var state = Decider.InitialState;
        foreach (var command in Commands)
        {
            var before = state;
            var part = "Decide";
            try
            {
                var decision = Decider.Decide(command, before);
                foreach (var e in decision.Events)
                {
                    part = $"Evolve, given {CSharpText.Brief(e, typeof(TEvent))},";
                    state = Decider.Evolve(state, e) ?? throw new InvalidOperationException("It gave null instead of a state.");
                }

                steps.Add(new Step<TCommand, TEvent, TState>(command, before, decision, state));
            }
            catch (Exception error)
            {
                var rule = part == "Decide" ? "Decide doesn't throw" : "Evolve doesn't throw";
                Fault = new DeciderFinding(
                    rule, $"{part} threw {error.GetType().Name}: {error.Message}\nA rule that refuses says so by Reject; what a command alone can tell is for its Validate.",
                    steps.Count, "") { Cause = error };
                break;
            }
        }

        Steps = steps.ToImmutable();
    }
}

/// <summary>A rule of a decider that a walk breaks.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="What">What is wrong.</param>
/// <param name="At">The step, from 0; -1: the initial state.</param>
/// <param name="Then">How a specification demands what is missing; empty: not at all; null: it shows what happened.</param>
internal sealed record DeciderFinding(string Rule, string What, int At, string? Then = null) : Finding(Rule, What)
{
    /// <summary>What was thrown, if anything was.</summary>
    public Exception? Cause { get; init; }

    /// <summary>The walk on which it was found: of a decider that isn't pure, another one would be different.</summary>
    public object? Walk { get; init; }
}
