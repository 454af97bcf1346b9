using System.Collections.Immutable;
using Tallystick.Commands;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Specifications;

/// <summary>A decider whose types are only known when the test runs.</summary>
internal abstract class DeciderRules
{
    public abstract Decider Decider { get; }

    public abstract object InitialState { get; }

    public static DeciderRules Of(Decider decider) => (DeciderRules)Activator.CreateInstance(
        typeof(Typed<,,>).MakeGenericType(decider.CommandType, decider.EventType, decider.StateType), decider)!;

    /// <summary>What the decider makes of a command.</summary>
    /// <exception cref="CheckFailedException">Decide threw, or decided otherwise when it was asked again.</exception>
    public abstract Outcome Decide(object command, object state);

    /// <summary>The state after an event.</summary>
    /// <exception cref="CheckFailedException">Evolve threw or gave null.</exception>
    public abstract object Evolve(object state, object @event);

    /// <summary>Why a value can't be given to the decider; null if it can.</summary>
    public static string? Misfit(object value, Type wanted, string what, Decider decider) => wanted.IsInstanceOfType(value) ? null :
        $"{CSharpText.TypeName(value.GetType())} is no {what} of {CSharpText.TypeName(decider.GetType())}: its {what}s derive from {CSharpText.TypeName(wanted)}.";

    private sealed class Typed<TCommand, TEvent, TState>(Decider<TCommand, TEvent, TState> decider) : DeciderRules
        where TCommand : notnull
        where TEvent : notnull
        where TState : notnull
    {
        public override Decider Decider => decider;

        public override object InitialState => decider.InitialState;

        public override Outcome Decide(object command, object state)
        {
            var (first, second) = (Ask(command, state), Ask(command, state));
            if (first == second || Difference.AreEqual(first, second))
                return first;
            throw new CheckFailedException(
                $"Decide isn't pure: asked twice about {CSharpText.Brief(command, typeof(object))} in the same state, it decided differently. It must use "
                + $"nothing but the command and the state; a time or an id belongs into the command.\n{Difference.Between(first, second)}");
        }

        public override object Evolve(object state, object @event)
        {
            try
            {
                return decider.Evolve((TState)state, (TEvent)@event) ?? throw new InvalidOperationException("it gave null.");
            }
            catch (Exception error)
            {
                throw new CheckFailedException(
                    $"Evolve failed on {CSharpText.Brief(@event, typeof(object))}: {error.Message}\n"
                    + "It never refuses: what is stored has happened. Give the state that it was given if the event doesn't concern it.", error);
            }
        }

        private Outcome Ask(object command, object state)
        {
            try
            {
                var decision = decider.Decide((TCommand)command, (TState)state);
                return decision.IsRejected
                    ? new Outcome.Rejected(decision.Rejection)
                    : new Outcome.Accepted([.. decision.Events.Select(e => (object)e)]);
            }
            catch (Exception error)
            {
                throw new CheckFailedException(
                    $"Decide threw {error.GetType().Name} on {CSharpText.Brief(command, typeof(object))}: {error.Message}\nA rule that refuses says so by Reject.", error);
            }
        }
    }
}

/// <summary>What became of one command.</summary>
internal abstract record Outcome
{
    private Outcome()
    {
    }

    /// <summary>The outcome in words.</summary>
    public abstract string Words { get; }

    /// <summary>Events happened, or none.</summary>
    public sealed record Accepted(ImmutableArray<object> Events) : Outcome
    {
        public override string Words => Events.Length switch
        {
            0 => "the command was accepted and nothing happened",
            1 => "the command was accepted and 1 event happened",
            _ => FormattableString.Invariant($"the command was accepted and {Events.Length} events happened"),
        };
    }

    /// <summary>A rule refused it.</summary>
    public sealed record Rejected(Rejection Rejection) : Outcome
    {
        public override string Words => $"the command was rejected with \"{Rejection.Code}\": {Rejection.Message}";
    }

    /// <summary>It is malformed.</summary>
    public sealed record Invalid(ImmutableArray<ValidationFailure> Failures) : Outcome
    {
        public override string Words =>
            $"the command is invalid: {string.Join(" ", Failures.Select(failure => failure.Field.Length == 0 ? failure.Message : $"{failure.Field}: {failure.Message}"))}";
    }
}
