using Tallystick.Testing.Linearizability;

namespace Tallystick.Tests.Testing.Linearizability;

/// <summary>Tries every order of the operations, without a thought: right by being simple, for a few operations.</summary>
public static class Exhaustive
{
    public static bool IsLinearizable<TState, TInput, TOutput>(
        SequentialModel<TState, TInput, TOutput> model, TState state, IReadOnlyList<Operation<TInput, TOutput>> required, IReadOnlyList<Operation<TInput, TOutput>> optional)
        where TState : notnull
        where TInput : notnull
    {
        if (required.Count == 0)
            return true;
        foreach (var operation in required.Concat(optional))
        {
            if (required.Any(other => other.Returned < operation.Called))
                continue;
            TState next;
            if (operation.IsUnseen)
                next = model.StepUnseen(state, operation.Input);
            else if (!model.Step(state, operation.Input, operation.Output!).TryGet(out next!))
                continue;
            if (IsLinearizable(model, next, [.. required.Where(other => other != operation)], [.. optional.Where(other => other != operation)]))
                return true;
        }

        return false;
    }
}
