using System.Collections.Immutable;
using Tallystick.Events;

namespace Tallystick.Projections;

/// <summary>
/// Folds a tenant's events into documents of one or more collections. Everything is declared in the constructor. Handlers see the event,
/// its context and the documents, and nothing else: the same log must give the same documents again, however often it is rebuilt and
/// however it is cut into batches. For the common case of one collection, derive from <see cref="Projection{TDocument}"/>.
/// </summary>
/// <remarks>
/// Raise the version whenever a handler changes: the documents are then built anew beside the present ones and swapped in one commit.
/// Until the swap, readers see the present documents, frozen where the old code left them. Another set of collections or indexes
/// triggers the same.
/// </remarks>
public abstract class Projection
{
    private readonly Dictionary<Type, ProjectionHandler> _handlers = [];
    private readonly List<Type> _eventTypes = [];
    private readonly List<DocumentCollection> _collections = [];
    private bool _sealed;

    /// <summary>Names the projection.</summary>
    /// <param name="name">Lower-case letters, digits, hyphens, dots and underscores; never changes once events are folded.</param>
    /// <param name="version">1 or more; another one than the stored triggers a rebuild.</param>
    /// <exception cref="ArgumentException">The name or the version isn't allowed.</exception>
    protected Projection(string name, int version)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        (Name, Version) = (SubscriptionName.Demand(name), version);
    }

    /// <summary>The name, unique among an application's projections and subscriptions.</summary>
    public string Name { get; }

    /// <summary>The version of the handlers.</summary>
    public int Version { get; }

    /// <summary>The collections that it writes.</summary>
    public ImmutableArray<DocumentCollection> Collections => [.. _collections];

    /// <summary>The event types that it handles, in the order of their declaration; all others are never read.</summary>
    public ImmutableArray<Type> EventTypes => [.. _eventTypes];

    /// <summary>Declares a collection of documents. It is stored as <c>projection/name</c>.</summary>
    /// <param name="name">Unique within the projection.</param>
    protected DocumentCollection<TDocument> Collection<TDocument>(string name)
        where TDocument : class => AddCollection<TDocument>($"{Name}/{SubscriptionName.Demand(name)}");

    /// <summary>Handles an event with access to all documents; those put by earlier events are seen, whatever the batch.</summary>
    /// <param name="handler">Finds, puts and deletes documents. It must touch nothing else.</param>
    /// <returns>On which <see cref="EventRegistration{TEvent}.Loads{TDocument}"/> names the documents to load for a whole batch at once.</returns>
    /// <exception cref="InvalidOperationException">The event type is handled already.</exception>
    protected EventRegistration<TEvent> On<TEvent>(Func<TEvent, EventContext, ProjectionDocuments, CancellationToken, ValueTask> handler)
        where TEvent : class
    {
        var registered = new GeneralHandler<TEvent>(handler);
        Register(registered);
        return new EventRegistration<TEvent>(this, registered);
    }

    internal DocumentCollection<TDocument> AddCollection<TDocument>(string name)
        where TDocument : class
    {
        DemandUnsealed();
        if (_collections.Exists(collection => collection.Name == name))
            throw new InvalidOperationException($"{GetType().Name} declares the collection '{name}' twice.");
        var added = new DocumentCollection<TDocument>(this, name, _collections.Count);
        _collections.Add(added);
        return added;
    }

    internal void Register(ProjectionHandler handler)
    {
        DemandUnsealed();
        if (!_handlers.TryAdd(handler.EventType, handler))
        {
            throw new InvalidOperationException(
                $"{GetType().Name} handles {handler.EventType.Name} twice. One handler sees each event; put both effects into one.");
        }

        _eventTypes.Add(handler.EventType);
    }

    internal ProjectionHandler? HandlerOf(Type eventType) => _handlers.GetValueOrDefault(eventType);

    /// <summary>Called when it begins to run; from then on nothing can be declared.</summary>
    internal void Seal()
    {
        if (_handlers.Count == 0)
            throw new InvalidOperationException($"{GetType().Name} ('{Name}') handles no event; declare handlers in its constructor.");
        if (_collections.Count == 0)
            throw new InvalidOperationException($"{GetType().Name} ('{Name}') declares no collection of documents.");
        _sealed = true;
    }

    internal void DemandUnsealed()
    {
        if (_sealed)
            throw new InvalidOperationException($"{GetType().Name} ('{Name}') already runs; declare collections, indexes and handlers in its constructor.");
    }
}
