using System.Collections.Immutable;

namespace Tallystick.Testing.Linearizability;

/// <summary>
/// Makes a history that isn't linearizable short enough to be read, by steps of which each is sound: if what it leaves has no order, then
/// what it was given has none.
/// </summary>
/// <remarks>
/// Not every operation may be left out: without a write, the reads that saw it would contradict the rest by themselves. What may be: all
/// that was called after the return at which the search got stuck; reads; and everything before a moment at which no call was open,
/// where all states that it can lead to are known.
/// </remarks>
/// <param name="model">What the operations mean.</param>
/// <param name="budget">For all searches together; when it is spent, what has been reached is short enough.</param>
internal sealed class Shrinker<TState, TInput, TOutput>(SequentialModel<TState, TInput, TOutput> model, SearchBudget budget)
    where TState : notnull
    where TInput : notnull
{
    /// <summary>A proof for more ways to start than these at its start is none to be read.</summary>
    private const int StartsMax = 4;

    /// <summary>How many moments are tried for the start, the latest first.</summary>
    private const int CutsMax = 32;

    public ViolationCore<TState, TInput, TOutput> Shrink(Fragment<TInput, TOutput> whole, long stuckAt)
    {
        var core = new ViolationCore<TState, TInput, TOutput>([new(model.Initial, [], [])], whole.UpTo(stuckAt), 0);
        return LaterStart(WithoutReads(LaterStart(core)));
    }

    /// <summary>Leaves out what comes before a moment without open calls, as late a moment as possible.</summary>
    private ViolationCore<TState, TInput, TOutput> LaterStart(ViolationCore<TState, TInput, TOutput> core)
    {
        foreach (var cut in QuietMoments(core.Fragment.Required).Reverse().Take(CutsMax))
        {
            var before = core.Fragment with
            {
                Required = [.. core.Fragment.Required.Where(candidate => candidate.Operation.Called < cut)],
                Optional = [.. core.Fragment.Optional.Where(candidate => candidate.Operation.Called < cut)],
            };
            var after = core.Fragment with { Required = [.. core.Fragment.Required.Where(candidate => candidate.Operation.Called >= cut)] };
            if (StartsAfter(core.Starts, before) is not { } starts || !IsImpossible(starts, after))
                continue;
            var left = after.Optional.Where(candidate => starts.Any(start => !start.OptionalDone.Contains(candidate)));
            return new(starts, after with { Optional = [.. left] }, core.Before + before.Required.Length);
        }

        return core;
    }

    /// <summary>Leaves out reads, many at a time at first, for as long as the contradiction remains.</summary>
    private ViolationCore<TState, TInput, TOutput> WithoutReads(ViolationCore<TState, TInput, TOutput> core)
    {
        var reads = core.Fragment.Required.Where(IsRead).ToList();
        var optional = core.Fragment.Optional.Where(candidate => candidate.Operation.IsUnseen || !IsRead(candidate)).ToArray();
        var fragment = core.Fragment with { Optional = optional };
        for (var size = Math.Max(1, reads.Count / 2); size > 0 && reads.Count > 0; size /= 2)
        {
            for (var first = 0; first < reads.Count;)
            {
                var left = reads.GetRange(first, Math.Min(size, reads.Count - first));
                var shorter = fragment with { Required = [.. fragment.Required.Except(left)] };
                if (IsImpossible(core.Starts, shorter))
                {
                    fragment = shorter;
                    reads.RemoveRange(first, left.Count);
                }
                else
                {
                    first += size;
                }
            }
        }

        return core with { Fragment = fragment };
    }

    private bool IsRead(Candidate<TInput, TOutput> candidate) => model.IsRead(candidate.Operation.Input, candidate.Operation.Output!);

    private bool IsImpossible(ImmutableArray<ViolationStart<TState, TInput, TOutput>> starts, Fragment<TInput, TOutput> fragment) => starts.All(start =>
        new Search<TState, TInput, TOutput>(model, start.FragmentOf(fragment), start.State, budget).Run() == SearchOutcome.Impossible);

    /// <summary>All that operations can lead to; null if that is too much, or too hard to find.</summary>
    private ImmutableArray<ViolationStart<TState, TInput, TOutput>>? StartsAfter(
        ImmutableArray<ViolationStart<TState, TInput, TOutput>> starts, Fragment<TInput, TOutput> fragment)
    {
        var after = ImmutableArray.CreateBuilder<ViolationStart<TState, TInput, TOutput>>();
        foreach (var start in starts)
        {
            var search = new Search<TState, TInput, TOutput>(model, start.FragmentOf(fragment), start.State, budget) { EndsMax = StartsMax };
            if (search.Run() == SearchOutcome.GaveUp)
                return null;
            foreach (var order in search.Ends)
                after.Add(start.After(order, fragment.Optional));
        }

        return after.Count is > 0 and <= StartsMax ? after.ToImmutable() : null;
    }

    /// <summary>The calls at which all operations that were called before had ended.</summary>
    private static IEnumerable<long> QuietMoments(Candidate<TInput, TOutput>[] required)
    {
        var lastReturn = long.MinValue;
        foreach (var candidate in required)
        {
            if (lastReturn != long.MinValue && candidate.Operation.Called > lastReturn)
                yield return candidate.Operation.Called;
            lastReturn = Math.Max(lastReturn, candidate.Operation.Returned!.Value);
        }
    }
}
