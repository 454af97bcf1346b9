using System.Text.Json;
using Tallystick.Commands;
using Tallystick.Events;

namespace Tallystick.Testing.Simulations;

/// <summary>Folds and asks a decider whose types are known at run time only.</summary>
internal abstract class DeciderFold
{
    public static DeciderFold Of(Decider decider) => (DeciderFold)Activator.CreateInstance(
        typeof(Typed<,,>).MakeGenericType(decider.CommandType, decider.EventType, decider.StateType), decider)!;

    /// <summary>The state after some events, as JSON.</summary>
    public abstract byte[] State(IEnumerable<object> events);

    /// <summary>The code by which a command is rejected after some events; null if it is accepted.</summary>
    public abstract string? Rejection(object command, IEnumerable<object> events);

    private sealed class Typed<TCommand, TEvent, TState>(Decider<TCommand, TEvent, TState> decider) : DeciderFold
        where TCommand : notnull
        where TEvent : notnull
        where TState : notnull
    {
        public override byte[] State(IEnumerable<object> events) => JsonSerializer.SerializeToUtf8Bytes(Fold(events), EventSerializer.DefaultOptions);

        public override string? Rejection(object command, IEnumerable<object> events) => decider.Decide((TCommand)command, Fold(events)).Rejection?.Code;

        private TState Fold(IEnumerable<object> events) => events.Aggregate(decider.InitialState, (state, e) => decider.Evolve(state, (TEvent)e));
    }
}
