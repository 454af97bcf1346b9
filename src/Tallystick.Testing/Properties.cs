using System.Runtime.CompilerServices;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Testing.Machines;
using Tallystick.Testing.Text;

namespace Tallystick.Testing;

/// <summary>
/// What holds always, tried with random histories: <c>Properties.Of&lt;OrderDecider&gt;().Always(order => order.Total >= 0)</c>. Commands
/// are generated from their types, and are valid where they check themselves. A failure is made as small as it gets and printed as a
/// specification to paste, with the seed that leads to it again. Each check throws a <see cref="CheckFailedException"/>, which any test
/// runner understands, and otherwise returns what it was called on.
/// </summary>
public static class Properties
{
    /// <summary>The properties of a decider.</summary>
    public static IDeciderProperties<TDecider> Of<TDecider>()
        where TDecider : Decider, new() => new DeciderProperties<TDecider>(static () => new TDecider(), new PropertyOptions());

    /// <summary>The properties of a decider that is given.</summary>
    public static IDeciderProperties<TDecider> Of<TDecider>(TDecider decider)
        where TDecider : Decider
    {
        ArgumentNullException.ThrowIfNull(decider);
        return new DeciderProperties<TDecider>(() => decider, new PropertyOptions());
    }

    /// <summary>The properties of a projection.</summary>
    public static ProjectionProperties OfProjection<TProjection>()
        where TProjection : Projection, new() => new(static () => new TProjection());

    /// <summary>The properties of a projection that needs something to be made.</summary>
    /// <param name="make">Makes a new one, as each process of the application would.</param>
    public static ProjectionProperties OfProjection(Func<Projection> make)
    {
        ArgumentNullException.ThrowIfNull(make);
        return new ProjectionProperties(make);
    }

    /// <summary>The properties of upcasters, which together lead from older shapes of events to those of today.</summary>
    public static UpcasterProperties OfUpcasters(params ReadOnlySpan<Upcaster> upcasters) => new([.. upcasters], new PropertyOptions());

    /// <summary>Something holds for the initial state and for the state after every command: every state that a reader can meet.</summary>
    /// <param name="properties">Of which decider.</param>
    /// <param name="invariant">What holds.</param>
    /// <param name="text">The source text of the invariant; the compiler supplies it.</param>
    /// <exception cref="CheckFailedException">A history leads to a state in which it doesn't hold.</exception>
    public static IDeciderProperties<Decider<TCommand, TEvent, TState>> Always<TCommand, TEvent, TState>(
        this IDeciderProperties<Decider<TCommand, TEvent, TState>> properties,
        Func<TState, bool> invariant,
        [CallerArgumentExpression(nameof(invariant))] string text = "")
        where TCommand : notnull
        where TEvent : notnull
        where TState : notnull
    {
        ArgumentNullException.ThrowIfNull(invariant);
        var rule = $"Always {text}";
        var then = $".ThenState({LambdaText.Typed(text, typeof(TState))})";
        return properties.Check(walk =>
        {
            if (Broken(() => invariant(walk.Decider.InitialState)) is { } atFirst)
                return new DeciderFinding(rule, $"{atFirst} for the initial state:\n  {CSharpText.Of(walk.Decider.InitialState, typeof(TState))}", -1, then);
            for (var i = 0; i < walk.Steps.Length; i++)
            {
                var state = walk.Steps[i].After;
                if (Broken(() => invariant(state)) is { } broken)
                    return new DeciderFinding(rule, $"{broken} for the state after the last command:\n{CSharpText.Indented(CSharpText.Of(state, typeof(TState)), "  ")}", i, then);
            }

            return null;
        });
    }

    /// <summary>Something holds for every step: the state before, the command, what was decided, and the state after.</summary>
    /// <param name="properties">Of which decider.</param>
    /// <param name="rule">What holds.</param>
    /// <param name="text">The source text of the rule; the compiler supplies it.</param>
    /// <exception cref="CheckFailedException">A history leads to a step for which it doesn't hold.</exception>
    public static IDeciderProperties<Decider<TCommand, TEvent, TState>> AlwaysAfter<TCommand, TEvent, TState>(
        this IDeciderProperties<Decider<TCommand, TEvent, TState>> properties,
        Func<TState, TCommand, Decision<TEvent>, TState, bool> rule,
        [CallerArgumentExpression(nameof(rule))] string text = "")
        where TCommand : notnull
        where TEvent : notnull
        where TState : notnull
    {
        ArgumentNullException.ThrowIfNull(rule);
        return properties.Check(walk =>
        {
            for (var i = 0; i < walk.Steps.Length; i++)
            {
                var step = walk.Steps[i];
                if (Broken(() => rule(step.Before, step.Command, step.Decision, step.After)) is { } broken)
                    return new DeciderFinding($"After every command {text}", $"{broken} for the last command, which was {step.Decision}.", i);
            }

            return null;
        });
    }

    /// <summary>Folding the stored events gives the state that was reached step by step: <c>Evolve</c> is pure, and events lose nothing.</summary>
    /// <exception cref="CheckFailedException">A history leads to two states.</exception>
    public static IDeciderProperties<Decider<TCommand, TEvent, TState>> FoldEqualsLive<TCommand, TEvent, TState>(
        this IDeciderProperties<Decider<TCommand, TEvent, TState>> properties)
        where TCommand : notnull
        where TEvent : notnull
        where TState : notnull
    {
        var machine = Machine(properties);
        machine.Check(walk => DeciderRules<TCommand, TEvent, TState>.FoldEqualsLive(walk, machine.Log));
        return properties;
    }

