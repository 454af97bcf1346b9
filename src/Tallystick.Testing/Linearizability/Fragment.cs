namespace Tallystick.Testing.Linearizability;

/// <summary>
/// Operations to be put into an order: the required ones must all be in it; an optional one may be, at any time after its call. Optional
/// are unseen operations, and those that had not ended where a history was cut.
/// </summary>
/// <param name="Required">In the order of their calls.</param>
/// <param name="Optional">In the order of their calls.</param>
internal sealed record Fragment<TInput, TOutput>(Candidate<TInput, TOutput>[] Required, Candidate<TInput, TOutput>[] Optional)
    where TInput : notnull
{
    public int Count => Required.Length + Optional.Length;

    public IEnumerable<Candidate<TInput, TOutput>> All => Required.Concat(Optional);

    public static Fragment<TInput, TOutput> Of(IEnumerable<Candidate<TInput, TOutput>> candidates)
    {
        var sorted = candidates.OrderBy(candidate => candidate.Operation.Called).ToArray();
        return new(
            [.. sorted.Where(candidate => !candidate.Operation.IsUnseen)], [.. sorted.Where(candidate => candidate.Operation.IsUnseen)]);
    }

    /// <summary>
    /// The history up to a return, that included. What had been called and not ended yet becomes optional; it keeps the answer that it gave
    /// later. Any order of the whole, cut behind the last operation that had ended, is an order of this: so if this has none, nor has the whole.
    /// </summary>
    public Fragment<TInput, TOutput> UpTo(long returned)
    {
        var called = All.Where(candidate => candidate.Operation.Called <= returned).OrderBy(candidate => candidate.Operation.Called).ToArray();
        return new(
            [.. called.Where(candidate => candidate.Operation.Returned <= returned)],
            [.. called.Where(candidate => !(candidate.Operation.Returned <= returned))]);
    }
}

/// <summary>An operation and its place in the history.</summary>
internal sealed record Candidate<TInput, TOutput>(int Place, Operation<TInput, TOutput> Operation)
    where TInput : notnull;
