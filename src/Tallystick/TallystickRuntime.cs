using Microsoft.Extensions.Logging;
using Tallystick.Commands;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;
using Tallystick.Tenancy.Databases;

namespace Tallystick;

/// <summary>
/// A running application: starts the projections and subscriptions of all tenants and stops them, follows the catalog of tenants, moves
/// those that are to be moved, and erases deleted ones. The host starts it by itself; a test or a program without a host calls it.
/// </summary>
public sealed partial class TallystickRuntime : IAsyncDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly IStore _store;
    private readonly SubscriptionHost _host;
    private readonly TenantRunners _runners;
    private readonly TenantEraser _eraser;
    private readonly TenantMover? _mover;
    private readonly TenantFollower _follower;
    private readonly TenantOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<TallystickRuntime> _logger;
    private readonly CancellationTokenSource _stopping = new();
    private Task _working = Task.CompletedTask;
    private int _started;
    private int _disposed;

    internal TallystickRuntime(
        IStore store, SubscriptionHost host, TenantDirectory directory, TenantEraser eraser, TenantMover? mover, StateCache states, TenantOptions options,
        TimeProvider time, ILogger<TallystickRuntime> logger)
    {
        (_store, _host, _eraser, _mover, _options, _time, _logger) = (store, host, eraser, mover, options, time, logger);
        _runners = new TenantRunners(host);
        _follower = new TenantFollower(store, directory, _runners, eraser, mover, states);
    }

    /// <summary>
    /// Starts the projections and subscriptions of every tenant, and of those that are created later. If it fails, it can be repeated. Databases
    /// beside the main one are visited afterwards, a few at a time, so that what is behind there catches up; and again when a node has gone.
    /// </summary>
    /// <exception cref="TallystickException">The store failed.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _started, 1) != 0)
            return;
        try
        {
            await _follower.CatchUpAsync(cancellationToken);
            await _host.StartAsync(cancellationToken);
        }
        catch
        {
            Volatile.Write(ref _started, 0);
            throw;
        }

        var work = new List<Task> { KeepOnAsync(_follower.FollowAsync), KeepOnAsync(_eraser.RunAsync) };
        for (var i = 0; _mover is not null && i < _options.MovesAtOnce; i++)
            work.Add(KeepOnAsync(_mover.RunAsync));
        if (_store is PlacedStore placed)
        {
            placed.Watch(_runners);
            work.Add(KeepOnAsync(token => VisitAllAsync(placed, token)));
        }

        _working = Task.WhenAll(work);
    }

    /// <summary>Stops everything; what is being written is finished.</summary>
    /// <exception cref="OperationCanceledException">The deadline passed first; everything has been told to end.</exception>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _disposed) != 0)
            return;
        _runners.Stop();
        _stopping.Cancel();
        try
        {
            await _working.WaitAsync(cancellationToken);
        }
        finally
        {
            await _host.StopAsync(cancellationToken);
        }
    }

    /// <summary>Stops everything.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            _stopping.Dispose();
    }

    /// <summary>What has to go on as long as the application runs: a store that fails for a time only delays it.</summary>
    private async Task KeepOnAsync(Func<CancellationToken, Task> workAsync)
    {
        try
        {
            while (true)
            {
                try
                {
                    await workAsync(_stopping.Token);
                }
                catch (Exception error) when (error is not (OperationCanceledException or ObjectDisposedException))
                {
                    LogFollowingFailed(error, RetryDelay);
                    await Task.Delay(RetryDelay, _time, _stopping.Token);
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
        {
            // Stopped, or the store was closed first.
        }
    }

    /// <summary>
    /// Visits all databases, now and whenever a node has gone: it may have been at work in one that nobody else has open.
    /// </summary>
    private async Task VisitAllAsync(PlacedStore placed, CancellationToken cancellationToken)
    {
        await Task.Yield();
        while (true)
        {
            var gone = _host.NodeGone;
            var databases = new Queue<(Placement, TenantId)>(_runners.Databases);
            await Task.WhenAll(Enumerable.Range(0, Math.Min(_options.VisitsAtOnce, databases.Count)).Select(_ => VisitAsync(placed, databases)));
            await gone.ObserveAsync().WaitAsync(cancellationToken);
        }
    }

    /// <summary>Opens one database after the other; each closes by itself once its projections have caught up and nobody uses it.</summary>
    private async Task VisitAsync(PlacedStore placed, Queue<(Placement, TenantId)> databases)
    {
        await Task.Yield();
        while (!_stopping.IsCancellationRequested)
        {
            Placement placement;
            TenantId tenant;
            lock (databases)
            {
                if (!databases.TryDequeue(out var next))
                    return;
                (placement, tenant) = next;
            }

            try
            {
                (await placed.UseAsync(placement, tenant, _stopping.Token)).Dispose();
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (Exception error)
            {
                LogVisitFailed(error, tenant, placement);
            }
        }
    }

    [LoggerMessage(1000, LogLevel.Error, "The catalog of tenants can't be followed; trying again in {Delay}.")]
    private partial void LogFollowingFailed(Exception error, TimeSpan delay);

    [LoggerMessage(1001, LogLevel.Error, "The database of tenant '{Tenant}' in '{Placement}' can't be opened to let its projections catch up; that happens when it is first used.")]
    private partial void LogVisitFailed(Exception error, TenantId tenant, Placement placement);
}
