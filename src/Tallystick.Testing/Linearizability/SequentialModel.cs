using Tallystick.Functional;

namespace Tallystick.Testing.Linearizability;

/// <summary>
/// What an object does when its operations are called one after another: the meaning against which a <see cref="History{TInput, TOutput}"/>
/// of concurrent calls is checked. Where every answer follows from state and input alone, derive from
/// <see cref="DeterministicModel{TState, TInput, TOutput}"/> instead, which is shorter.
/// </summary>
/// <remarks>
/// States are immutable values with value equality (records, strings, numbers): the checker compares and keeps them. The methods are pure.
/// A model that may go on in several ways has the set of all possible states as its state.
/// </remarks>
/// <typeparam name="TState">The object's state.</typeparam>
/// <typeparam name="TInput">What is called, with its arguments.</typeparam>
/// <typeparam name="TOutput">What a call answers.</typeparam>
public abstract class SequentialModel<TState, TInput, TOutput>
    where TState : notnull
    where TInput : notnull
{
    /// <summary>The state before the first operation.</summary>
    public abstract TState Initial { get; }

    /// <summary>The state after an operation that gave this output, or none if it can't have given it in this state.</summary>
    public abstract Maybe<TState> Step(TState state, TInput input, TOutput output);

    /// <summary>The state after an operation that took effect, though nobody knows what it answered.</summary>
    public abstract TState StepUnseen(TState state, TInput input);

    /// <summary>
    /// Names the independent part of the object that an operation concerns, such as the key of a map; operations of different parts must
    /// not influence each other. Each part is then checked apart, from <see cref="Initial"/> on, which is very much faster. Default null:
    /// the object is one part.
    /// </summary>
    /// <remarks>
    /// Sound since linearizability is compositional (Herlihy and Wing 1990); as a speed-up: A. Horn, D. Kroening, "Faster linearizability
    /// checking via P-compositionality", FORTE 2015.
    /// </remarks>
    public virtual object? PartitionOf(TInput input) => null;

    /// <summary>
    /// Whether an operation that gave this output leaves every state as it is: a read, or a change that was refused. The checker is faster
    /// and its proofs are shorter where it knows. Default false, which is always right.
    /// </summary>
    public virtual bool IsRead(TInput input, TOutput output) => false;

    /// <summary>The call in words, for proofs. Default: the input's own text.</summary>
    public virtual string DescribeInput(TInput input) => input.ToString() ?? "";

    /// <summary>The answer in words, for proofs. Default: the output's own text.</summary>
    public virtual string DescribeOutput(TInput input, TOutput output) => output?.ToString() ?? "null";

    /// <summary>The state in words, for proofs. Default: the state's own text.</summary>
    public virtual string DescribeState(TState state) => state.ToString() ?? "";

    /// <summary>Why an operation can't have given this output in this state, for proofs.</summary>
    public virtual string Refute(TState state, TInput input, TOutput output) => "the model doesn't allow this answer in that state";
}

/// <summary>A model whose answers follow from state and input alone; the answers are compared by equality.</summary>
/// <inheritdoc/>
public abstract class DeterministicModel<TState, TInput, TOutput> : SequentialModel<TState, TInput, TOutput>
    where TState : notnull
    where TInput : notnull
{
    /// <summary>What an operation does in a state, and what it answers.</summary>
    public abstract (TState Next, TOutput Output) Apply(TState state, TInput input);

    /// <inheritdoc/>
    public sealed override Maybe<TState> Step(TState state, TInput input, TOutput output)
    {
        var (next, expected) = Apply(state, input);
        return IsSame(expected, output) ? Maybe<TState>.Some(next) : Maybe<TState>.None;
    }

    /// <inheritdoc/>
    public sealed override TState StepUnseen(TState state, TInput input) => Apply(state, input).Next;

    /// <summary>Whether the answer that came is the one that is expected. Default: by equality.</summary>
    public virtual bool IsSame(TOutput expected, TOutput actual) => EqualityComparer<TOutput>.Default.Equals(expected, actual);

    /// <inheritdoc/>
    public override string Refute(TState state, TInput input, TOutput output) =>
        $"it must give {DescribeOutput(input, Apply(state, input).Output)}";
}
