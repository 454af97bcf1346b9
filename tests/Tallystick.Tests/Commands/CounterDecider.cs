using Tallystick.Commands;
using Tallystick.Events;

namespace Tallystick.Tests.Commands;

public abstract record CounterCommand;

/// <summary>Adds to the counter, which is rejected beyond a hundred thousand or when it is closed.</summary>
public record Add(int By) : CounterCommand;

public sealed record AddTwice(int By) : Add(By);

/// <summary>Makes the counter at least this; nothing to do if it is already.</summary>
public sealed record Raise(int To) : CounterCommand;

public sealed record Close : CounterCommand;

public abstract record CounterEvent;

[EventType("counter.added")]
public sealed record Added(int By, [property: EventTag("counter")] string? Tag = null) : CounterEvent;

[EventType("counter.closed")]
public sealed record Closed : CounterEvent;

public sealed record Counter(long Value, bool IsClosed);

public sealed class CounterDecider(int snapshotEvery = 0, int stateVersion = 1) : Decider<CounterCommand, CounterEvent, Counter>
{
    public override string Category => "counter";

    public override Counter InitialState { get; } = new(0, false);

    public override int SnapshotEvery => snapshotEvery;

    public override int StateVersion => stateVersion;

    public override Decision<CounterEvent> Decide(CounterCommand command, Counter state) => (command, state.IsClosed) switch
    {
        (Raise raise, _) => raise.To <= state.Value ? Accept() : Accept(new Added((int)(raise.To - state.Value))),
        (_, true) => Reject("counter-closed", "A closed counter can't be changed."),
        (AddTwice add, _) => Accept(new Added(add.By), new Added(add.By)),
        (Add add, _) => Accept(new Added(add.By)),
        (Close, _) => Accept(new Closed()),
        _ => Reject("unknown", "Unknown command."),
    };

    public override Counter Evolve(Counter state, CounterEvent @event) => @event switch
    {
        Added added => state with { Value = state.Value + added.By },
        Closed => state with { IsClosed = true },
        _ => state,
    };
}
