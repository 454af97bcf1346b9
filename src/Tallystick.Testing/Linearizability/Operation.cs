using Tallystick.Functional;

namespace Tallystick.Testing.Linearizability;

/// <summary>One call of a concurrent history: by whom, what, and when it began and ended on one clock.</summary>
/// <typeparam name="TInput">What is called, with its arguments.</typeparam>
/// <typeparam name="TOutput">What a call answers.</typeparam>
public sealed record Operation<TInput, TOutput>
    where TInput : notnull
{
    private Operation(int client, TInput input, long called, TOutput? output, long? returned) =>
        (Client, Input, Called, Output, Returned) = (client, input, called, output, returned);

    /// <summary>Who called.</summary>
    public int Client { get; }

    /// <summary>What was called.</summary>
    public TInput Input { get; }

    /// <summary>When the call began, in the clock's own unit.</summary>
    public long Called { get; }

    /// <summary>What it answered; <c>default</c> if <see cref="IsUnseen"/>.</summary>
    public TOutput? Output { get; }

    /// <summary>When the answer was there; null if it never came or nothing is known of the outcome.</summary>
    public long? Returned { get; }

    /// <summary>
    /// Whether nobody saw an answer: it failed with an unknown outcome, or never ended. It may have taken effect at any time after its
    /// call, or never.
    /// </summary>
    public bool IsUnseen => Returned is null;

    /// <summary>An operation that has answered.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It returned before it was called.</exception>
    public static Operation<TInput, TOutput> Seen(int client, TInput input, long called, TOutput output, long returned)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(returned, called);
        return new(client, input, called, output, returned);
    }

    /// <summary>An operation of which nobody knows whether, or when, it took effect, nor what it would have answered.</summary>
    public static Operation<TInput, TOutput> Unseen(int client, TInput input, long called) => new(client, input, called, default, null);
}
