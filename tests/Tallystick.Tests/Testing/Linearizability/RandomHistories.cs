using System.Collections.Immutable;
using Tallystick.Testing.Linearizability;

namespace Tallystick.Tests.Testing.Linearizability;

/// <summary>Histories as clients of a correct object would have recorded them: each call takes effect at one moment before its return.</summary>
public static class RandomHistories
{
    /// <param name="model">The object.</param>
    /// <param name="random">Decides who goes on, and what is called.</param>
    /// <param name="clients">How many clients call at the same time.</param>
    /// <param name="operations">How many calls there are.</param>
    /// <param name="call">Makes a call.</param>
    /// <param name="unseen">How many of the answers get lost, from 0 to 1; half of those calls never take effect either.</param>
    /// <param name="idle">How often a client that could call does something else, from 0 to 1.</param>
    public static History<TInput, TOutput> Of<TState, TInput, TOutput>(
        DeterministicModel<TState, TInput, TOutput> model, Random random, int clients, int operations, Func<Random, TInput> call, double unseen,
        double idle = 0)
        where TState : notnull
        where TInput : notnull
    {
        var done = ImmutableArray.CreateBuilder<Operation<TInput, TOutput>>();
        var states = new Dictionary<object, TState>();
        var open = new (TInput Input, long Called, bool HasEffect, TOutput? Output)?[clients];
        for (var time = 1; done.Count < operations; time++)
        {
            var client = random.Next(clients);
            if (open[client] is not { } current)
            {
                if (random.NextDouble() >= idle)
                    open[client] = (call(random), time, false, default);
            }
            else if (!current.HasEffect && random.NextDouble() >= unseen / 2)
            {
                var part = model.PartitionOf(current.Input) ?? "";
                var (next, output) = model.Apply(states.GetValueOrDefault(part, model.Initial), current.Input);
                states[part] = next;
                open[client] = current with { HasEffect = true, Output = output };
            }
            else
            {
                done.Add(current.HasEffect && random.NextDouble() >= unseen / 2
                    ? Operation<TInput, TOutput>.Seen(client, current.Input, current.Called, current.Output!, time)
                    : Operation<TInput, TOutput>.Unseen(client, current.Input, current.Called));
                open[client] = null;
            }
        }

        for (var client = 0; client < clients; client++)
        {
            if (open[client] is { } current)
                done.Add(Operation<TInput, TOutput>.Unseen(client, current.Input, current.Called));
        }

        return new(done.ToImmutable());
    }

    /// <summary>The same history with other answers, wherever one is given.</summary>
    public static History<TInput, TOutput> WithAnswers<TInput, TOutput>(
        this History<TInput, TOutput> history, Func<Operation<TInput, TOutput>, TOutput> answer)
        where TInput : notnull =>
        new([.. history.Operations.Select(operation => operation.IsUnseen
            ? operation
            : Operation<TInput, TOutput>.Seen(operation.Client, operation.Input, operation.Called, answer(operation), operation.Returned!.Value))]);

    public static RegisterCall RegisterCall(Random random) => random.Next(5) switch
    {
        0 or 1 => new RegisterCall.Read(),
        2 or 3 => new RegisterCall.Write(random.Next(3)),
        _ => new RegisterCall.Swap(random.Next(3), random.Next(3)),
    };
}
