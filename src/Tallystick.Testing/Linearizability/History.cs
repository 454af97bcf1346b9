using System.Collections.Immutable;
using System.Text.Json;

namespace Tallystick.Testing.Linearizability;

/// <summary>
/// Concurrent calls of one object, as <see cref="HistoryRecorder{TInput, TOutput}"/> has recorded them or as they were read from a file.
/// </summary>
/// <remarks>All calls and returns are on one clock. Of a call and a return at the same time, the call counts as the earlier one.</remarks>
/// <param name="operations">The operations, in any order.</param>
/// <typeparam name="TInput">What is called, with its arguments.</typeparam>
/// <typeparam name="TOutput">What a call answers.</typeparam>
public sealed class History<TInput, TOutput>(ImmutableArray<Operation<TInput, TOutput>> operations)
    where TInput : notnull
{
    /// <summary>The operations.</summary>
    public ImmutableArray<Operation<TInput, TOutput>> Operations { get; } = operations;

    /// <summary>
    /// Whether the history is linearizable: whether every operation can be given one moment between its call and its return at which it
    /// takes effect at once, so that all answers are those of the model (Herlihy and Wing, "Linearizability", TOPLAS 1990).
    /// </summary>
    /// <param name="model">What the operations mean when they come one after another.</param>
    /// <param name="options">The bound. Default <see cref="LinearizabilityOptions.Default"/>.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The verdict; <see cref="LinearizabilityVerdict.Demand"/> turns it into a test's success or failure.</returns>
    /// <exception cref="InvalidOperationException">The model contradicts itself: a read changed the state.</exception>
    public LinearizabilityVerdict Check<TState>(
        SequentialModel<TState, TInput, TOutput> model, LinearizabilityOptions? options = null, CancellationToken cancellationToken = default)
        where TState : notnull =>
        new Checker<TState, TInput, TOutput>(this, model, options ?? LinearizabilityOptions.Default, cancellationToken).Check();

    /// <summary>
    /// The history as text, one JSON object a line, so that a failure can be kept and checked again by <see cref="FromJsonLines"/>.
    /// </summary>
    /// <param name="options">How inputs and outputs are written. Default: camelCase names, enums by name.</param>
    public string ToJsonLines(JsonSerializerOptions? options = null) => HistoryJson.Write(this, options);

    /// <summary>Reads what <see cref="ToJsonLines"/> has written; empty lines are skipped.</summary>
    /// <exception cref="FormatException">A line isn't an operation; the message says which line and why.</exception>
    public static History<TInput, TOutput> FromJsonLines(string text, JsonSerializerOptions? options = null) =>
        HistoryJson.Read<TInput, TOutput>(text, options);
}
