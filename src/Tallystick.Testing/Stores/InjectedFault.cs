namespace Tallystick.Testing.Stores;

/// <summary>A fault within a <see cref="FaultyStore"/>: whether it has struck, and how to take it out again.</summary>
public sealed class InjectedFault
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource<StoreCall> _struck = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _removed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _fitting;
    private int _strikes;

    internal InjectedFault(StoreFault fault) => Fault = fault;

    /// <summary>What goes wrong.</summary>
    public StoreFault Fault { get; }

    /// <summary>How many calls it has struck.</summary>
    public int Strikes => Volatile.Read(ref _strikes);

    /// <summary>Whether it was taken out.</summary>
    public bool IsRemoved => _removed.Task.IsCompleted;

    internal Task Removed => _removed.Task;

    /// <summary>Completes, by a signal, with the first call that it strikes.</summary>
    /// <param name="cancellationToken">Carries the deadline.</param>
    public Task<StoreCall> WhenStruckAsync(CancellationToken cancellationToken) => _struck.Task.WaitAsync(cancellationToken);

    /// <summary>Takes the fault out: it strikes no more, the calls that it holds go on, and what it let die lives again.</summary>
    public void Remove() => _removed.TrySetResult();

    /// <summary>Counts a call that fits, and says whether this is one to strike.</summary>
    internal bool IsStruck(StoreCall call)
    {
        if (IsRemoved || !Fits(call))
            return false;
        lock (_lock)
        {
            _fitting++;
            if (_fitting < Fault.First || _strikes >= Fault.Count)
                return false;
            if (Fault.Odds is { } odds && !odds.Entropy.Chance(odds.Probability))
                return false;
            _strikes++;
        }

        _struck.TrySetResult(call);
        return true;
    }

    private bool Fits(StoreCall call) =>
        (Fault.Operations.IsEmpty ? call.IsWait || Fault.Kind != FaultKind.Skip : Fault.Operations.Contains(call.Operation))
        && (Fault.Tenant is null || Fault.Tenant == call.Tenant)
        && (Fault.Condition is null || Fault.Condition(call));
}