    /// <summary>A snapshot, taken after any number of events, and the events that follow give the same state as all events.</summary>
    /// <exception cref="CheckFailedException">A history leads to two states, or a state can't be a snapshot.</exception>
    public static IDeciderProperties<Decider<TCommand, TEvent, TState>> SnapshotPlusTailEqualsFold<TCommand, TEvent, TState>(
        this IDeciderProperties<Decider<TCommand, TEvent, TState>> properties)
        where TCommand : notnull
        where TEvent : notnull
        where TState : notnull
    {
        var machine = Machine(properties);
        machine.Check(walk => DeciderRules<TCommand, TEvent, TState>.SnapshotPlusTailEqualsFold(walk, machine.Log));
        return properties;
    }

    /// <summary>Events come back from the store as they went there: those that histories lead to, and random ones of every type.</summary>
    /// <exception cref="CheckFailedException">One comes back as another, or not at all.</exception>
    public static IDeciderProperties<Decider<TCommand, TEvent, TState>> EventsSurviveSerialisation<TCommand, TEvent, TState>(
        this IDeciderProperties<Decider<TCommand, TEvent, TState>> properties)
        where TCommand : notnull
        where TEvent : notnull
        where TState : notnull
    {
        var machine = Machine(properties);
        machine.Check(walk => DeciderRules<TCommand, TEvent, TState>.EventsSurviveSerialisation(walk, machine.Log));
        machine.CheckGeneratedEvents();
        return properties;
    }

    /// <summary>States come back from a snapshot as they went there.</summary>
    /// <exception cref="CheckFailedException">One comes back as another, or not at all.</exception>
    public static IDeciderProperties<Decider<TCommand, TEvent, TState>> StatesSurviveSerialisation<TCommand, TEvent, TState>(
        this IDeciderProperties<Decider<TCommand, TEvent, TState>> properties)
        where TCommand : notnull
        where TEvent : notnull
        where TState : notnull => properties.Check(DeciderRules<TCommand, TEvent, TState>.StatesSurviveSerialisation);

    /// <summary>A rejected command changes neither the state that it was given nor anything that comes after it.</summary>
    /// <exception cref="CheckFailedException">One does.</exception>
    public static IDeciderProperties<Decider<TCommand, TEvent, TState>> RejectionsChangeNothing<TCommand, TEvent, TState>(
        this IDeciderProperties<Decider<TCommand, TEvent, TState>> properties)
        where TCommand : notnull
        where TEvent : notnull
        where TState : notnull => properties.Check(DeciderRules<TCommand, TEvent, TState>.RejectionsChangeNothing);

    /// <summary>The same command in the same state is always decided in the same way: after a conflict it is decided again.</summary>
    /// <exception cref="CheckFailedException">One isn't.</exception>
    public static IDeciderProperties<Decider<TCommand, TEvent, TState>> DecidesTheSameAgain<TCommand, TEvent, TState>(
        this IDeciderProperties<Decider<TCommand, TEvent, TState>> properties)
        where TCommand : notnull
        where TEvent : notnull
        where TState : notnull => properties.Check(DeciderRules<TCommand, TEvent, TState>.DecidesTheSameAgain);

    /// <summary>
    /// Everything that must hold for any decider: it doesn't throw, decides the same again, its events survive being stored, the fold of the log
    /// equals the live state, rejections change nothing; and if it wants snapshots, these are as good as the fold.
    /// </summary>
    /// <exception cref="CheckFailedException">One of these doesn't hold.</exception>
    public static IDeciderProperties<Decider<TCommand, TEvent, TState>> KeepsTheRules<TCommand, TEvent, TState>(
        this IDeciderProperties<Decider<TCommand, TEvent, TState>> properties)
        where TCommand : notnull
        where TEvent : notnull
        where TState : notnull
    {
        var machine = Machine(properties);
        machine.Check(machine.BuiltIn);
        machine.CheckGeneratedEvents();
        return properties;
    }

    private static IDeciderProperties<Decider<TCommand, TEvent, TState>> Check<TCommand, TEvent, TState>(
        this IDeciderProperties<Decider<TCommand, TEvent, TState>> properties, Func<Walk<TCommand, TEvent, TState>, DeciderFinding?> rule)
        where TCommand : notnull
        where TEvent : notnull
        where TState : notnull
    {
        Machine(properties).Check(rule);
        return properties;
    }

    private static DeciderMachine<TCommand, TEvent, TState> Machine<TCommand, TEvent, TState>(
        IDeciderProperties<Decider<TCommand, TEvent, TState>> properties)
        where TCommand : notnull
        where TEvent : notnull
        where TState : notnull => new(() => properties.Decider, properties.Options);

    /// <summary>Why a condition doesn't hold; null if it does.</summary>
    private static string? Broken(Func<bool> holds)
    {
        try
        {
            return holds() ? null : "It is false";
        }
        catch (Exception error)
        {
            return $"It threw {error.GetType().Name} ({error.Message})";
        }
    }
}
