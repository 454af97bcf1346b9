using Tallystick.Commands;
using Tallystick.Events;

namespace Tallystick.Tests.Commands;

public sealed class DeciderRegistrationTests
{
    [Fact]
    public void The_concrete_types_of_an_abstract_event_type_are_found() =>
        Assert.Equal([typeof(Added), typeof(Closed)], DeciderRegistration.Of(new CounterDecider()).EventTypes);

    [Fact]
    public void A_mutable_state_is_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => DeciderRegistration.Of(new Of<NoCommand, Happened, MutableState>(new MutableState())));
        Assert.Contains("MutableState", error.Message, StringComparison.Ordinal);
        Assert.Contains("Lines", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mutable_event_is_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => DeciderRegistration.Of(new Of<NoCommand, MutableEvent, State>(new State())));
        Assert.Contains("MutableHappened", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_event_without_a_stable_name_is_refused()
    {
        var error = Assert.Throws<InvalidOperationException>(() => DeciderRegistration.Of(new Of<NoCommand, NamelessEvent, State>(new State())));
        Assert.Contains("NamelessHappened", error.Message, StringComparison.Ordinal);
        Assert.Contains("[EventType(", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_event_type_without_concrete_types_generic_ones_or_object_is_refused()
    {
        Assert.Throws<ArgumentException>(() => DeciderRegistration.Of(new Of<NoCommand, EmptyEvent, State>(new State())));
        Assert.Throws<ArgumentException>(() => DeciderRegistration.Of(new Of<NoCommand, GenericEvent, State>(new State())));
        Assert.Throws<ArgumentException>(() => DeciderRegistration.Of(new Of<NoCommand, object, State>(new State())));
    }

    [Fact]
    public void A_wrong_category_interval_version_or_initial_state_is_refused()
    {
        Assert.Throws<ArgumentException>(() => DeciderRegistration.Of(new Of<NoCommand, Happened, State>(new State(), "Or-der")));
        Assert.Throws<ArgumentException>(() => DeciderRegistration.Of(new Of<NoCommand, Happened, State>(null!)));
        Assert.Throws<ArgumentException>(() => DeciderRegistration.Of(new CounterDecider(snapshotEvery: -1)));
        Assert.Throws<ArgumentException>(() => DeciderRegistration.Of(new CounterDecider(stateVersion: 0)));
    }

    [Fact]
    public void A_command_finds_its_decider_by_any_of_its_base_types()
    {
        var counter = new CounterDecider();
        var deciders = Deciders.Of(counter, new Of<NoCommand, Happened, State>(new State()), new Of<ICommand, Happened, State>(new State(), "third"));
        Assert.Same(counter, deciders.ForCommand(typeof(Add)));
        Assert.Same(counter, deciders.ForCommand(typeof(AddTwice)));
        Assert.Equal("sample", deciders.ForCommand(typeof(NoCommand)).Category);
        Assert.Equal("third", deciders.ForCommand(typeof(SomeCommand)).Category);
        Assert.Same(counter, deciders.ForCategory("counter"));
        Assert.Null(deciders.FindCategory("unknown"));
        Assert.Contains("'counter'", Assert.Throws<InvalidOperationException>(() => deciders.ForCategory("x")).Message, StringComparison.Ordinal);
        Assert.Equal(3, deciders.EventTypes.Length);
    }

    [Fact]
    public void Two_deciders_with_one_category_are_refused() => Assert.Contains("'counter'", Assert.Throws<ArgumentException>(
        () => Deciders.Of(new CounterDecider(), new Of<NoCommand, Happened, State>(new State(), "counter"))).Message, StringComparison.Ordinal);

    [Fact]
    public void Two_deciders_with_overlapping_commands_are_refused()
    {
        Refused(new Of<CounterCommand, Happened, State>(new State()));
        Refused(new Of<AddTwice, Happened, State>(new State()));
        Refused(new Of<object, Happened, State>(new State()));
        var byInterface = Assert.Throws<ArgumentException>(() => Deciders.Of(
            new Of<ICommand, Happened, State>(new State(), "one"), new Of<IOtherCommand, Happened, State>(new State(), "two")));
        Assert.Contains("BothCommand", byInterface.Message, StringComparison.Ordinal);

        static void Refused(Decider other) => Assert.Contains(
            "same commands", Assert.Throws<ArgumentException>(() => Deciders.Of(new CounterDecider(), other)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_of_a_type_that_two_deciders_take_is_refused_when_it_comes()
    {
        // Nobody could see it before: the type that has both interfaces is in no list of types.
        var deciders = Deciders.Of(new Of<ICommand, Happened, State>(new State(), "one"), new Of<IThirdCommand, Happened, State>(new State(), "two"));
        var mock = System.Reflection.Emit.AssemblyBuilder.DefineDynamicAssembly(new("commands"), System.Reflection.Emit.AssemblyBuilderAccess.Run)
            .DefineDynamicModule("commands").DefineType("Both", System.Reflection.TypeAttributes.Public, typeof(object), [typeof(ICommand), typeof(IThirdCommand)])
            .CreateType();
        Assert.Contains("a command of two deciders", Assert.Throws<InvalidOperationException>(() => deciders.ForCommand(mock)).Message, StringComparison.Ordinal);
    }

    public interface ICommand;

    public interface IOtherCommand;

    public interface IThirdCommand;

    public sealed record SomeCommand : ICommand;

    public sealed record BothCommand : ICommand, IOtherCommand;

    public sealed record NoCommand;

    [EventType("sample.happened")]
    public sealed record Happened;

    public sealed record State;

    public sealed record MutableState
    {
        public List<string> Lines { get; } = [];
    }

    public abstract record MutableEvent;

    [EventType("sample.mutable")]
    public sealed record MutableHappened : MutableEvent
    {
        public int Count { get; set; }
    }

    public abstract record NamelessEvent;

    public sealed record NamelessHappened : NamelessEvent;

    public abstract record EmptyEvent;

    public abstract record GenericEvent;

    [EventType("sample.generic")]
    public sealed record GenericHappened<T>(T Value) : GenericEvent;

    private sealed class Of<TCommand, TEvent, TState>(TState initial, string category = "sample") : Decider<TCommand, TEvent, TState>
        where TCommand : notnull
        where TEvent : notnull
        where TState : notnull
    {
        public override string Category => category;

        public override TState InitialState => initial;

        public override Decision<TEvent> Decide(TCommand command, TState state) => Accept();

        public override TState Evolve(TState state, TEvent @event) => state;
    }
}
