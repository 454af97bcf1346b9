using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Subscriptions;

/// <summary>Where a subscription begins that has no checkpoint yet.</summary>
public enum SubscriptionStart
{
    /// <summary>At the first event of the log.</summary>
    Beginning,

    /// <summary>After the last event that is in the log when it first runs.</summary>
    Now,
}

/// <summary>
/// Reacts to a tenant's events, one after the other in their order: sends mail, calls other systems, appends further events. For
/// documents use a <see cref="Projection"/>. Handlers are declared in the constructor by <see cref="On"/>; other events are never read.
/// </summary>
/// <remarks>
/// What a handler gives to <see cref="Verdict.Complete"/> happens exactly once, since it is committed together with the checkpoint. What
/// it does elsewhere happens at least once: after a crash, up to a batch of events that were completed without anything to commit
/// comes again. Make such effects repeatable, for example by the event's id.
/// </remarks>
public abstract class Subscription
{
    private readonly Dictionary<Type, Func<object, SubscriptionContext, CancellationToken, ValueTask<Verdict>>> _handlers = [];
    private readonly List<Type> _eventTypes = [];

    /// <summary>Names the subscription.</summary>
    /// <param name="name">Lower-case letters, digits, hyphens, dots and underscores; never changes once events are handled.</param>
    /// <exception cref="ArgumentException">The name isn't allowed.</exception>
    protected Subscription(string name) => Name = SubscriptionName.Demand(name);

    /// <summary>The name, unique among an application's projections and subscriptions.</summary>
    public string Name { get; }

    /// <summary>Where it begins when it first runs for a tenant. Default: at the first event.</summary>
    public virtual SubscriptionStart StartsAt => SubscriptionStart.Beginning;

    /// <summary>
    /// Further demands on the events, such as tags; only those are read that match it and have a handled type. Null (the default): none.
    /// </summary>
    public virtual EventQuery? Filter => null;

    /// <summary>The event types that it handles, in the order of their declaration.</summary>
    public ImmutableArray<Type> EventTypes => [.. _eventTypes];

    /// <summary>Handles an event; called once at a time for each tenant. The default calls the handler declared by <see cref="On"/>.</summary>
    /// <param name="event">The event, as today's type.</param>
    /// <param name="context">Where it comes from, and the means to answer with a commit.</param>
    /// <param name="cancellationToken">Cancelled when the host stops; the event then comes again at the next start.</param>
    public virtual ValueTask<Verdict> HandleAsync(object @event, SubscriptionContext context, CancellationToken cancellationToken) =>
        _handlers.TryGetValue(@event.GetType(), out var handler) ? handler(@event, context, cancellationToken) : new(Verdict.Completed);

    /// <summary>Declares the handler of an event type.</summary>
    /// <exception cref="InvalidOperationException">The event type is handled already.</exception>
    protected void On<TEvent>(Func<TEvent, SubscriptionContext, CancellationToken, ValueTask<Verdict>> handler)
        where TEvent : class
    {
        if (!_handlers.TryAdd(typeof(TEvent), (e, context, token) => handler((TEvent)e, context, token)))
            throw new InvalidOperationException($"{GetType().Name} handles {typeof(TEvent).Name} twice. One handler sees each event.");
        _eventTypes.Add(typeof(TEvent));
    }
}

/// <summary>Where an event comes from, and the means to answer with a commit.</summary>
/// <param name="at">The event's context.</param>
/// <param name="serializer">Makes further events.</param>
/// <param name="attempt">How often the event has been handled before, plus 1.</param>
public sealed class SubscriptionContext(EventContext at, EventSerializer serializer, int attempt)
{
    /// <summary>Where and when the event happened.</summary>
    public EventContext At { get; } = at;

    /// <summary>Whose event it is.</summary>
    public TenantId Tenant => At.Tenant;

    /// <summary>1 the first time, 2 at the first retry, and so on.</summary>
    public int Attempt { get; } = attempt;

    /// <summary>An empty commit for the event's tenant that names the event as its cause; give it to <see cref="Verdict.Complete"/>.</summary>
    public Commit BeginCommit() => Commit.For(Tenant).From(At.Metadata with { CausationId = At.EventId });

    /// <summary>An event that can be appended by <see cref="BeginCommit"/>.</summary>
    public NewEvent NewEvent(object @event) => serializer.Serialize(@event);
}
