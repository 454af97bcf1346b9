using System.Text.Json.Serialization;
using Tallystick.Commands;
using Tallystick.Events;

namespace Tallystick.Tests.Testing.Machines;

public abstract record CounterCommand;

public sealed record Count : CounterCommand;

public abstract record CounterEvent;

[EventType("counter.counted")]
public sealed record Counted : CounterEvent;

public sealed record ForgetfulState
{
    [JsonIgnore]
    public int Count { get; init; }
}

/// <summary>Its state loses the count when it is stored, and it wants snapshots.</summary>
public sealed class ForgetfulCounter : Decider<CounterCommand, CounterEvent, ForgetfulState>
{
    public override string Category => "counter";

    public override int SnapshotEvery => 5;

    public override ForgetfulState InitialState { get; } = new();

    public override Decision<CounterEvent> Decide(CounterCommand command, ForgetfulState state) => Accept(new Counted());

    public override ForgetfulState Evolve(ForgetfulState state, CounterEvent @event) =>
        new() { Count = state.Count + 1 };
}

public abstract record LossyEvent;

[EventType("lossy.counted")]
public sealed record LossyCounted : LossyEvent;

/// <summary>No command leads to it, and it isn't stored whole.</summary>
[EventType("lossy.reset")]
public sealed record CounterReset : LossyEvent
{
    [JsonIgnore]
    public int To { get; init; }
}

public sealed record LossyState(int Count);

public sealed class LossyCounter : Decider<CounterCommand, LossyEvent, LossyState>
{
    public override string Category => "lossy";

    public override LossyState InitialState { get; } = new(0);

    public override Decision<LossyEvent> Decide(CounterCommand command, LossyState state) => Accept(new LossyCounted());

    public override LossyState Evolve(LossyState state, LossyEvent @event) => new(state.Count + 1);
}

public sealed class MutableState
{
    public int Count { get; set; }
}

public sealed class MutableCounter : Decider<CounterCommand, CounterEvent, MutableState>
{
    public override string Category => "mutable";

    public override MutableState InitialState => new();

    public override Decision<CounterEvent> Decide(CounterCommand command, MutableState state) => Accept(new Counted());

    public override MutableState Evolve(MutableState state, CounterEvent @event) => state;
}
