using System.Collections.Concurrent;

namespace Tallystick.Testing.Machines;

/// <summary>Runs asynchronous work to its end on the calling thread, so that a property can be an ordinary, synchronous method.</summary>
internal sealed class EventLoop : SynchronizationContext
{
    /// <summary>Work for which nothing happens for so long hangs: everything here is in memory.</summary>
    private static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(90);

    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _ready = [];

    private EventLoop()
    {
    }

    /// <exception cref="CheckFailedException">Nothing happened any more, and the work wasn't done.</exception>
    public static T Run<T>(Func<Task<T>> work, string what)
    {
        var before = Current;
        var loop = new EventLoop();
        SetSynchronizationContext(loop);
        try
        {
            var task = work();
            while (!task.IsCompleted)
            {
                if (!loop._ready.TryTake(out var next, SilenceMax))
                    throw new CheckFailedException($"{what} hangs: nothing has happened for {SilenceMax.TotalSeconds} seconds. Does a handler wait for something that never comes?");
                next.Callback(next.State);
            }

            return task.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    public override void Post(SendOrPostCallback d, object? state) => _ready.Add((d, state));

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Nothing here may block. Use Post.");

    public override SynchronizationContext CreateCopy() => this;
}
