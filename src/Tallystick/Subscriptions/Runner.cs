using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Subscriptions;

/// <summary>
/// The loop of one projection or subscription of one tenant: take commands, load, work on a page, wait for a signal. It tells three
/// kinds of failure apart. A handler's failure belongs to one event: it is retried a few times, then this runner alone stops there.
/// The store's failure is nobody's fault here: everything is read again, without end, with growing delays. And a refused commit means
/// that another process is ahead: everything is read again at once. If the work has moved to another process, the runner ends.
/// </summary>
internal abstract partial class Runner : IDisposable
{
    private const int RefusalsMax = 10;

    private readonly CancellationTokenSource _stopping = new();
    private readonly RunnerInbox _inbox;
    private readonly Lease? _lease;
    private SubscriptionState _end = SubscriptionState.Ended;
    private Task? _loop;
    private bool _loaded;
    private int _storeFailures;
    private int _refusals;
    private int _attempts;
    private LogPosition _failing;
    private EventFailedException? _givenUp;

    protected Runner(RunnerServices services, WorkItem item, Lease? lease, RunnerStateStore state)
    {
        (Services, Item, _lease, StateStore) = (services, item, lease, state);
        _inbox = new RunnerInbox(Name, services.Options.CommandQueueLength);
        Skipped = new SkippedEvents(services.Store, Tenant, Name, services.Ids);
        Item.Status.Set(new SubscriptionStatus(Tenant, Name, SubscriptionState.Starting, Status.Position) { Lease = lease });
    }

    public TenantId Tenant => Item.Tenant;

    public string Name => Item.Name;

    public SubscriptionStatus Status => Item.Status.Value;

    /// <summary>Whether it was told to end, or ends by itself.</summary>
    public bool IsStopping => _stopping.IsCancellationRequested;

    /// <summary>Completes when the loop has ended; never fails.</summary>
    public Task Completion => _loop ?? Task.CompletedTask;

    protected RunnerServices Services { get; }

    protected WorkItem Item { get; }

    protected IStore Store => Services.Store;

    protected SubscriptionOptions Options => Services.Options;

    protected RunnerStateStore StateStore { get; }

    protected SkippedEvents Skipped { get; }

    protected RunnerState State { get; private set; } = new();

    protected LogPosition Revision { get; private set; }

    /// <summary>Up to here the runner has dealt with the log.</summary>
    protected abstract LogPosition Position { get; }

    /// <summary>Starts the loop as soon as another one, which never fails, has ended.</summary>
    public void Start(Task other) => _loop = RunAsync(other, _stopping.Token);

    /// <summary>Asks the loop to end; await <see cref="Completion"/>.</summary>
    /// <param name="end">What the status becomes: at once if others may do the work from now on, else when the loop has ended.</param>
    public void Stop(SubscriptionState end)
    {
        if (Completion.IsCompleted)
            return;
        _end = end;
        _stopping.Cancel();
        if (end == SubscriptionState.Elsewhere)
            SetEnd();
    }

    public void Dispose() => _stopping.Dispose();

    /// <summary>Reads where it was. Called at the start, and again whenever that may have changed.</summary>
    protected abstract ValueTask LoadAsync(CancellationToken cancellationToken);

    /// <summary>Does one bounded piece of work; false if there was nothing to do.</summary>
    protected abstract ValueTask<bool> StepAsync(CancellationToken cancellationToken);

    /// <summary>Lets a commit take effect only while the checkpoints are where this runner believes them to be.</summary>
    protected abstract Commit GuardPlace(Commit commit);

    /// <summary>Begins a rebuild.</summary>
    protected abstract ValueTask RebuildAsync(CancellationToken cancellationToken);

    /// <summary>Lets go of what is still running before the loop ends or loads anew.</summary>
    protected abstract ValueTask ReleaseAsync();

    protected SubscriptionStatus StatusOf(SubscriptionState state) => Status with
    {
        State = state, Position = Position, Failure = null, StoreError = null,
    };

    protected void SetStatus(SubscriptionStatus status)
    {
        // Others may have the work already; what is still being finished here is nobody's status.
        if (IsStopping && _end == SubscriptionState.Elsewhere)
            return;
        var before = Status.State;
        Item.Status.Set(status);
        if (before != status.State)
            SubscriptionLog.StateChanged(Services.Logger, Name, Tenant, before, status.State, status.Position);
    }

