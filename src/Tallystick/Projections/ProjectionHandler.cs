namespace Tallystick.Projections;

/// <summary>What a projection does with one type of event.</summary>
internal abstract class ProjectionHandler
{
    public abstract Type EventType { get; }

    /// <summary>Names the documents that the event needs, so that a batch's documents are loaded at once.</summary>
    public abstract void Want(object @event, in EventContext at, ProjectionDocuments documents);

    public abstract ValueTask ApplyAsync(object @event, EventContext at, ProjectionDocuments documents, CancellationToken cancellationToken);
}

/// <summary>A handler with access to all documents.</summary>
internal sealed class GeneralHandler<TEvent>(Func<TEvent, EventContext, ProjectionDocuments, CancellationToken, ValueTask> handler)
    : ProjectionHandler
    where TEvent : class
{
    private readonly List<Action<TEvent, EventContext, ProjectionDocuments>> _wants = [];

    public override Type EventType => typeof(TEvent);

    public void AddWant(Action<TEvent, EventContext, ProjectionDocuments> want) => _wants.Add(want);

    public override void Want(object @event, in EventContext at, ProjectionDocuments documents)
    {
        foreach (var want in _wants)
            want((TEvent)@event, at, documents);
    }

    public override ValueTask ApplyAsync(object @event, EventContext at, ProjectionDocuments documents, CancellationToken cancellationToken) =>
        handler((TEvent)@event, at, documents, cancellationToken);
}

/// <summary>A handler of one document whose key the event tells: given the document or null, it gives the next one, or null to delete it.</summary>
internal sealed class DocumentHandler<TDocument, TEvent>(
    DocumentCollection<TDocument> collection, Func<TEvent, EventContext, string>? key, Func<TDocument?, TEvent, EventContext, string, TDocument?> next)
    : ProjectionHandler
    where TDocument : class
    where TEvent : class
{
    public override Type EventType => typeof(TEvent);

    public override void Want(object @event, in EventContext at, ProjectionDocuments documents) =>
        documents.Want(collection, KeyOf((TEvent)@event, at));

    public override ValueTask ApplyAsync(object @event, EventContext at, ProjectionDocuments documents, CancellationToken cancellationToken)
    {
        var (typed, id) = ((TEvent)@event, KeyOf((TEvent)@event, at));
        var found = documents.FindAsync(collection, id, cancellationToken);
        if (!found.IsCompletedSuccessfully)
            return FinishAsync(found, typed, at, documents, id);
        Apply(found.Result, typed, at, documents, id);
        return ValueTask.CompletedTask;
    }

    private async ValueTask FinishAsync(ValueTask<TDocument?> found, TEvent @event, EventContext at, ProjectionDocuments documents, string id) =>
        Apply(await found, @event, at, documents, id);

    private void Apply(TDocument? present, TEvent @event, in EventContext at, ProjectionDocuments documents, string id)
    {
        var following = next(present, @event, at, id);
        if (following is null)
            documents.Delete(collection, id);
        else if (!ReferenceEquals(following, present))
            documents.Put(collection, id, following);
    }

    private string KeyOf(TEvent @event, in EventContext at) => key is null ? at.Stream.Key : key(@event, at);
}

/// <summary>A handler that was declared by <c>On</c>, to say which documents it needs.</summary>
/// <typeparam name="TEvent">The event type.</typeparam>
public sealed class EventRegistration<TEvent>
    where TEvent : class
{
    private readonly Projection _projection;
    private readonly GeneralHandler<TEvent> _handler;

    internal EventRegistration(Projection projection, GeneralHandler<TEvent> handler) => (_projection, _handler) = (projection, handler);

    /// <summary>
    /// Names a document that the handler needs, so that those of a whole batch are loaded by one read. Without it, each is read when the
    /// handler first asks for it.
    /// </summary>
    /// <param name="collection">The collection.</param>
    /// <param name="key">Gives the key; pure.</param>
    public EventRegistration<TEvent> Loads<TDocument>(DocumentCollection<TDocument> collection, Func<TEvent, EventContext, string> key)
        where TDocument : class
    {
        _projection.DemandUnsealed();
        _handler.AddWant((e, at, documents) => documents.Want(collection, key(e, at)));
        return this;
    }
}
