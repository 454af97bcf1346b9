using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Subscriptions;

/// <summary>
/// A tenant's projection or subscription as one process knows it: what outlives the runners that have it here, one after the other, while the
/// work moves between processes.
/// </summary>
internal sealed class WorkItem : IDisposable
{
    private readonly Func<WorkItem, Lease?, Runner> _newRunner;

    /// <summary>Makes an item that nothing runs yet.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="name">The projection or subscription.</param>
    /// <param name="partition">The part of the work that it belongs to; null if this process has all work.</param>
    /// <param name="newRunner">Makes a runner, given the lease under which it has to commit.</param>
    public WorkItem(TenantId tenant, string name, int? partition, Func<WorkItem, Lease?, Runner> newRunner)
    {
        (Tenant, Name, Partition, _newRunner) = (tenant, name, partition, newRunner);
        var state = partition is null ? SubscriptionState.Starting : SubscriptionState.Elsewhere;
        Status = new StatusCell(new SubscriptionStatus(tenant, name, state, LogPosition.Start));
    }

    public TenantId Tenant { get; }

    public string Name { get; }

    public int? Partition { get; }

    public StatusCell Status { get; }

    /// <summary>Whether this process has put its version of a projection in place: then it gives way to another one, also after the work has moved.</summary>
    public bool OwnsVersion { get; set; }

    /// <summary>What runs, or ran last.</summary>
    public Runner? Runner { get; private set; }

    /// <summary>Whether a runner is at work that hasn't been told to end.</summary>
    public bool IsRunning => Runner is { IsStopping: false };

    /// <summary>Starts a runner. One that hasn't ended yet ends first.</summary>
    public void Start(Lease? lease)
    {
        var before = Runner;
        Runner = _newRunner(this, lease);
        Runner.Start(before is null ? Task.CompletedTask : EndedAsync(before));
    }

    /// <summary>Tells the runner to end.</summary>
    /// <param name="state">What its status becomes.</param>
    /// <returns>Completes when it has ended; never fails.</returns>
    public Task End(SubscriptionState state)
    {
        Runner?.Stop(state);
        return Runner?.Completion ?? Task.CompletedTask;
    }

    /// <summary>Tells which process has the work that doesn't run here.</summary>
    public void Seen(string? node)
    {
        if (!IsRunning && Status.Value is { State: SubscriptionState.Elsewhere } status && status.Node != node)
            Status.Set(status with { Node = node });
    }

    /// <summary>Once everything has ended.</summary>
    public void Dispose() => Runner?.Dispose();

    /// <summary>A runner that another has replaced is told nothing any more.</summary>
    private static async Task EndedAsync(Runner runner)
    {
        await runner.Completion;
        runner.Dispose();
    }
}
