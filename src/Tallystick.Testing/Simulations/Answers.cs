namespace Tallystick.Testing.Simulations;

/// <summary>The answers of a store that has no thread to wait for.</summary>
internal static class Answers
{
    /// <summary>The answer of an in-memory store, which is there when its method returns.</summary>
    public static T AtOnce<T>(this ValueTask<T> answer) => answer.IsCompleted
        ? answer.Result
        : throw new InvalidOperationException("The store didn't answer at once, and a simulation can't block.");
}