    /// <summary>Stops for a reason that is no event's fault, until it is resumed.</summary>
    protected void Supersede()
    {
        SubscriptionLog.Superseded(Services.Logger, Name, Tenant, State.Active?.Version ?? 0);
        SetStatus(StatusOf(SubscriptionState.Superseded));
    }

    protected async ValueTask ReadStateAsync(CancellationToken cancellationToken) =>
        (State, Revision) = await StateStore.ReadAsync(cancellationToken);

    /// <summary>Commits with the guard that nobody else has changed the state; also forgets a stop that is passed.</summary>
    protected async ValueTask CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        if (State.Stopped is not null && Position.Value >= State.Stopped.Position)
        {
            await CommitStateAsync(commit, State with { Stopped = null }, cancellationToken);
            return;
        }

        await DemandAsync(Guard(commit), cancellationToken);
    }

    /// <summary>Commits with a change of the state.</summary>
    protected async ValueTask CommitStateAsync(Commit commit, RunnerState state, CancellationToken cancellationToken)
    {
        await DemandAsync(StateStore.Change(commit, state, Revision), cancellationToken);
        (State, Revision) = (state, Revision.Next());
    }

    /// <summary>Lets a commit take effect only while the state is as this runner knows it.</summary>
    protected virtual Commit Guard(Commit commit) => StateStore.Guard(commit, Revision);

    /// <summary>The lease under which a tenant's rows are written; null if this process has all work.</summary>
    protected virtual Lease? LeaseFor(TenantId tenant) => _lease;

    /// <summary>Waits until there may be something to do.</summary>
    protected virtual ValueTask WaitForWorkAsync(CancellationToken cancellationToken) =>
        Store.WaitForPositionAsync(Tenant, Position.Next(), cancellationToken);

    /// <summary>Lets everything be read anew before the next step.</summary>
    protected void Reload() => _loaded = false;

    /// <summary>Commits, if the work is still this process's own.</summary>
    protected async ValueTask DemandAsync(Commit commit, CancellationToken cancellationToken)
    {
        var lease = LeaseFor(commit.Tenant);
        switch (await Store.CommitAsync(lease is null ? commit : commit.Under(lease), cancellationToken))
        {
            case CommitResult.Refused { Reason: Refusal.LeaseLost lost } when lost.Lease == _lease:
                throw new WorkMovedException(lost);
            case CommitResult.Refused { Reason: Refusal.LeaseLost lost } when lost.Lease == lease:
                throw new OwnerMovedException(lost.ToString());
            case CommitResult.Refused { Reason: Refusal.CheckpointMoved moved }:
                throw new OwnerMovedException(moved.ToString());
            case CommitResult.Refused { Reason: Refusal.Fenced or Refusal.Erasing } closed:
                closed.Demand(); // No handler's fault: tried again, until the runner is told to end here.
                return;
            case CommitResult.Refused refused:
                throw new CommitRefusedException(refused.Reason);
            default:
                return;
        }
    }

    private async Task RunAsync(Task other, CancellationToken stopping)
    {
        await Task.Yield();
        await other;
        try
        {
            while (!stopping.IsCancellationRequested)
                await TurnAsync(stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The host stops, or the work moves.
        }
        finally
        {
            await ReleaseAsync();
            _inbox.Close();
            SetEnd();
        }
    }

    private void SetEnd()
    {
        var before = Status;
        if (before.State == _end)
            return;
        Item.Status.Set(before with { State = _end, Lease = null });
        SubscriptionLog.StateChanged(Services.Logger, Name, Tenant, before.State, _end, before.Position);
    }

    private async ValueTask TurnAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (_inbox.Take() is { } command)
                await ObeyAsync(command, cancellationToken);
            if (_givenUp is not null)
                await GiveUpAsync(_givenUp, cancellationToken);
            if (!IsHalted && !_loaded)
                await LoadAndReadSkippedAsync(cancellationToken);
            if (IsHalted)
            {
                await DelayAsync(Timeout.InfiniteTimeSpan, cancellationToken);
                return;
            }

            var worked = await StepWithinGateAsync(cancellationToken);
            (_storeFailures, _refusals) = (0, 0);
            if (Position >= _failing)
                (_attempts, _failing) = (0, LogPosition.Start);
            if (!worked)
                await _inbox.WaitAsync(WaitForWorkAsync, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (EventFailedException failure)
        {
            await FailedAsync(failure, cancellationToken);
        }
        catch (WorkMovedException moved)
        {
            SubscriptionLog.WorkMoved(Services.Logger, Name, Tenant, moved.Message);
            Stop(SubscriptionState.Elsewhere);
        }
        catch (OwnerMovedException moved) when (++_refusals <= RefusalsMax)
        {
            SubscriptionLog.OwnerMoved(Services.Logger, Name, Tenant, moved.Message);
            _loaded = false;
        }
        catch (Exception error)
        {
            _loaded = false;
            await StoreFailedAsync(error, cancellationToken);
        }
    }

    private bool IsHalted => Status.State is SubscriptionState.Stopped or SubscriptionState.Superseded;

    private async ValueTask LoadAndReadSkippedAsync(CancellationToken cancellationToken)
    {
        await ReleaseAsync();
        await Skipped.RefreshAsync(cancellationToken);
        await LoadAsync(cancellationToken);
        _loaded = !IsHalted;
    }

    private async ValueTask<bool> StepWithinGateAsync(CancellationToken cancellationToken)
    {
        await Services.Gate.EnterAsync(Tenant, cancellationToken);
        try
        {
            return await StepAsync(cancellationToken);
        }
        finally
        {
            Services.Gate.Leave();
        }
    }

    /// <summary>A handler failed: try the event again after a while, or give up if it has been tried enough.</summary>
    private async ValueTask FailedAsync(EventFailedException failure, CancellationToken cancellationToken)
    {
        _attempts = _failing == failure.Recorded.Position ? _attempts + 1 : 1;
        _failing = failure.Recorded.Position;
        if (_attempts > Options.RetriesMax || failure.Cause is StopDemandedException)
        {
            _givenUp = failure;
            return;
        }

        // Perhaps it failed only because another process is ahead and its documents were seen with this one's position: look again.
        _loaded = false;
        var delay = failure.RetryAfter ?? Options.Delay(_attempts);
        SubscriptionLog.EventFailed(Services.Logger, Name, Tenant, failure.Recorded.Type, _failing, _attempts, delay, failure.Cause);
        SetStatus(StatusOf(SubscriptionState.Retrying) with { Failure = Describe(failure) });
        await DelayAsync(delay, cancellationToken);
    }

    /// <summary>Stops at an event, visibly also for others and after a restart (which tries again: it may bring the repair).</summary>
    private async ValueTask GiveUpAsync(EventFailedException failure, CancellationToken cancellationToken)
    {
        var described = Describe(failure);
        if (!_loaded)
            await ReadStateAsync(cancellationToken);
        try
        {
            await CommitStateAsync(GuardPlace(Commit.For(StateStore.Tenant)), State with { Stopped = StoppedAt.From(described) }, cancellationToken);
        }
        catch (OwnerMovedException)
        {
            // Another process is past the place at which it failed here.
            (_givenUp, _attempts) = (null, 0);
            throw;
        }

        _givenUp = null;
        SubscriptionLog.Stopped(Services.Logger, Name, Tenant, failure.Recorded.Type, described.Position, described.EventId, described.Attempts, failure.Cause);
        SetStatus(StatusOf(SubscriptionState.Stopped) with { Failure = described });
    }

    private async ValueTask StoreFailedAsync(Exception error, CancellationToken cancellationToken)
    {
        _storeFailures++;
        var delay = Options.Delay(_storeFailures);
        SubscriptionLog.StoreFailed(Services.Logger, Name, Tenant, _storeFailures, delay, error);
        if (!IsHalted)
            SetStatus(StatusOf(SubscriptionState.Retrying) with { StoreError = error.Message });
        await DelayAsync(delay, cancellationToken);
    }

    protected SubscriptionFailure Describe(EventFailedException failure) => new(
        failure.Recorded.Position, failure.Recorded.Type, failure.Recorded.Id, failure.Cause.Message, Math.Max(1, _attempts), Options.Time.GetUtcNow());

    private ValueTask DelayAsync(TimeSpan delay, CancellationToken cancellationToken) =>
        _inbox.WaitAsync(token => new ValueTask(Task.Delay(delay, Options.Time, token)), cancellationToken);
}

/// <summary>The handler demanded to stop.</summary>
internal sealed class StopDemandedException(string reason) : Exception(reason);

/// <summary>A commit with a subscription's own changes was refused for a reason that lies in these.</summary>
internal sealed class CommitRefusedException(Refusal reason) : Exception($"The commit was refused: {reason}")
{
    public Refusal Reason { get; } = reason;
}
