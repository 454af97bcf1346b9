using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Tallystick.Testing.Probes;

/// <summary>
/// Keeps what passed by, such as the events that a subscription handled or the calls that a store got, and lets a test wait for it by a
/// signal. A wait that isn't met in time fails with what passed instead. May be used by many threads at once.
/// </summary>
/// <typeparam name="T">What passes.</typeparam>
public sealed class Probe<T>
{
    private const int ShownMax = 20;

    private readonly Lock _lock = new();
    private readonly string _name;
    private ImmutableList<T> _seen = [];
    private int _clearings;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>An empty probe.</summary>
    /// <param name="name">What passes, for messages, such as <c>events of order-mailer</c>; by default the type's name.</param>
    public Probe(string? name = null) => _name = name ?? typeof(T).Name;

    /// <summary>How long a wait lasts before it fails. Default 90 s: it only keeps a fault from hanging the run.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>The clock of the deadline. Default: the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What passed, in its order.</summary>
    public ImmutableList<T> Seen
    {
        get
        {
            lock (_lock)
                return _seen;
        }
    }

    /// <summary>How much passed.</summary>
    public int Count => Seen.Count;

    /// <summary>Notes something that passes, and wakes those who wait for it.</summary>
    public void Add(T item)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _seen = _seen.Add(item);
            (changed, _changed) = (_changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        changed.TrySetResult();
    }

    /// <summary>Forgets what passed so far.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _seen = [];
            _clearings++;
        }
    }

    /// <summary>Waits until so much has passed.</summary>
    /// <returns>All that passed, which may be more.</returns>
    /// <exception cref="CheckFailedException">It didn't in time.</exception>
    public async Task<ImmutableList<T>> WaitForAsync(int count, CancellationToken cancellationToken = default)
    {
        ImmutableList<T>? all = null;
        await UntilAsync((seen, _) => (all = seen.Count >= count ? seen : null) is not null, $"{count} of them", cancellationToken);
        return all!;
    }

    /// <summary>Waits until something has passed that meets a condition.</summary>
    /// <returns>The first that did.</returns>
    /// <param name="condition">What it must meet.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <param name="text">Filled in by the compiler, for the message.</param>
    /// <exception cref="CheckFailedException">Nothing did in time.</exception>
    [SuppressMessage("Design", "CA1068", Justification = "The compiler fills in the last parameter.")]
    public async Task<T> WaitForAsync(
        Func<T, bool> condition, CancellationToken cancellationToken = default, [CallerArgumentExpression(nameof(condition))] string text = "")
    {
        ArgumentNullException.ThrowIfNull(condition);
        var (found, examined, clearing) = (-1, 0, 0);
        ImmutableList<T>? all = null;
        await UntilAsync(
            (seen, clearings) =>
            {
                // Each is examined once; all of them are new if what passed was forgotten in between.
                found = seen.FindIndex(clearing == clearings ? examined : 0, item => condition(item));
                (all, examined, clearing) = (seen, seen.Count, clearings);
                return found >= 0;
            },
            $"one with {text}",
            cancellationToken);
        return all![found];
    }

    /// <summary>What passed, the last 20, a line each.</summary>
    public override string ToString() => Describe(Seen);

    private async Task UntilAsync(Func<ImmutableList<T>, int, bool> isMet, string expected, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(Deadline, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        while (true)
        {
            ImmutableList<T> seen;
            int clearings;
            Task changed;
            lock (_lock)
                (seen, clearings, changed) = (_seen, _clearings, _changed.Task);
            if (isMet(seen, clearings))
                return;
            try
            {
                await changed.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new CheckFailedException($"Expected of {_name}: {expected}, but within {Deadline.TotalSeconds:0.###} s it didn't come. {Describe(Seen)}");
            }
        }
    }

    private static string Describe(ImmutableList<T> seen) => seen.Count switch
    {
        0 => "Nothing passed.",
        <= ShownMax => $"{seen.Count} passed:{Lines(seen, 0)}",
        _ => $"{seen.Count} passed, the last {ShownMax} are:{Lines(seen, seen.Count - ShownMax)}",
    };

    private static string Lines(ImmutableList<T> seen, int first) =>
        string.Concat(Enumerable.Range(first, seen.Count - first).Select(i => $"{Environment.NewLine}  {i + 1}. {seen[i]}"));
}
