using System.Collections.Immutable;
using System.Globalization;

namespace Tallystick.Testing.Linearizability;

/// <summary>Checks a history part by part.</summary>
internal sealed class Checker<TState, TInput, TOutput>(
    History<TInput, TOutput> history, SequentialModel<TState, TInput, TOutput> model, LinearizabilityOptions options, CancellationToken cancellationToken)
    where TState : notnull
    where TInput : notnull
{
    public LinearizabilityVerdict Check()
    {
        var moments = new List<(long Moment, int Place)>(history.Operations.Length);
        LinearizabilityVerdict? gaveUp = null;
        foreach (var (name, fragment) in Parts())
        {
            var search = new Search<TState, TInput, TOutput>(model, fragment, model.Initial, NewBudget());
            var outcome = search.Run();
            if (outcome == SearchOutcome.Impossible)
                return Violated(name, fragment, search.StuckAt);
            if (outcome == SearchOutcome.GaveUp)
                gaveUp ??= GaveUp(name, fragment);
            else
                moments.AddRange(Moments(search.Order()));
        }

        // A violation in a later part would have been the better answer, so giving up comes last.
        return gaveUp ?? new LinearizabilityVerdict.Linearizable([.. moments.OrderBy(entry => entry.Moment).Select(entry => entry.Place)]);
    }

    private IEnumerable<(object? Name, Fragment<TInput, TOutput> Fragment)> Parts() =>
        from candidate in history.Operations.Select((operation, place) => new Candidate<TInput, TOutput>(place, operation))
        group candidate by model.PartitionOf(candidate.Operation.Input) into part
        select ((object?)part.Key, Fragment<TInput, TOutput>.Of(part));

    /// <summary>
    /// A moment between call and return for each operation of an order, so that the orders of all parts can be merged into one: the latest
    /// call so far.
    /// </summary>
    private static IEnumerable<(long Moment, int Place)> Moments(List<OrderedStep<TState, TInput, TOutput>> order)
    {
        var moment = long.MinValue;
        foreach (var step in order)
        {
            moment = Math.Max(moment, step.Candidate.Operation.Called);
            yield return (moment, step.Candidate.Place);
        }
    }

    private LinearizabilityVerdict.Violated Violated(object? part, Fragment<TInput, TOutput> fragment, long stuckAt)
    {
        var core = new Shrinker<TState, TInput, TOutput>(model, NewBudget()).Shrink(fragment, stuckAt);
        var proof = new ProofText<TState, TInput, TOutput>(model, core, NewBudget).Write(part, fragment.Count);
        return new LinearizabilityVerdict.Violated(proof, [.. core.Fragment.All.Select(candidate => candidate.Place).Order()]);
    }

    private LinearizabilityVerdict.GaveUp GaveUp(object? part, Fragment<TInput, TOutput> fragment) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"""
        The check gave up{(part is null ? "" : $" on part '{part}'")}: {options.ConfigurationsMax:N0} configurations ({nameof(LinearizabilityOptions)}.{nameof(LinearizabilityOptions.ConfigurationsMax)}) of its {fragment.Count} operations, {fragment.Optional.Length} of them unseen, were examined without a decision. Nothing is known of this history.
        Record a shorter history, or one with fewer clients or fewer calls of unknown outcome; say in the model what is a read (IsRead) and which parts are independent (PartitionOf); or raise the bound.
        """));

    private SearchBudget NewBudget() => new(options.ConfigurationsMax, cancellationToken);
}
