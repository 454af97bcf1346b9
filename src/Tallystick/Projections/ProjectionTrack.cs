using System.Runtime.ExceptionServices;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;

namespace Tallystick.Projections;

/// <summary>
/// The folding of the log into one generation of a projection's documents: where it is, and what it holds in memory. A projection has one
/// track for the documents that readers see, and a second while they are built anew.
/// </summary>
internal sealed class ProjectionTrack
{
    private readonly BoundProjection _projection;
    private readonly TenantId _tenant;
    private readonly SubscriptionOptions _options;
    private readonly ProjectionDocuments _documents;
    private readonly List<(RecordedEvent Recorded, object Event, ProjectionHandler Handler)> _prepared = [];
    private int _batchLengthMax;

    public ProjectionTrack(
        RunnerServices services, TenantId tenant, RowScope rows, BoundProjection projection, GenerationInfo generation, string checkpoint, LogPosition saved)
    {
        (_projection, _tenant, _options) = (projection, tenant, services.Options);
        (Generation, Checkpoint, Saved, Examined) = (generation, checkpoint, saved, saved);
        _documents = new ProjectionDocuments(services.Store, rows, projection.Projection, generation.Generation, saved == LogPosition.Start);
        _batchLengthMax = _options.CatchUpBatchLength;
        Log = new LogReader(services.Store, tenant, projection.Query);
    }

    public GenerationInfo Generation { get; }

    public LogReader Log { get; }

    /// <summary>The name under which its position is saved.</summary>
    public string Checkpoint { get; private set; }

    /// <summary>The position in the store.</summary>
    public LogPosition Saved { get; private set; }

    /// <summary>Up to here everything is folded, though perhaps not committed.</summary>
    public LogPosition Examined { get; private set; }

    /// <summary>How many events that concern the projection are examined and not committed.</summary>
    public int Pending { get; private set; }

    /// <summary>The last of them.</summary>
    public RecordedEvent? LastPending { get; private set; }

    /// <summary>How many events have been folded since the track was opened.</summary>
    public long Folded { get; private set; }

    /// <summary>Whether as much is folded as one commit may hold.</summary>
    public bool IsBatchFull => Pending >= _batchLengthMax || _documents.ChangedCount >= _options.ChangedDocumentsMax;

    /// <summary>The most events to read and fold next.</summary>
    public int PageLength(int wanted) => IsBisecting
        ? Math.Min(wanted, Math.Max(1, _batchLengthMax - Pending))
        : Math.Min(wanted, _batchLengthMax);

    /// <summary>Whether a batch was refused lately, so that shorter ones are tried.</summary>
    public bool IsBisecting => _batchLengthMax < _options.CatchUpBatchLength;

    /// <summary>
    /// Folds a page, up to the first event that fails; gives that failure. What the failing event had done is undone, and all before it
    /// can be committed. Stops early, without failure, if the batch is full.
    /// </summary>
    public async ValueTask<EventFailedException?> FoldAsync(EventPage page, IReadOnlySet<long> skipped, CancellationToken cancellationToken)
    {
        var failure = Prepare(page, skipped);
        try
        {
            await _documents.LoadWantedAsync(cancellationToken);
        }
        catch (Exception error) when (IsHandlersFault(error, cancellationToken) && _prepared.Count > 0)
        {
            return FailAt(_prepared[0].Recorded, error);
        }

        foreach (var (recorded, @event, handler) in _prepared)
        {
            _documents.Begin(recorded.Position);
            try
            {
                var applied = handler.ApplyAsync(@event, new EventContext(_tenant, recorded), _documents, cancellationToken);
                if (!applied.IsCompletedSuccessfully)
                    await applied;
            }
            catch (Exception error) when (IsHandlersFault(error, cancellationToken))
            {
                _documents.Undo();
                return FailAt(recorded, error);
            }

            Note(recorded);
            if (_documents.ChangedCount >= _options.ChangedDocumentsMax)
            {
                Examined = recorded.Position;
                return null;
            }
        }

        if (failure is not null)
            return FailAt(failure.Recorded, failure.Cause);
        // A skipped event counts as dealt with: the checkpoint must pass it, since a reader may wait for its position.
        if (page.Events.Length > 0 && Pending == 0)
            (Pending, LastPending) = (1, page.Events[^1]);
        Examined = page.Through;
        return null;
    }

    /// <summary>The changed documents, to be committed.</summary>
    public DocumentChange[] Changes() => _documents.Changes();

    /// <summary>All that was folded is in the store.</summary>
    public void Committed()
    {
        Saved = Examined;
        Pending = 0;
        LastPending = null;
        _documents.Committed(_options.CachedDocumentsMax);
        if (_batchLengthMax < _options.CatchUpBatchLength)
            _batchLengthMax = (int)Math.Min(_options.CatchUpBatchLength, _batchLengthMax * 2L);
    }

    /// <summary>
    /// The store refused the batch as such, for example as too large, or a document can't be written: goes back to the last commit and
    /// halves the batch, so that in the end the event alone is found that can't be committed.
    /// </summary>
    public EventFailedException? Rejected(Exception error)
    {
        var (alone, last) = (Pending <= 1, LastPending);
        _batchLengthMax = Math.Max(1, Pending / 2);
        Pending = 0;
        LastPending = null;
        Examined = Saved;
        _documents.Clear(isEmpty: Saved == LogPosition.Start);
        if (!alone)
            return null;
        if (last is null)
            ExceptionDispatchInfo.Throw(error);
        return new EventFailedException(last, error);
    }

    /// <summary>From now on this is what readers see.</summary>
    public void BecomeLive(string checkpoint)
    {
        Checkpoint = checkpoint;
        Saved = Examined;
    }

    /// <summary>Reads the page's events as objects and notes the documents that they need, up to the first that can't be read.</summary>
    private EventFailedException? Prepare(EventPage page, IReadOnlySet<long> skipped)
    {
        _prepared.Clear();
        foreach (var recorded in page.Events)
        {
            if (skipped.Count > 0 && skipped.Contains(recorded.Position.Value))
                continue;
            try
            {
                var @event = _projection.Serializer.Deserialize(recorded);
                // A stored name may lead to several types of today, of which this projection handles only one.
                if (_projection.Projection.HandlerOf(@event.GetType()) is not { } handler)
                    continue;
                handler.Want(@event, new EventContext(_tenant, recorded), _documents);
                _prepared.Add((recorded, @event, handler));
            }
            catch (Exception error)
            {
                return new EventFailedException(recorded, error);
            }
        }

        return null;
    }

    private void Note(RecordedEvent recorded)
    {
        Pending++;
        Folded++;
        LastPending = recorded;
    }

    private EventFailedException FailAt(RecordedEvent recorded, Exception error)
    {
        Examined = LogPosition.Of(recorded.Position.Value - 1);
        return new EventFailedException(recorded, error);
    }

    private static bool IsHandlersFault(Exception error, CancellationToken cancellationToken) =>
        error is not StoreCallException && !(error is OperationCanceledException && cancellationToken.IsCancellationRequested);
}
