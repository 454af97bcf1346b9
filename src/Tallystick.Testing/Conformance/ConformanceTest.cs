using System.Reflection;

namespace Tallystick.Testing.Conformance;

/// <summary>One thing that every store must do. Any test runner runs it by one call, since a failure is an exception.</summary>
public sealed class ConformanceTest
{
    private readonly Func<ConformanceArea> _newArea;
    private readonly MethodInfo _method;
    private readonly object?[] _arguments;

    internal ConformanceTest(string area, string name, StoreCapabilities needs, Func<ConformanceArea> newArea, MethodInfo method, object?[] arguments) =>
        (Area, Name, Needs, _newArea, _method, _arguments) = (area, name, needs, newArea, method, arguments);

    /// <summary>The part of the seam that it belongs to, such as <c>Commit</c>.</summary>
    public string Area { get; }

    /// <summary>What holds, as a sentence; where there are several cases of it, the case in brackets.</summary>
    public string Name { get; }

    /// <summary>What a provider must be able to do for the test to mean something.</summary>
    public StoreCapabilities Needs { get; }

    /// <summary>Why the test says nothing about this provider; null if it does.</summary>
    public string? SkipReason(StoreHarness harness)
    {
        ArgumentNullException.ThrowIfNull(harness);
        var missing = Needs & ~harness.Capabilities;
        if (missing.HasFlag(StoreCapabilities.Durable))
            return "This store keeps nothing when it is closed.";
        return missing.HasFlag(StoreCapabilities.Crash) ? $"{harness.GetType().Name} can't crash its store." : null;
    }

    /// <summary>Runs the test with fresh databases of a harness.</summary>
    /// <param name="harness">The provider's harness; it isn't disposed.</param>
    /// <param name="options">Deadline, seed and log; null: the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CheckFailedException">The store doesn't do it; the message and the inner exception say what it did instead.</exception>
    /// <exception cref="InvalidOperationException">The provider lacks what the test needs: <see cref="SkipReason"/> says what.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task RunAsync(StoreHarness harness, ConformanceOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (SkipReason(harness) is { } reason)
            throw new InvalidOperationException($"'{this}' must be skipped: {reason} Ask SkipReason first.");
        options ??= ConformanceOptions.Default;
        using var deadline = new CancellationTokenSource(options.Deadline, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var area = _newArea();
        try
        {
            // On another thread, so that the deadline also holds for a store that blocks the one it is called on.
            var running = Task.Factory.StartNew(
                () => area.RunAsync(harness, options, test => InvokeAsync(test), either.Token), either.Token, TaskCreationOptions.DenyChildAttach, TaskScheduler.Default).Unwrap();
            await running.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception error)
        {
            throw new CheckFailedException(Describe(error, deadline.IsCancellationRequested, options, area), error);
        }
    }

    /// <summary>Area and name: what <see cref="StoreConformance.Get"/> finds it by.</summary>
    public override string ToString() => $"{Area}: {Name}";

    private async Task InvokeAsync(ConformanceArea area)
    {
        if (_method.Invoke(area, BindingFlags.DoNotWrapExceptions, null, _arguments, null) is Task task)
            await task;
    }

    private string Describe(Exception error, bool isLate, ConformanceOptions options, ConformanceArea area)
    {
        var instead = isLate && error is OperationCanceledException
            ? $"It hasn't ended after {options.Deadline.TotalSeconds:0.###} s: the store didn't answer, or a signal was lost."
            : $"{error.GetType().Name}: {error.Message}";
        var seed = area.Seed is { } drawn ? $"{Environment.NewLine}The seed was {drawn}; to run the same again: new ConformanceOptions {{ Seed = {area.RepeatSeed} }}." : "";
        return $"The store doesn't conform. {this}{Environment.NewLine}{instead}{seed}";
    }
}
