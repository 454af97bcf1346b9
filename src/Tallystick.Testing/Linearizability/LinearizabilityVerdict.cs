using System.Collections.Immutable;

namespace Tallystick.Testing.Linearizability;

/// <summary>What the check of a history says: <see cref="Linearizable"/>, <see cref="Violated"/> or <see cref="GaveUp"/>.</summary>
public abstract record LinearizabilityVerdict
{
    private LinearizabilityVerdict()
    {
    }

    /// <summary>There is an order of the operations that explains all answers and fits the times of calls and returns.</summary>
    /// <param name="Order">
    /// One such order, as places in <see cref="History{TInput, TOutput}.Operations"/>. Unseen operations that it doesn't need are absent.
    /// </param>
    public sealed record Linearizable(ImmutableArray<int> Order) : LinearizabilityVerdict;

    /// <summary>No order of the operations explains their answers.</summary>
    /// <param name="Proof">Few operations that already contradict each other, and how; for people.</param>
    /// <param name="Operations">These operations, as places in <see cref="History{TInput, TOutput}.Operations"/>.</param>
    public sealed record Violated(string Proof, ImmutableArray<int> Operations) : LinearizabilityVerdict;

    /// <summary>The bound was reached first: nothing is known.</summary>
    /// <param name="Reason">Which bound, and what to do.</param>
    public sealed record GaveUp(string Reason) : LinearizabilityVerdict;

    /// <summary>Fails unless the history is linearizable.</summary>
    /// <exception cref="CheckFailedException">It isn't; the message is the proof. Or the checker gave up; the message says why.</exception>
    public void Demand()
    {
        if (this is Violated violated)
            throw new CheckFailedException(violated.Proof);
        if (this is GaveUp gaveUp)
            throw new CheckFailedException(gaveUp.Reason);
    }
}
