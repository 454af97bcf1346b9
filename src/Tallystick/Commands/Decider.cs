using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Tallystick.Events;

namespace Tallystick.Commands;

/// <summary>
/// The part of a decider that doesn't depend on its types, by which it is registered. Derive from
/// <see cref="Decider{TCommand, TEvent, TState}"/>.
/// </summary>
public abstract class Decider
{
    private protected Decider()
    {
    }

    /// <summary>The category of its streams, such as <c>order</c>. Stored with every event, so it must never change.</summary>
    public abstract string Category { get; }

    /// <summary>
    /// The version of the shape and of the meaning of the state. Raise it whenever the state type or <c>Evolve</c> changes: snapshots
    /// of another version are ignored, and replaced in time. Default 1.
    /// </summary>
    public virtual int StateVersion => 1;

    /// <summary>
    /// A snapshot is stored by the commit that reaches or passes a multiple of this many events. Default 0: no snapshots. They only pay
    /// for streams of many hundreds of events.
    /// </summary>
    public virtual int SnapshotEvery => 0;

    /// <summary>The base type of its commands.</summary>
    public abstract Type CommandType { get; }

    /// <summary>The base type of its events.</summary>
    public abstract Type EventType { get; }

    /// <summary>The type of its state.</summary>
    public abstract Type StateType { get; }

    internal abstract object InitialStateObject { get; }

    /// <summary>Decides, and if the command is accepted, serialises the events and folds them into the next state.</summary>
    internal abstract DecidedCommand Run(object command, object state, EventSerializer serializer);

    /// <summary>Folds one stored event.</summary>
    /// <exception cref="EventFormatException">The event isn't one of this decider's.</exception>
    internal abstract object EvolveObject(object state, object @event, RecordedEvent recorded);
}

/// <summary>
/// The rules of one kind of entity as pure functions over immutable records: which events a command causes in a state, and which
/// state an event leads to. It has no fields that change, reads no clock and calls nobody, so it can be replayed, tested and run
/// anywhere.
/// </summary>
/// <typeparam name="TCommand">The base type of its commands. No other decider takes a command that derives from it.</typeparam>
/// <typeparam name="TEvent">
/// The base type of its events, deeply immutable. Every concrete type in its assembly that derives from it has an
/// <see cref="EventTypeAttribute"/>.
/// </typeparam>
/// <typeparam name="TState">The state, deeply immutable.</typeparam>
public abstract class Decider<TCommand, TEvent, TState> : Decider
    where TCommand : notnull
    where TEvent : notnull
    where TState : notnull
{
    /// <summary>The state before the first event.</summary>
    public abstract TState InitialState { get; }

    /// <inheritdoc/>
    public sealed override Type CommandType => typeof(TCommand);

    /// <inheritdoc/>
    public sealed override Type EventType => typeof(TEvent);

    /// <inheritdoc/>
    public sealed override Type StateType => typeof(TState);

    internal sealed override object InitialStateObject => InitialState;

    /// <summary>What happens when a command arrives in a state. Pure. May be called again for the same command on a newer state.</summary>
    public abstract Decision<TEvent> Decide(TCommand command, TState state);

    /// <summary>The state after an event. Pure, and it never refuses: what is stored has happened.</summary>
    public abstract TState Evolve(TState state, TEvent @event);

    /// <summary>The command is accepted and these events happen; none: there is nothing to do.</summary>
    protected static Decision<TEvent> Accept(params ReadOnlySpan<TEvent> events) => Decision<TEvent>.Accept(events);

    /// <summary>The command is rejected.</summary>
    /// <param name="code">For programs: lower-case letters, digits and hyphens.</param>
    /// <param name="message">For people.</param>
    protected static Decision<TEvent> Reject(string code, string message) => Decision<TEvent>.Reject(new Rejection(code, message));

    internal sealed override DecidedCommand Run(object command, object state, EventSerializer serializer)
    {
        var decision = Decide((TCommand)command, (TState)state);
        if (decision.IsRejected)
            return new DecidedCommand(decision.Rejection, state, []);
        var events = decision.Events;
        if (events.IsEmpty)
            return new DecidedCommand(null, state, []);

        // Folded before anything is stored: an event that Evolve can't take must not become history.
        var next = (TState)state;
        var serialized = new NewEvent[events.Length];
        for (var i = 0; i < serialized.Length; i++)
        {
            serialized[i] = serializer.Serialize(events[i]);
            next = EvolveChecked(next, events[i]);
        }

        return new DecidedCommand(null, next, ImmutableCollectionsMarshal.AsImmutableArray(serialized));
    }

    internal sealed override object EvolveObject(object state, object @event, RecordedEvent recorded) => @event is TEvent e
        ? EvolveChecked((TState)state, e)
        : throw new EventFormatException(
            recorded, $"it is a {@event.GetType()} in stream {recorded.Stream}, but {GetType()} folds only a {typeof(TEvent)}.");

    private TState EvolveChecked(TState state, TEvent @event) => Evolve(state, @event) ?? throw new InvalidOperationException(
        $"{GetType()}.Evolve gave null for {@event.GetType()}; give the state that it was given if the event doesn't concern it.");
}

/// <summary>What a decider made of a command, ready to be committed.</summary>
/// <param name="Rejection">Why not; null when accepted.</param>
/// <param name="State">The state after the events.</param>
/// <param name="Events">What to append.</param>
internal readonly record struct DecidedCommand(Rejection? Rejection, object State, ImmutableArray<NewEvent> Events);
