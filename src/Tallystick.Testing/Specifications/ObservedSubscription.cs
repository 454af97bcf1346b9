using System.Reflection;
using Tallystick.Events;
using Tallystick.Subscriptions;

namespace Tallystick.Testing.Specifications;

/// <summary>A subscription that hands everything on to another and notes what it answers.</summary>
internal sealed class ObservedSubscription : Subscription
{
    private static readonly MethodInfo Declare = typeof(ObservedSubscription).GetMethod(nameof(DeclareFor), BindingFlags.NonPublic | BindingFlags.Instance)!;
    private readonly Subscription _inner;
    private readonly List<(object Event, SubscriptionContext Context, Verdict Verdict)> _answers = [];

    public ObservedSubscription(Subscription inner)
        : base(inner.Name)
    {
        _inner = inner;
        foreach (var type in inner.EventTypes)
            Declare.MakeGenericMethod(type).Invoke(this, null);
    }

    public override SubscriptionStart StartsAt => _inner.StartsAt;

    public override EventQuery? Filter => _inner.Filter;

    /// <summary>What was handled and answered since the last time this was asked.</summary>
    public IReadOnlyList<(object Event, SubscriptionContext Context, Verdict Verdict)> TakeAnswers()
    {
        var answers = _answers.ToArray();
        _answers.Clear();
        return answers;
    }

    public override async ValueTask<Verdict> HandleAsync(object @event, SubscriptionContext context, CancellationToken cancellationToken)
    {
        var verdict = await _inner.HandleAsync(@event, context, cancellationToken);
        _answers.Add((@event, context, verdict));
        return verdict;
    }

    private void DeclareFor<TEvent>()
        where TEvent : class => On<TEvent>((e, context, cancellationToken) => HandleAsync(e, context, cancellationToken));
}
