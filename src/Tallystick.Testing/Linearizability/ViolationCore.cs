using System.Collections.Immutable;

namespace Tallystick.Testing.Linearizability;

/// <summary>What is left of a history that isn't linearizable when it has been made as short as it could be.</summary>
/// <param name="Starts">All that the operations that were left out before it can lead to; each ends in a contradiction.</param>
/// <param name="Fragment">The operations that contradict each other from each of these starts on.</param>
/// <param name="Before">How many required operations were left out before them.</param>
internal sealed record ViolationCore<TState, TInput, TOutput>(
    ImmutableArray<ViolationStart<TState, TInput, TOutput>> Starts, Fragment<TInput, TOutput> Fragment, int Before)
    where TState : notnull
    where TInput : notnull
{
    /// <summary>What can still be done from a start.</summary>
    public Fragment<TInput, TOutput> FragmentFrom(ViolationStart<TState, TInput, TOutput> start) => start.FragmentOf(Fragment);
}

/// <summary>A state to start from, and how it can have come about.</summary>
/// <param name="State">The state.</param>
/// <param name="OptionalDone">The optional operations that have been used up for it.</param>
/// <param name="Story">The last steps of one order that leads to it; only those that changed the state.</param>
internal sealed record ViolationStart<TState, TInput, TOutput>(
    TState State, ImmutableHashSet<Candidate<TInput, TOutput>> OptionalDone, ImmutableArray<OrderedStep<TState, TInput, TOutput>> Story)
    where TState : notnull
    where TInput : notnull
{
    private const int StoryLength = 4;

    public Fragment<TInput, TOutput> FragmentOf(Fragment<TInput, TOutput> fragment) =>
        fragment with { Optional = [.. fragment.Optional.Where(candidate => !OptionalDone.Contains(candidate))] };

    /// <summary>The start after an order from this one.</summary>
    /// <param name="order">The order.</param>
    /// <param name="optional">Which operations are optional.</param>
    public ViolationStart<TState, TInput, TOutput> After(List<OrderedStep<TState, TInput, TOutput>> order, Candidate<TInput, TOutput>[] optional)
    {
        var story = Story.ToBuilder();
        var state = State;
        foreach (var step in order)
        {
            if (!step.After.Equals(state))
                story.Add(step);
            state = step.After;
        }

        return new(state, OptionalDone.Union(order.Select(step => step.Candidate).Intersect(optional)), [.. story.TakeLast(StoryLength)]);
    }
}
