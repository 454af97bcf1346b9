using System.Collections.Immutable;
using System.Linq.Expressions;
using Tallystick.Commands;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Specifications;

/// <summary>
/// What a decider makes of commands: given events, when a command arrives, then events, a rejection, or a state. Each step gives a new value, so
/// that specifications can share their beginning; steps go on after a <c>Then</c>.
/// </summary>
/// <remarks>
/// Checked with every step, as failures of their own: the decider can be registered; each event survives being stored and read again, and
/// folding what was read gives the same state; <c>Decide</c> decides the same when it is asked again. Values are compared part by part, so
/// collections inside of events are equal when their elements are.
/// </remarks>
/// <typeparam name="TCommand">The decider's commands; <c>object</c> where only its type is named.</typeparam>
/// <typeparam name="TEvent">The decider's events; <c>object</c> where only its type is named.</typeparam>
/// <typeparam name="TState">The decider's state; <c>object</c> where only its type is named.</typeparam>
public sealed class DeciderSpecification<TCommand, TEvent, TState>
    where TCommand : notnull
    where TEvent : notnull
    where TState : notnull
{
    private readonly DeciderRules _rules;
    private readonly StoredEvents _stored;
    private readonly Story _story;
    private readonly object _state;
    private readonly ImmutableArray<CommandValidator> _validators;
    private readonly Outcome? _outcome;

    internal DeciderSpecification(Decider decider, string opening)
    {
        (_story, _validators) = (Story.Of(opening), []);
        _stored = StoredEvents.Of(decider);
        _rules = DeciderRules.Of(decider);
        _state = _rules.InitialState;
    }

    private DeciderSpecification(DeciderSpecification<TCommand, TEvent, TState> from, Story story, object state, Outcome? outcome, ImmutableArray<CommandValidator> validators)
    {
        (_rules, _stored) = (from._rules, from._stored);
        (_story, _state, _outcome, _validators) = (story, state, outcome, validators);
    }

    /// <summary>Checks commands by these validators too, as the application does; commands that check themselves need none.</summary>
    public DeciderSpecification<TCommand, TEvent, TState> With(params CommandValidator[] validators) => new(
        this, _story.With(Story.Call("With", validators.Select(validator => $"new {CSharpText.TypeName(validator.GetType())}()"))), _state, _outcome,
        [.. _validators, .. validators]);

    /// <summary>What has happened before; nothing: a new stream.</summary>
    /// <exception cref="CheckFailedException">An event doesn't survive being stored, or can't be folded.</exception>
    public DeciderSpecification<TCommand, TEvent, TState> Given(params TEvent[] events)
    {
        var story = _story.With(Story.Call("Given", Story.Values(events)));
        return new(this, story, Fold(story, events.Cast<object>()), _outcome, _validators);
    }

    /// <summary>The state before, where the events that lead to it would say less.</summary>
    public DeciderSpecification<TCommand, TEvent, TState> GivenState(TState state)
    {
        var story = _story.With(Story.Call("GivenState", CSharpText.Of(state, typeof(TState))));
        return DeciderRules.Misfit(state, _rules.Decider.StateType, "state", _rules.Decider) is { } misfit
            ? throw story.Failure("", misfit)
            : new(this, story, state, _outcome, _validators);
    }

    /// <summary>Commands arrive, one after the other, each in the state that the one before has left, up to the first that is refused.</summary>
    /// <exception cref="CheckFailedException">Decide or Evolve threw, or an event doesn't survive being stored.</exception>
    public DeciderSpecification<TCommand, TEvent, TState> When(params TCommand[] commands)
    {
        var story = _story.With(Story.Call("When", Story.Values(commands)));
        var state = _state;
        Outcome outcome = new Outcome.Accepted([]);
        foreach (var command in commands)
        {
            if (DeciderRules.Misfit(command, _rules.Decider.CommandType, "command", _rules.Decider) is { } misfit)
                throw story.Failure("", misfit);
            var one = Told(story, () => Validated(command) ?? _rules.Decide(command, state));
            if (one is not Outcome.Accepted accepted)
                return new(this, story, state, one, _validators);
            state = Fold(story, accepted.Events, state);
            outcome = new Outcome.Accepted([.. ((Outcome.Accepted)outcome).Events, .. accepted.Events]);
        }

        return new(this, story, state, outcome, _validators);
    }

    /// <summary>Exactly these events happened, in this order.</summary>
    /// <exception cref="CheckFailedException">Others did, or the command was refused.</exception>
    public DeciderSpecification<TCommand, TEvent, TState> Then(params TEvent[] events)
    {
        var call = events.Length == 0 ? Story.Call(nameof(ThenNothing)) : Story.Call("Then", Story.Values(events));
        if (Demanded(call) is not Outcome.Accepted accepted)
            throw Unlike(call, events.Length == 0 ? "Nothing was expected to happen" : "Events were expected");
        var difference = Difference.Between(events.Cast<object>().ToImmutableArray(), accepted.Events);
        return difference.IsEmpty ? Continued(call) : throw _story.Failure(
            call, $"{(events.Length == 0 ? "Nothing was expected to happen" : "Other events were expected")}, but {Outcome.Words}.\n{CSharpText.Indented(difference.ToString(), "  ")}", Actual);
    }

    /// <summary>The command was accepted, but there was nothing to do.</summary>
    /// <exception cref="CheckFailedException">Something happened, or the command was refused.</exception>
    public DeciderSpecification<TCommand, TEvent, TState> ThenNothing() => Then();

    /// <summary>A rule refused the command.</summary>
    /// <param name="code">The rejection's code.</param>
    /// <param name="messageContains">A part of its message, whatever its case; null: any message.</param>
    /// <exception cref="CheckFailedException">It was accepted, or refused otherwise.</exception>
    public DeciderSpecification<TCommand, TEvent, TState> ThenRejected(string code, string? messageContains = null)
    {
        var call = Story.Call("ThenRejected", Texts(code, messageContains));
        if (Demanded(call) is not Outcome.Rejected { Rejection: var rejection } || rejection.Code != code)
            throw Unlike(call, $"A rejection with \"{code}\" was expected");
        return Contains(rejection.Message, messageContains) ? Continued(call) : throw _story.Failure(
            call, $"The rejection's message was expected to contain \"{messageContains}\", but it is: {rejection.Message}", Actual);
    }

    /// <summary>The command is malformed: its own check or a validator found fault with a field.</summary>
    /// <param name="field">The field, such as <c>lines[2].quantity</c>; empty for the command as a whole.</param>
    /// <param name="messageContains">A part of the failure's message, whatever its case; null: any message.</param>
    /// <exception cref="CheckFailedException">It passed, or other fields were at fault.</exception>
    public DeciderSpecification<TCommand, TEvent, TState> ThenInvalid(string field, string? messageContains = null)
    {
        var call = Story.Call("ThenInvalid", Texts(field, messageContains));
        return Demanded(call) is Outcome.Invalid invalid && invalid.Failures.Any(one => one.Field == field && Contains(one.Message, messageContains))
            ? Continued(call)
            : throw Unlike(call, $"The field \"{field}\" was expected to be invalid{(messageContains is null ? "" : $", with a message that contains \"{messageContains}\"")}");
    }

    /// <summary>The state is now equal to this one, part by part.</summary>
    /// <exception cref="CheckFailedException">It is another.</exception>
    public DeciderSpecification<TCommand, TEvent, TState> ThenState(TState state)
    {
        var call = Story.Call("ThenState", CSharpText.Of(state, typeof(TState)));
        var difference = Difference.Between(state, _state);
        return difference.IsEmpty ? Continued(call) : throw _story.Failure(
            call, $"Another state was expected.\n{CSharpText.Indented(difference.ToString(), "  ")}", Story.Call("ThenState", CSharpText.Of(_state, typeof(TState))));
    }

    /// <summary>Something holds for the state now.</summary>
    /// <param name="holds">What; the message shows it.</param>
    /// <exception cref="CheckFailedException">It doesn't hold.</exception>
    public DeciderSpecification<TCommand, TEvent, TState> ThenState(Expression<Func<TState, bool>> holds) => ThenState<TState>(holds);

    /// <summary>Something holds for the state now; for a specification that names only the decider's type.</summary>
    /// <typeparam name="T">The decider's state: <c>ThenState((Order order) => order.Total == 3m)</c>.</typeparam>
    /// <param name="holds">What; the message shows it.</param>
    /// <exception cref="CheckFailedException">It doesn't hold.</exception>
    public DeciderSpecification<TCommand, TEvent, TState> ThenState<T>(Expression<Func<T, bool>> holds)
    {
        ArgumentNullException.ThrowIfNull(holds);
        var call = Story.Call("ThenState", ExpressionText.Of(holds));
        if (_state is not T state)
            throw _story.Failure(call, $"The state is {CSharpText.TypeName(_rules.Decider.StateType)}, not {CSharpText.TypeName(typeof(T))}.");
        return holds.Compile()(state) ? Continued(call) : throw _story.Failure(
            call, $"This was expected to hold for the state: {ExpressionText.BodyOf(holds)}\nThe state is:\n{CSharpText.Indented(CSharpText.Of(_state), "  ")}{ExpressionText.Parts(holds, state)}");
    }

    private Outcome Outcome => _outcome!;

    /// <summary>The call that would have held.</summary>
    private string? Actual => _outcome switch
    {
        Outcome.Accepted { Events: [] } => Story.Call(nameof(ThenNothing)),
        Outcome.Accepted accepted => Story.Call("Then", accepted.Events.Select(e => CSharpText.Of(e, typeof(TEvent)))),
        Outcome.Rejected rejected => Story.Call("ThenRejected", Texts(rejected.Rejection.Code, null)),
        Outcome.Invalid invalid => Story.Call("ThenInvalid", Texts(invalid.Failures[0].Field, null)),
        _ => null,
    };

    private Outcome Demanded(string call) =>
        _outcome ?? throw _story.Failure(call, "No command has arrived yet. Call When before it.");

    private CheckFailedException Unlike(string call, string expected) => _story.Failure(call, $"{expected}, but {Outcome.Words}", Actual);

    private DeciderSpecification<TCommand, TEvent, TState> Continued(string call) => new(this, _story.With(call), _state, _outcome, _validators);

    private Outcome.Invalid? Validated(object command)
    {
        var failures = (command is IValidated validated ? validated.Validate() : []).Concat(_validators.SelectMany(validator => Ask(validator, command)));
        return failures.ToImmutableArray() is { IsEmpty: false } found ? new Outcome.Invalid(found) : null;
    }

    private static IEnumerable<ValidationFailure> Ask(CommandValidator validator, object command) => validator.CommandType.IsInstanceOfType(command)
        ? (IEnumerable<ValidationFailure>)typeof(CommandValidator<>).MakeGenericType(validator.CommandType).GetMethod("Validate")!.Invoke(validator, [command])!
        : [];

    private object Fold(Story story, IEnumerable<object> events, object? from = null)
    {
        var (direct, read) = (from ?? _state, from ?? _state);
        foreach (var e in events)
        {
            if (DeciderRules.Misfit(e, _rules.Decider.EventType, "event", _rules.Decider) is { } misfit)
                throw story.Failure("", misfit);
            direct = Told(story, () => _rules.Evolve(direct, e));
            read = Told(story, () => _rules.Evolve(read, _stored.RoundTrip(e)));
        }

        var difference = Difference.Between(direct, read);
        return difference.IsEmpty ? direct : throw story.Failure(
            "", $"Folding the events as they are read from the store gives another state than folding them as they happened.\n{CSharpText.Indented(difference.ToString(), "  ")}");
    }

    /// <summary>Adds the story to a failure on the way.</summary>
    private static T Told<T>(Story story, Func<T> step)
    {
        try
        {
            return step();
        }
        catch (CheckFailedException failure)
        {
            throw story.Failure("", failure.Message, null, failure.InnerException);
        }
    }

    private static bool Contains(string message, string? part) => part is null || message.Contains(part, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<string> Texts(string first, string? second) =>
        second is null ? [CSharpText.Of(first)] : [CSharpText.Of(first), CSharpText.Of(second)];
}
