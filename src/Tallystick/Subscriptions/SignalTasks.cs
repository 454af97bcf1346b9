namespace Tallystick.Subscriptions;

/// <summary>Waits for signals without leaving the scheduler.</summary>
internal static class SignalTasks
{
    /// <summary>
    /// A task that completes on the scheduler of whoever waits. A signal whose continuations run asynchronously, and a delay that is
    /// cancelled, would complete <c>Task.WhenAny</c> and <c>WaitAsync</c> by way of the thread pool, which a single-threaded simulation
    /// doesn't have.
    /// </summary>
    public static async Task ObserveAsync(this Task signal) => await signal;
}
