namespace Tallystick.Subscriptions;

/// <summary>What an operator tells a runner.</summary>
internal abstract record RunnerCommand
{
    private RunnerCommand()
    {
    }

    /// <summary>Completes when the runner has done it, or fails with the reason why it can't.</summary>
    public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public sealed record Resume : RunnerCommand;

    public sealed record Skip(Events.LogPosition Position, string Reason, string By) : RunnerCommand;

    public sealed record Rebuild : RunnerCommand;
}

/// <summary>
/// The commands for a runner: bounded, taken one at a time, and each wait of the runner ends when one comes. The sender only sets a
/// signal; it never runs the runner's code.
/// </summary>
internal sealed class RunnerInbox(string name, int length)
{
    private readonly Lock _lock = new();
    private readonly Queue<RunnerCommand> _commands = new();
    private TaskCompletionSource? _signal;
    private bool _closed;

    public void Post(RunnerCommand command)
    {
        lock (_lock)
        {
            if (_closed)
                throw new InvalidOperationException($"'{name}' isn't running any more.");
            if (_commands.Count >= length)
                throw new InvalidOperationException($"'{name}' has {length} commands waiting, as many as SubscriptionOptions.CommandQueueLength allows. Try again later.");
            _commands.Enqueue(command);
            _signal?.TrySetResult();
        }
    }

    public RunnerCommand? Take()
    {
        lock (_lock)
            return _commands.TryDequeue(out var command) ? command : null;
    }

    /// <summary>Waits for something, but not longer than until a command comes.</summary>
    public async ValueTask WaitAsync(Func<CancellationToken, ValueTask> wait, CancellationToken cancellationToken)
    {
        var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_commands.Count > 0)
                return;
            _signal = signal;
        }

        using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var waiting = wait(interrupt.Token).AsTask().ObserveAsync();
        await Task.WhenAny(waiting, signal.Task.ObserveAsync());
        interrupt.Cancel();
        try
        {
            await waiting;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // A command has come.
        }
    }

    /// <summary>Refuses what waits and what will come.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            while (_commands.TryDequeue(out var command))
                command.Done.TrySetException(new InvalidOperationException($"'{name}' ended before it could do that."));
        }
    }
}
