using System.Linq.Expressions;

namespace Tallystick.Projections;

/// <summary>What to do with an event about a document that isn't there.</summary>
public enum WhenMissing
{
    /// <summary>
    /// Fail, so that the projection stops visibly at that event (the default): a missing document nearly always means that an event
    /// before was misread, and going on would hide it.
    /// </summary>
    Fail,

    /// <summary>Ignore the event.</summary>
    Ignore,
}

/// <summary>
/// Folds events into the documents of one collection, which has the projection's name. The key of a document is by default the key of
/// the event's stream. All is declared in the constructor by <see cref="Index"/>, <see cref="Create"/>, <c>Update</c>,
/// <see cref="Upsert"/> and <see cref="Delete"/>; the functions are pure.
/// </summary>
/// <typeparam name="TDocument">An immutable record that survives a round trip through JSON unchanged.</typeparam>
public abstract class Projection<TDocument> : Projection
    where TDocument : class
{
    /// <summary>Names the projection and its collection.</summary>
    /// <param name="name">Lower-case letters, digits, hyphens, dots and underscores; never changes once events are folded.</param>
    /// <param name="version">1 or more; another one than the stored triggers a rebuild.</param>
    protected Projection(string name, int version)
        : base(name, version) => Documents = AddCollection<TDocument>(name);

    /// <summary>The collection.</summary>
    public DocumentCollection<TDocument> Documents { get; }

    /// <summary>Declares an index, by which documents can be filtered and ordered. Its name is the property's, in camelCase.</summary>
    protected void Index<TValue>(Expression<Func<TDocument, TValue>> property) => Documents.Index(property);

    /// <summary>An event that makes a document. If there is one with this key already, the projection fails at the event.</summary>
    /// <param name="create">Gives the document.</param>
    /// <param name="key">Gives its key; default: the key of the event's stream.</param>
    protected void Create<TEvent>(Func<TEvent, EventContext, TDocument> create, Func<TEvent, EventContext, string>? key = null)
        where TEvent : class => Handle(key, (present, e, at, id) => present is null
            ? Demand(create(e, at), at)
            : throw new InvalidOperationException(
                $"{at.EventType} at position {at.Position} creates document '{id}' of '{Name}', which is there already. Use Upsert if an event may come twice."));

    /// <summary>An event that changes a document.</summary>
    /// <param name="update">Gives the document that follows.</param>
    /// <param name="key">Gives its key; default: the key of the event's stream.</param>
    /// <param name="whenMissing">What to do if there is no such document. Default: fail.</param>
    protected void Update<TEvent>(
        Func<TDocument, TEvent, TDocument> update, Func<TEvent, EventContext, string>? key = null, WhenMissing whenMissing = WhenMissing.Fail)
        where TEvent : class => Update<TEvent>((document, e, _) => update(document, e), key, whenMissing);

    /// <inheritdoc cref="Update{TEvent}(Func{TDocument, TEvent, TDocument}, Func{TEvent, EventContext, string}?, WhenMissing)"/>
    protected void Update<TEvent>(
        Func<TDocument, TEvent, EventContext, TDocument> update, Func<TEvent, EventContext, string>? key = null, WhenMissing whenMissing = WhenMissing.Fail)
        where TEvent : class => Handle(key, (present, e, at, id) => present switch
        {
            not null => Demand(update(present, e, at), at),
            null when whenMissing == WhenMissing.Ignore => null,
            _ => throw new InvalidOperationException(
                $"{at.EventType} at position {at.Position} updates document '{id}' of '{Name}', which isn't there. Create it by an earlier event, or declare WhenMissing.Ignore."),
        });

    /// <summary>An event that makes a document or changes it.</summary>
    /// <param name="key">Gives its key.</param>
    /// <param name="upsert">Given the document or null, gives the one that follows.</param>
    protected void Upsert<TEvent>(Func<TEvent, EventContext, string> key, Func<TDocument?, TEvent, EventContext, TDocument> upsert)
        where TEvent : class => Handle<TEvent>(key, (present, e, at, _) => Demand(upsert(present, e, at), at));

    /// <summary>An event that removes a document, if it is there.</summary>
    /// <param name="key">Gives its key; default: the key of the event's stream.</param>
    protected void Delete<TEvent>(Func<TEvent, EventContext, string>? key = null)
        where TEvent : class => Handle<TEvent>(key, static (_, _, _, _) => null);

    private void Handle<TEvent>(Func<TEvent, EventContext, string>? key, Func<TDocument?, TEvent, EventContext, string, TDocument?> next)
        where TEvent : class => Register(new DocumentHandler<TDocument, TEvent>(Documents, key, next));

    private TDocument Demand(TDocument? document, in EventContext at) => document ?? throw new InvalidOperationException(
        $"The handler of {at.EventType} in '{Name}' gave null. Use Delete to remove a document.");
}
