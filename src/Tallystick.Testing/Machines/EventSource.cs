using System.Collections.Immutable;
using Tallystick.Commands;
using Tallystick.Testing.Generation;
using Tallystick.Testing.Randomness;

namespace Tallystick.Testing.Machines;

/// <summary>Where the events of stories come from: a decider, whose types are only known when the test runs.</summary>
internal abstract class EventSource
{
    public abstract Decider Decider { get; }

    /// <summary>Commands for it, in its order; the state after each.</summary>
    public abstract object NextCommand(object? state, SeededEntropy entropy, ValueMemory memory, int size, out object next);

    /// <summary>What happens; null if it was rejected, or can't be folded.</summary>
    public abstract ImmutableArray<object>? Apply(object command, ref object? state);

    public abstract IEnumerable<object> Shrink(object command);

    public static EventSource Of(Decider decider, GenerationOptions options) => (EventSource)Activator.CreateInstance(
        typeof(DeciderSource<,,>).MakeGenericType(decider.CommandType, decider.EventType, decider.StateType), decider, options)!;

    private sealed class DeciderSource<TCommand, TEvent, TState>(Decider<TCommand, TEvent, TState> decider, GenerationOptions options) : EventSource
        where TCommand : notnull
        where TEvent : notnull
        where TState : notnull
    {
        private readonly CommandGenerator _generator = CommandGenerator.For(decider, options);

        public override Decider Decider => decider;

        public override object NextCommand(object? state, SeededEntropy entropy, ValueMemory memory, int size, out object next)
        {
            var sequences = new CommandSequences<TCommand, TEvent, TState>(() => decider, _generator, 1);
            var typed = state is null ? decider.InitialState : (TState)state;
            var command = sequences.Next(decider, entropy, memory, size, ref typed);
            next = typed;
            return command;
        }

        public override ImmutableArray<object>? Apply(object command, ref object? state)
        {
            var typed = state is null ? decider.InitialState : (TState)state;
            var decision = decider.Decide((TCommand)command, typed);
            if (decision.IsRejected)
                return null;
            foreach (var e in decision.Events)
                typed = decider.Evolve(typed, e);
            state = typed;
            return [.. decision.Events.Select(e => (object)e)];
        }

        public override IEnumerable<object> Shrink(object command) => _generator.Shrink(command);
    }
}
