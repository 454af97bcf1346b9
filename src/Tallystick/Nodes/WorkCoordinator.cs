using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;

namespace Tallystick.Nodes;

/// <summary>
/// Has a fair share of a database's work run in this process, and no work that another process has. At each beat it reads the leases and
/// makes one commit; what that is, <see cref="WorkPlan"/> decides.
/// </summary>
/// <remarks>
/// Two things keep work from running twice. A process that can't renew its leases ends its work by itself, by a clock that only measures how
/// long ago the last renewal was sent; since the store counts from a later moment, the work has been told to end before anybody else can
/// take it. And a process that couldn't even notice that (it was stopped, and wakes up) is refused by the store, since its commits carry the
/// lease's epoch.
/// </remarks>
internal sealed class WorkCoordinator : IDisposable
{
    /// <summary>The checkpoint of the platform that keeps the number of partitions.</summary>
    public const string PartitionsCheckpoint = "$work-partitions";

    /// <summary>
    /// How often a beat reads again at once, mostly since another process was faster and its commit was refused. The last time it only keeps
    /// what it has.
    /// </summary>
    private const int AttemptsMax = 4;

    private readonly IStore _store;
    private readonly NodeOptions _options;
    private readonly TimeProvider _time;
    private readonly IPartitionWork _work;
    private readonly ILogger _logger;
    private readonly SortedDictionary<int, Lease> _running = [];
    private readonly SortedDictionary<int, Task> _ending = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _leaving = new();
    private ImmutableArray<string?> _others = [];
    private Task _loop = Task.CompletedTask;
    private long _renewedAt;
    private bool _isFailing;

    /// <summary>Makes a coordinator; it does nothing until it is started.</summary>
    /// <param name="store">The database.</param>
    /// <param name="options">Checked, and with a name.</param>
    /// <param name="time">The clock of beats and deadlines; only how fast it goes matters, not what it shows.</param>
    /// <param name="work">What to start and to end.</param>
    /// <param name="logger">Is told of gains and losses.</param>
    public WorkCoordinator(IStore store, NodeOptions options, TimeProvider time, IPartitionWork work, ILogger logger) =>
        (_store, _options, _time, _work, _logger) = (store, options, time, work, logger);

    private string NodeId => _options.NodeId!;

    /// <summary>Whether it has come to terms with the database at all; without that, no work of it runs here.</summary>
    public bool HasAgreed { get; private set; }

    private bool IsLeaving => _leaving.IsCancellationRequested;

