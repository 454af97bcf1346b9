using System.Collections.Immutable;
using Tallystick.Testing.Linearizability;

namespace Tallystick.Tests.Testing.Linearizability;

/// <summary>Checks, without the checker, that an order explains a history.</summary>
public static class Explained
{
    public static void Demand<TState, TInput, TOutput>(
        History<TInput, TOutput> history, SequentialModel<TState, TInput, TOutput> model, ImmutableArray<int> order)
        where TState : notnull
        where TInput : notnull
    {
        Assert.Equal(order.Length, order.Distinct().Count());
        var states = new Dictionary<object, TState>();
        var latestCall = long.MinValue;
        foreach (var operation in order.Select(place => history.Operations[place]))
        {
            // Nothing that was called only after this had returned may come before it.
            Assert.True(operation.Returned is null || latestCall <= operation.Returned, $"{operation} comes after what was called after its return");
            latestCall = Math.Max(latestCall, operation.Called);
            var part = model.PartitionOf(operation.Input) ?? "";
            var state = states.GetValueOrDefault(part, model.Initial);
            var isAllowed = true;
            var next = state;
            if (operation.IsUnseen)
                next = model.StepUnseen(state, operation.Input);
            else
                isAllowed = model.Step(state, operation.Input, operation.Output!).TryGet(out next);
            Assert.True(isAllowed, $"{operation} can't happen in state {state}");
            states[part] = next!;
        }

        var missing = Enumerable.Range(0, history.Operations.Length).Except(order).Where(place => !history.Operations[place].IsUnseen);
        Assert.Empty(missing);
    }
}
