using System.Runtime.CompilerServices;

namespace Tallystick.Testing.Simulations;

// An execution context flows wherever code goes on: to the thread pool by Task.Run, a timer or ConfigureAwait(false), and back. So a value that flows with
// it shows a hop when it happens, also one that never comes back to the scheduler.

/// <summary>Notices when something that was started in a simulated run goes on on another thread.</summary>
internal sealed class ThreadGuard : IDisposable
{
    private static readonly AsyncLocal<ThreadGuard?> Flowing = new(Changed);

    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly ManualResetEventSlim _noticed = new();
    private readonly ThreadGuard? _outer = Flowing.Value;
    private volatile bool _ended;
    private string? _where;

    /// <summary>Guards what is started on this thread from now on.</summary>
    public ThreadGuard() => Flowing.Value = this;

    /// <summary>What is wrong; null if everything has stayed on the run's thread.</summary>
    public string? Offence => Volatile.Read(ref _where) is not { } where ? null
        : "Work left the simulation's thread, so this run can't be repeated, and nothing that it shows is certain. Something in the application uses the thread pool: Task.Run, a timer "
        + "or a delay without the TimeProvider that it was given, I/O, ConfigureAwait(false), a semaphore with a timeout or a token, or WhenAny and WaitAsync on a TaskCompletionSource that "
        + $"runs its continuations asynchronously. Take time from TimeProvider, and put a stand-in in place of what does I/O.{where}";

    /// <summary>Whether this is the run's own thread; if not, that is noted.</summary>
    /// <param name="returning">The state of a continuation that wants to come back: it knows its method.</param>
    public bool IsHere(object? returning)
    {
        if (Environment.CurrentManagedThreadId == _thread)
            return true;
        Note(MethodOf(returning) is { } method ? $" It came back to {method}." : "");
        return false;
    }

    /// <summary>Waits, in real time, for work that is still on another thread: it may tell where it comes back.</summary>
    public void WaitForOffence(TimeSpan atMost) => _noticed.Wait(atMost);

    /// <summary>Whatever happens from now on is none of the run.</summary>
    public void Dispose()
    {
        _ended = true;
        Flowing.Value = _outer;
    }

    private static void Changed(AsyncLocalValueChangedArgs<ThreadGuard?> change)
    {
        if (change.ThreadContextChanged && change.CurrentValue is { _ended: false } guard && Environment.CurrentManagedThreadId != guard._thread)
            guard.Note("");
    }

    private void Note(string where)
    {
        // The method, if it becomes known, is worth more than that it was noticed before.
        if (Interlocked.CompareExchange(ref _where, where, null) is "")
            Volatile.Write(ref _where, where);
        _noticed.Set();
    }

    /// <summary>The asynchronous method that a continuation belongs to.</summary>
    private static string? MethodOf(object? continuation)
    {
        if (continuation is not Action { Target: { } box } || box.GetType().GenericTypeArguments.FirstOrDefault(typeof(IAsyncStateMachine).IsAssignableFrom) is not { } machine)
            return null;
        // <Method>d__1, or <<Method>b__0>d for a lambda, whose type is then in most cases Type+<>c.
        var name = machine.Name.TrimStart('<');
        var type = machine.DeclaringType?.FullName?.Split("+<")[0];
        return $"{(machine.Name.StartsWith("<<", StringComparison.Ordinal) ? "a lambda of " : "")}{type}.{name.Split('>')[0].Replace("-ctor", "ctor", StringComparison.Ordinal)}";
    }
}