    /// <summary>Agrees with the database on the number of partitions, then begins to beat. If it fails, it can be repeated.</summary>
    /// <exception cref="InvalidOperationException">The database's work is divided into another number of partitions.</exception>
    /// <exception cref="TallystickException">The store failed.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await AgreeOnPartitionsAsync(cancellationToken);
        Begin();
    }

    /// <summary>Begins to beat. What <see cref="StartAsync"/> agrees on first is part of a beat here, and tried again at the next one if it fails.</summary>
    public void Begin() => _loop = RunAsync(_stopping.Token);

    /// <summary>Ends all work, gives the leases back and stops beating.</summary>
    /// <exception cref="OperationCanceledException">The deadline passed first; what wasn't given back is free for others when its time is over.</exception>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _leaving.Cancel();
        try
        {
            await _loop.WaitAsync(cancellationToken);
        }
        finally
        {
            _stopping.Cancel();
        }
    }

    /// <summary>Once it has stopped. A loop that a handler holds up beyond its deadline still needs what would be let go of.</summary>
    public void Dispose()
    {
        if (!_loop.IsCompleted)
            return;
        _stopping.Dispose();
        _leaving.Dispose();
    }

    private async Task AgreeOnPartitionsAsync(CancellationToken cancellationToken)
    {
        var wanted = LogPosition.Of(_options.WorkPartitions);
        var stored = await _store.ReadCheckpointAsync(TenantId.Platform, PartitionsCheckpoint, cancellationToken);
        if (stored is null)
        {
            var commit = Commit.For(TenantId.Platform).Save(PartitionsCheckpoint, wanted, LogPosition.Start);
            // Another process may have been first.
            if (await _store.CommitAsync(commit, cancellationToken) is CommitResult.Refused { Reason: Refusal.CheckpointMoved moved })
                stored = moved.Actual;
            else
                stored = wanted;
        }

        if (stored != wanted)
        {
            throw new InvalidOperationException(
                $"NodeOptions.WorkPartitions is {wanted}, but the work of this database is divided into {stored} partitions, which all its processes must agree on. Set WorkPartitions to {stored}.");
        }

        HasAgreed = true;
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        await Task.Yield();
        var beat = Task.CompletedTask;
        try
        {
            while (true)
            {
                if (IsLeaving)
                    EndAll();
                beat = TryBeatAsync(stopping);
                while (!await WithinAsync(beat, UntilDeadline(), stopping))
                    Expire();
                Expire();
                if (HasLeft())
                    return;
                await PauseAsync(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            EndAll();
            await beat;
        }
    }

    /// <summary>Whether nothing is left to end or to give back. What a failing store doesn't take back in time is free by itself.</summary>
    private bool HasLeft() => IsLeaving && _running.Count == 0 && _ending.Count == 0
        && (!_isFailing || _time.GetElapsedTime(_renewedAt) >= _options.LeaseDuration);

    /// <summary>Waits until the next beat: less if work has ended whose lease can be given back, or the process wants to leave.</summary>
    private async Task PauseAsync(CancellationToken stopping)
    {
        // If the store fails, there is no hurry to tell it.
        if (ForgetEnded() && !_isFailing)
            return;
        var ended = _ending.Count == 0 ? null : Task.WhenAny(_ending.Values).ObserveAsync();
        var leave = IsLeaving ? CancellationToken.None : _leaving.Token;
        var from = _time.GetTimestamp();
        while (_options.HeartbeatInterval - _time.GetElapsedTime(from) is var left && left > TimeSpan.Zero)
        {
            if (await WithinAsync(ended, UntilDeadline() is { } deadline && deadline < left ? deadline : left, stopping, leave) || leave.IsCancellationRequested)
                return;
            Expire();
        }
    }

    /// <summary>
    /// Waits for a task (null: none), but not longer than a time (null: as long as it takes), nor than until it is enough; whether the task
    /// has completed.
    /// </summary>
    private async Task<bool> WithinAsync(Task? task, TimeSpan? time, CancellationToken stopping, CancellationToken enough = default)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stopping, enough);
        var delay = Task.Delay(time ?? Timeout.InfiniteTimeSpan, _time, over.Token).ObserveAsync();
        await Task.WhenAny(task ?? delay, delay);
        over.Cancel();
        try
        {
            await delay;
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            // Something else was first.
        }

        return task?.IsCompleted == true;
    }

    /// <summary>How long the work may go on without a renewal; null if nothing runs.</summary>
    private TimeSpan? UntilDeadline()
    {
        if (_running.Count == 0)
            return null;
        var left = _options.LeaseDuration - _time.GetElapsedTime(_renewedAt);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>Ends all work if it may not go on any more: from now on others may have it.</summary>
    private void Expire()
    {
        if (UntilDeadline() is not { } left || left > TimeSpan.Zero)
            return;
        NodeLog.Expired(_logger, NodeId, _running.Count, _options.LeaseDuration);
        EndAll();
    }

    private void EndAll()
    {
        foreach (var partition in _running.Keys.ToArray())
            End(partition);
    }

    private void End(int partition)
    {
        _running.Remove(partition);
        _ending[partition] = _work.EndAsync(partition);
    }

    /// <summary>Takes out what has ended; whether there was anything.</summary>
    private bool ForgetEnded()
    {
        var ended = _ending.Where(pair => pair.Value.IsCompleted).Select(pair => pair.Key).ToArray();
        foreach (var partition in ended)
            _ending.Remove(partition);
        return ended.Length > 0;
    }

    /// <summary>A beat that fails is no reason to stop: the next one may succeed before the deadline, and work can be had again after it.</summary>
    private async Task TryBeatAsync(CancellationToken stopping)
    {
        try
        {
            await BeatAsync(stopping);
            _isFailing = false;
        }
        catch (Exception error)
        {
            if (!_isFailing && !stopping.IsCancellationRequested)
                NodeLog.BeatFailed(_logger, NodeId, _options.HeartbeatInterval, error);
            _isFailing = true;
        }
    }

    private async Task BeatAsync(CancellationToken stopping)
    {
        if (!HasAgreed)
            await AgreeOnPartitionsAsync(stopping);
        for (var attempt = 1; ; attempt++)
        {
            ForgetEnded();
            var leases = await _store.ReadLeasesAsync(TenantId.Platform, new LeaseRead(WorkPlan.Prefix, _store.Limits.PageLengthMax), stopping);
            var plan = WorkPlan.Make(leases, _options.WorkPartitions, new NodeWork(NodeId, _running, _ending.Keys, IsLeaving));
            Look(plan);
            if (plan.Commit(_options.LeaseDuration, takes: attempt < AttemptsMax) is not { } commit)
                return;
            var sentAt = _time.GetTimestamp();
            switch (await _store.CommitAsync(commit, stopping))
            {
                case CommitResult.Committed committed:
                    Gain(committed, sentAt);
                    if (plan.Given.IsEmpty || !plan.HasRoom || attempt >= AttemptsMax)
                        return;
                    break; // What was given back only for a new epoch can be taken at once.
                case CommitResult.Refused refused when attempt < AttemptsMax:
                    NodeLog.BeatRefused(_logger, NodeId, attempt, refused.Reason.ToString());
                    break;
                case CommitResult.Refused refused:
                    throw new TallystickException($"The leases couldn't be renewed, {attempt} times in a row: {refused.Reason}", isTransient: true);
                default:
                    throw new InvalidOperationException("CommitResult is a closed set.");
            }
        }
    }

    /// <summary>Ends what must not run here, and tells who has what.</summary>
    private void Look(WorkPlan plan)
    {
        if (!plan.Lost.IsEmpty)
            NodeLog.Lost(_logger, NodeId, plan.Lost.Length, string.Join(", ", plan.Lost));
        if (!plan.Surplus.IsEmpty)
            NodeLog.GivesUp(_logger, NodeId, plan.Surplus.Length, plan.Alive, string.Join(", ", plan.Surplus));
        foreach (var partition in plan.Lost.Concat(plan.Surplus))
            End(partition);
        var others = plan.Others();
        if (others.SequenceEqual(_others))
            return;
        _others = others;
        _work.Seen(others);
    }

    /// <summary>Takes over what a commit gave, if it isn't over already.</summary>
    private void Gain(CommitResult.Committed committed, long sentAt)
    {
        if (_time.GetElapsedTime(sentAt) >= _options.LeaseDuration || _stopping.IsCancellationRequested)
            return;
        _renewedAt = sentAt;
        List<int> gained = [];
        foreach (var lease in committed.Leases)
        {
            // The process's own sign of life isn't work.
            if (WorkPlan.PartitionOf(lease.Name) is not { } partition)
                continue;
            gained.Add(partition);
            _running[partition] = lease;
            _work.Start(partition, lease);
        }

        if (gained.Count > 0)
            NodeLog.Gained(_logger, NodeId, gained.Count, string.Join(", ", gained));
    }
}
