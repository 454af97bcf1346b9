using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Subscriptions;

/// <summary>
/// The loop of one projection or subscription of one tenant: take commands, load, work on a page, wait for a signal. It tells three
/// kinds of failure apart. A handler's failure belongs to one event: it is retried a few times, then this runner alone stops there.
/// The store's failure is nobody's fault here: everything is read again, without end, with growing delays. And a refused commit means
/// that another process is ahead: everything is read again at once.
/// </summary>
internal abstract class Runner : IDisposable
{
    private const int RefusalsMax = 10;

    private readonly CancellationTokenSource _stopping = new();
    private readonly RunnerInbox _inbox;
    private readonly StatusCell _status;
    private Task? _loop;
    private bool _loaded;
    private int _storeFailures;
    private int _refusals;
    private int _attempts;
    private LogPosition _failing;
    private EventFailedException? _givenUp;

    protected Runner(RunnerServices services, TenantId tenant, string name, RunnerStateStore state)
    {
        (Services, Tenant, Name) = (services, tenant, name);
        _inbox = new RunnerInbox(name, services.Options.CommandQueueLength);
        _status = new StatusCell(new SubscriptionStatus(tenant, name, SubscriptionState.Starting, LogPosition.Start));
        StateStore = state;
        Skipped = new SkippedEvents(services.Store, tenant, name, services.Ids);
    }

    public TenantId Tenant { get; }

    public string Name { get; }

    public SubscriptionStatus Status => _status.Value;

    /// <summary>Completes when the loop has ended; never fails.</summary>
    public Task Completion => _loop ?? Task.CompletedTask;

    protected RunnerServices Services { get; }

    protected IStore Store => Services.Store;

    protected SubscriptionOptions Options => Services.Options;

    protected RunnerStateStore StateStore { get; }

    protected SkippedEvents Skipped { get; }

    protected RunnerState State { get; private set; } = new();

    protected LogPosition Revision { get; private set; }

    /// <summary>Up to here the runner has dealt with the log.</summary>
    protected abstract LogPosition Position { get; }

    public void Start() => _loop = RunAsync(_stopping.Token);

    /// <summary>Asks the loop to end; await <see cref="Completion"/>.</summary>
    public void Stop() => _stopping.Cancel();

    public Task<SubscriptionStatus> WaitForStatusAsync(Func<SubscriptionStatus, bool> wanted, CancellationToken cancellationToken) =>
        _status.WaitAsync(wanted, cancellationToken);

    public async Task TellAsync(RunnerCommand command, CancellationToken cancellationToken)
    {
        _inbox.Post(command);
        await command.Done.Task.ObserveAsync().WaitAsync(cancellationToken);
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
        var before = Status.State;
        _status.Set(status);
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

    /// <summary>Waits until there may be something to do.</summary>
    protected virtual ValueTask WaitForWorkAsync(CancellationToken cancellationToken) =>
        Store.WaitForPositionAsync(Tenant, Position.Next(), cancellationToken);

    /// <summary>Lets everything be read anew before the next step.</summary>
    protected void Reload() => _loaded = false;

    protected async ValueTask DemandAsync(Commit commit, CancellationToken cancellationToken)
    {
        switch (await Store.CommitAsync(commit, cancellationToken))
        {
            case CommitResult.Refused { Reason: Refusal.CheckpointMoved moved }:
                throw new OwnerMovedException(moved.ToString());
            case CommitResult.Refused refused:
                throw new CommitRefusedException(refused.Reason);
            default:
                return;
        }
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        await Task.Yield();
        try
        {
            while (!stopping.IsCancellationRequested)
                await TurnAsync(stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The host stops.
        }
        finally
        {
            await ReleaseAsync();
            _inbox.Close();
            SetStatus(Status with { State = SubscriptionState.Ended });
        }
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

    private async ValueTask ObeyAsync(RunnerCommand command, CancellationToken cancellationToken)
    {
        try
        {
            switch (command)
            {
                case RunnerCommand.Resume:
                    DemandHalted("resumed");
                    Continue();
                    break;
                case RunnerCommand.Skip skip:
                    await SkipAsync(skip, cancellationToken);
                    break;
                default:
                    await BeginRebuildAsync(cancellationToken);
                    break;
            }

            command.Done.TrySetResult();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            command.Done.TrySetException(new InvalidOperationException($"'{Name}' ended before it could do that."));
            throw;
        }
        catch (OwnerMovedException moved)
        {
            _loaded = false;
            command.Done.TrySetException(new TallystickException(
                $"Another process has just changed '{Name}' of {Tenant}, so nothing was done: {moved.Message} Look at its status, and try again.", moved, isTransient: true));
        }
        catch (Exception error)
        {
            _loaded = false;
            command.Done.TrySetException(error);
        }
    }

    private async ValueTask SkipAsync(RunnerCommand.Skip skip, CancellationToken cancellationToken)
    {
        DemandHalted("told to skip an event");
        if (Status.Failure is not { } failure || failure.Position != skip.Position)
        {
            throw new InvalidOperationException(
                $"'{Name}' of {Tenant} isn't stopped at position {skip.Position} but at {Status.Failure?.Position.ToString() ?? "none"}; only the event that stopped it can be skipped.");
        }

        await Skipped.RefreshAsync(cancellationToken);
        if (!Skipped.Positions.Contains(skip.Position.Value))
            (await Store.CommitAsync(Skipped.Record(Commit.For(Tenant), skip.Position, skip.Reason, skip.By), cancellationToken)).Demand();
        SubscriptionLog.Skipped(Services.Logger, Name, Tenant, failure.EventType, skip.Position, skip.By);
        Continue();
    }

    private async ValueTask BeginRebuildAsync(CancellationToken cancellationToken)
    {
        if (IsHalted || !_loaded)
            throw new InvalidOperationException($"'{Name}' of {Tenant} is {Status.State} and can't be rebuilt now. Resume it, or tell it to skip the event that stopped it.");
        await RebuildAsync(cancellationToken);
        _loaded = false;
        SetStatus(StatusOf(SubscriptionState.Rebuilding)); // Before whoever asked for it looks.
    }

    private void DemandHalted(string what)
    {
        if (!IsHalted)
            throw new InvalidOperationException($"'{Name}' of {Tenant} is {Status.State}: only one that is stopped can be {what}.");
    }

    private void Continue()
    {
        (_loaded, _attempts, _failing) = (false, 0, LogPosition.Start);
        Resumed();
        SetStatus(StatusOf(SubscriptionState.Starting));
    }

    /// <summary>Told before it is loaded again because an operator wants it to go on.</summary>
    protected virtual void Resumed()
    {
    }
}

/// <summary>The handler demanded to stop.</summary>
internal sealed class StopDemandedException(string reason) : Exception(reason);

/// <summary>A commit with a subscription's own changes was refused for a reason that lies in these.</summary>
internal sealed class CommitRefusedException(Refusal reason) : Exception($"The commit was refused: {reason}")
{
    public Refusal Reason { get; } = reason;
}
