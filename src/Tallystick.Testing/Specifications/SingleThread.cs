using System.Collections.Concurrent;

namespace Tallystick.Testing.Specifications;

/// <summary>
/// Runs asynchronous work to its end on the calling thread, every continuation in the order in which it was posted: a specification is then
/// one plain call, and runs in the same order each time.
/// </summary>
internal sealed class SingleThread : SynchronizationContext
{
    /// <summary>How long nothing may happen at all before the work counts as stuck.</summary>
    private static readonly TimeSpan StuckAfter = TimeSpan.FromMinutes(1);

    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _posted = [];

    public static T Run<T>(Func<Task<T>> work)
    {
        var before = Current;
        var thread = new SingleThread();
        SetSynchronizationContext(thread);
        try
        {
            var task = work();
            // Whatever the work awaits, its end is posted here: nothing is left in the queue when the loop ends.
            task.ContinueWith((_, _) => thread.Post(static _ => { }, null), null, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            while (!task.IsCompleted)
                thread.Next();
            return task.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    public override void Post(SendOrPostCallback d, object? state) => _posted.Add((d, state));

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("A specification's work never waits for its own thread.");

    private void Next()
    {
        if (!_posted.TryTake(out var next, StuckAfter))
        {
            throw new CheckFailedException(
                $"Nothing has happened for {StuckAfter.TotalSeconds} seconds: something that the specification runs waits for what never comes. "
                + "Does a handler or a step wait for time, for another thread or for a position that isn't reached?");
        }

        next.Callback(next.State);
    }
}
