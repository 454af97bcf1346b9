using Microsoft.Extensions.Logging;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;

namespace Tallystick;

/// <summary>
/// A running application: starts the projections and subscriptions of all tenants and stops them. The host starts it by itself; a test or
/// a program without a host calls it.
/// </summary>
public sealed partial class TallystickRuntime : IAsyncDisposable
{
    private readonly SubscriptionHost _host;
    private readonly TenantFollower _follower;
    private readonly TimeProvider _time;
    private readonly ILogger<TallystickRuntime> _logger;
    private readonly CancellationTokenSource _stopping = new();
    private Task _following = Task.CompletedTask;
    private int _started;
    private int _disposed;

    internal TallystickRuntime(IStore store, SubscriptionHost host, TimeProvider time, ILogger<TallystickRuntime> logger)
    {
        (_host, _time, _logger) = (host, time, logger);
        _follower = new TenantFollower(store, host);
    }

    /// <summary>
    /// Starts the projections and subscriptions of every tenant, and of those that are created later. If it fails, it can be repeated.
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

        _following = FollowAsync();
    }

    /// <summary>Stops everything; what is being written is finished.</summary>
    /// <exception cref="OperationCanceledException">The deadline passed first; everything has been told to end.</exception>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _disposed) != 0)
            return;
        _stopping.Cancel();
        try
        {
            await _following.WaitAsync(cancellationToken);
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

    /// <summary>The catalog is followed as long as the application runs: a store that fails for a time only delays new tenants.</summary>
    private async Task FollowAsync()
    {
        try
        {
            while (true)
            {
                try
                {
                    await _follower.FollowAsync(_stopping.Token);
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

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    [LoggerMessage(1000, LogLevel.Error, "The catalog of tenants can't be followed; trying again in {Delay}.")]
    private partial void LogFollowingFailed(Exception error, TimeSpan delay);
}
