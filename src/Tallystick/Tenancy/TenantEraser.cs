using Microsoft.Extensions.Logging;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy.Databases;

namespace Tallystick.Tenancy;

// Two events frame the erasure. The first ends the time of grace: after it nothing is restored, and no call reaches the tenant. The
// second says that nothing is left. A node that dies in between leaves the first alone, and whichever node sees that erases again what is
// left; every step can be repeated.

/// <summary>Erases deleted tenants when their time of grace is over. Sleeps until the earliest of them is due.</summary>
internal sealed partial class TenantEraser(
    IStore store, TenantDirectory directory, Func<string, TenantId, CancellationToken, ValueTask> removeFilesAsync, TimeProvider time, ILogger logger)
{
    /// <summary>The longest single wait; longer ones are parted, since no timer takes them.</summary>
    private static readonly TimeSpan WaitMax = TimeSpan.FromDays(1);

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly SortedSet<(DateTimeOffset Due, string Tenant)> _due = [];
    private readonly SortedDictionary<string, DateTimeOffset> _dues = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Takes note of a tenant that is, or no longer is, to be erased.</summary>
    public void Note(TenantId tenant, TenantRecord record) =>
        Plan(tenant, record.IsErased ? null : record.Deletion?.ErasableFrom);

    /// <summary>Erases tenants as they become due, until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        while (true)
        {
            Task changed;
            (DateTimeOffset Due, string Tenant)? first;
            lock (_lock)
            {
                changed = _changed.Task;
                first = _due.Count == 0 ? null : _due.Min;
            }

            var wait = first is { } next ? next.Due - time.GetUtcNow() : Timeout.InfiniteTimeSpan;
            if (first is { } due && wait <= TimeSpan.Zero)
                await TryEraseAsync(TenantId.Parse(due.Tenant), cancellationToken);
            else
                await WaitAsync(changed, wait < WaitMax ? wait : WaitMax, cancellationToken);
        }
    }

    private async Task WaitAsync(Task changed, TimeSpan wait, CancellationToken cancellationToken)
    {
        try
        {
            await changed.ObserveAsync().WaitAsync(wait, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Somebody is due.
        }
    }

    private async Task TryEraseAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        try
        {
            await EraseAsync(tenant, cancellationToken);
            Plan(tenant, null);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            LogErasureFailed(error, tenant, RetryDelay);
            Plan(tenant, time.GetUtcNow() + RetryDelay);
        }
    }

    private async Task EraseAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        // Null: it was restored, or another node has erased it.
        if (await directory.RecordAsync(tenant, new TenantCommand.BeginErasure(time.GetUtcNow()), cancellationToken) is not { } entry)
            return;
        if (entry.Record.Placement is Placement.Dedicated(var kind))
            await removeFilesAsync(kind, tenant, cancellationToken);
        else
            await EraseRowsAsync(entry.Record.Placement, tenant, cancellationToken);
        await directory.RecordAsync(tenant, new TenantCommand.RecordErasure(), cancellationToken);
        LogErased(tenant);
    }

    private async Task EraseRowsAsync(Placement placement, TenantId tenant, CancellationToken cancellationToken)
    {
        using var use = store is PlacedStore placed ? await placed.UseAsync(placement, tenant, cancellationToken) : new DatabaseUse(store);
        while ((await use.Store!.CommitAsync(Commit.For(tenant).Erase(), cancellationToken)).Demand().HasMore)
            cancellationToken.ThrowIfCancellationRequested();
    }

    private void Plan(TenantId tenant, DateTimeOffset? due)
    {
        lock (_lock)
        {
            if (_dues.Remove(tenant.Value, out var before))
                _due.Remove((before, tenant.Value));
            if (due is { } at)
            {
                _dues.Add(tenant.Value, at);
                _due.Add((at, tenant.Value));
            }

            var changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            changed.SetResult();
        }
    }

    [LoggerMessage(1020, LogLevel.Information, "Erased tenant '{Tenant}': nothing of it is left but its events in the catalog.")]
    private partial void LogErased(TenantId tenant);

    [LoggerMessage(1021, LogLevel.Error, "Tenant '{Tenant}' can't be erased; trying again in {Delay}.")]
    private partial void LogErasureFailed(Exception error, TenantId tenant, TimeSpan delay);
}
