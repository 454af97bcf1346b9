using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;

namespace Tallystick.Subscriptions;

/// <summary>
/// Runs a subscription for one tenant: hands it the events one by one. The checkpoint is saved with each event that has something to
/// commit, else once for a page of events, and before a retry or a stop.
/// </summary>
internal sealed class SubscriptionRunner : Runner
{
    private readonly Subscription _subscription;
    private readonly LogReader _log;
    private LogPosition _saved;
    private LogPosition _examined;
    private LogPosition _head;
    private bool _handledSinceSave;
    private (LogPosition Position, int Count) _attempts;

    public SubscriptionRunner(RunnerServices services, WorkItem item, Lease? lease, Subscription subscription)
        : base(services, item, lease, new RunnerStateStore(services.Store, item.Tenant, RunnerStateStore.Subscriptions, item.Name))
    {
        _subscription = subscription;
        _log = new LogReader(services.Store, item.Tenant, QueryOf(subscription, services.Serializer.Types));
    }

    protected override LogPosition Position => _examined;

    /// <summary>Its own types, each narrowed by the subscription's filter.</summary>
    internal static EventQuery QueryOf(Subscription subscription, EventTypes types)
    {
        if (subscription.EventTypes.IsEmpty)
            throw new InvalidOperationException($"{subscription.GetType().Name} ('{subscription.Name}') handles no event; declare handlers by On in its constructor.");
        string[] names = [.. subscription.EventTypes.SelectMany(type => types.StoredNamesOf(type)).Distinct().Order(StringComparer.Ordinal)];
        if (subscription.Filter is not { Alternatives.IsEmpty: false } filter)
            return EventQuery.OfTypes(names);
        var narrowed = filter.Alternatives.Select(alternative => names
                .Where(name => alternative.Types.IsEmpty || alternative.Types.Contains(name))
                .Aggregate((EventQuery?)null, (query, name) => query is null
                    ? EventQuery.Tagged([.. alternative.Tags]).OfType(name)
                    : query.OfType(name)))
            .OfType<EventQuery>().ToArray();
        return narrowed.Length == 0
            ? throw new InvalidOperationException($"The filter of '{subscription.Name}' ({filter}) matches none of the event types that it handles.")
            : narrowed.Aggregate((left, right) => left.Or(right));
    }

    protected override async ValueTask LoadAsync(CancellationToken cancellationToken)
    {
        await ReadStateAsync(cancellationToken);
        _head = (await Store.ReadHeadAsync(Tenant, cancellationToken)).Position;
        var saved = await Store.ReadCheckpointAsync(Tenant, Name, cancellationToken);
        (_saved, _examined, _handledSinceSave) = (saved ?? LogPosition.Start, saved ?? LogPosition.Start, false);
        if (saved is null && _subscription.StartsAt == SubscriptionStart.Now && _head > LogPosition.Start)
        {
            _examined = _head;
            await SaveAsync(cancellationToken);
        }

        ShowProgress();
    }

    protected override async ValueTask<bool> StepAsync(CancellationToken cancellationToken)
    {
        var page = await _log.ReadAsync(_examined, Options.LiveBatchLength, cancellationToken);
        if (page.Through == _examined && page.Events.IsEmpty)
            return false;
        try
        {
            foreach (var recorded in page.Events)
                await HandleAsync(recorded, cancellationToken);
            _examined = page.Through;
        }
        catch (Exception error) when (error is EventFailedException or StoreCallException or OperationCanceledException && _handledSinceSave)
        {
            // What was handled before must not come again, also when the host stops in the middle of a page.
            await SaveAsync(CancellationToken.None);
            throw;
        }

        if (_handledSinceSave || _examined.Value - _saved.Value >= Options.IdleCheckpointInterval)
            await SaveAsync(cancellationToken);
        ShowProgress();
        return true;
    }

    protected override Commit GuardPlace(Commit commit) => commit.Save(Name, _saved, _saved);

    protected override ValueTask RebuildAsync(CancellationToken cancellationToken) => throw new InvalidOperationException(
        $"'{Name}' is a subscription: it has effects and no documents, so it can't be rebuilt.");

    protected override ValueTask ReleaseAsync() => _log.DropAsync();

    private async ValueTask HandleAsync(RecordedEvent recorded, CancellationToken cancellationToken)
    {
        if (!Skipped.Positions.Contains(recorded.Position.Value))
        {
            var verdict = await AskAsync(recorded, cancellationToken);
            switch (verdict)
            {
                case Verdict.Complete { With: null }:
                    break;
                case Verdict.Complete { With: { } with }:
                    await CompleteAsync(recorded, with, cancellationToken);
                    return;
                case Verdict.Skip skip:
                    var commit = Skipped.Record(Commit.For(Tenant), recorded.Position, skip.Reason, Name);
                    await CompleteAsync(recorded, commit, cancellationToken);
                    SubscriptionLog.Skipped(Services.Logger, Name, Tenant, recorded.Type, recorded.Position, Name);
                    return;
                case Verdict.Retry retry:
                    throw new EventFailedException(recorded, new InvalidOperationException(retry.Reason), retry.After);
                case Verdict.Stop stop:
                    throw new EventFailedException(recorded, new StopDemandedException(stop.Reason));
                default:
                    throw new EventFailedException(recorded, new InvalidOperationException($"The handler of '{Name}' gave no verdict."));
            }
        }

        _examined = recorded.Position;
        _handledSinceSave = true;
    }

    private async ValueTask<Verdict> AskAsync(RecordedEvent recorded, CancellationToken cancellationToken)
    {
        _attempts = (recorded.Position, _attempts.Position == recorded.Position ? _attempts.Count + 1 : 1);
        try
        {
            var @event = Services.Serializer.Deserialize(recorded);
            var context = new SubscriptionContext(new EventContext(Tenant, recorded), Services.Serializer, _attempts.Count);
            return await _subscription.HandleAsync(@event, context, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (TallystickException error) when (error.IsTransient)
        {
            // The store failed inside the handler, which isn't the handler's fault; what was handled before is read again or saved.
            throw new StoreCallException(error);
        }
        catch (Exception error)
        {
            throw new EventFailedException(recorded, error);
        }
    }

    /// <summary>Commits what the handler wants, together with the checkpoint.</summary>
    private async ValueTask CompleteAsync(RecordedEvent recorded, Commit commit, CancellationToken cancellationToken)
    {
        if (commit.Tenant != Tenant)
            throw new EventFailedException(recorded, new InvalidOperationException($"The handler of '{Name}' gave a commit for {commit.Tenant}, not for {Tenant}. Begin it by context.BeginCommit()."));
        var before = _examined;
        _examined = recorded.Position;
        try
        {
            await CommitAsync(commit.Save(Name, recorded.Position, _saved), cancellationToken);
        }
        catch (Exception error) when (error is CommitRefusedException or ArgumentException)
        {
            _examined = before;
            throw new EventFailedException(recorded, error);
        }

        (_saved, _handledSinceSave) = (_examined, false);
    }

    private async ValueTask SaveAsync(CancellationToken cancellationToken)
    {
        await CommitAsync(Commit.For(Tenant).Save(Name, _examined, _saved), cancellationToken);
        (_saved, _handledSinceSave) = (_examined, false);
    }

    private void ShowProgress() => SetStatus(StatusOf(_examined < _head ? SubscriptionState.CatchingUp : SubscriptionState.Live));
}
