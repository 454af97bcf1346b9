using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Subscriptions;

/// <content>What an operator tells a runner.</content>
internal abstract partial class Runner
{
    public async Task TellAsync(RunnerCommand command, CancellationToken cancellationToken)
    {
        _inbox.Post(command);
        await command.Done.Task.ObserveAsync().WaitAsync(cancellationToken);
    }

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
        catch (WorkMovedException moved)
        {
            command.Done.TrySetException(new TallystickException(
                $"Another node has just taken '{Name}' of {Tenant} over, so nothing was done: {moved.Message} Ask that node.", moved, isTransient: true));
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
            await DemandAsync(Skipped.Record(Commit.For(Tenant), skip.Position, skip.Reason, skip.By), cancellationToken);
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
