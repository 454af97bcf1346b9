using Sample.Orders;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Subscriptions;

namespace Sample.Notifications;

/// <summary>
/// Tells customers what happens to their orders. The notification is committed together with the subscription's checkpoint, so for each event it
/// is sent exactly once, also when the process dies in the middle.
/// </summary>
public sealed class OrderNotifications : Subscription
{
    private static readonly NotificationDecider Rules = new();

    public OrderNotifications()
        : base("order-notifications")
    {
        On<OrderPlaced>((e, context, _) => Tell(e, context, "Your order has been placed."));
        On<OrderConfirmed>((e, context, _) => Tell(e, context, "Your order has been confirmed."));
        On<OrderShipped>((e, context, _) => Tell(e, context, "Your order has been shipped."));
        On<OrderCancelled>((e, context, _) => Tell(e, context, $"Your order has been cancelled: {e.Reason}"));
    }

    private static ValueTask<Verdict> Tell(OrderEvent e, SubscriptionContext context, string text)
    {
        var decision = Rules.Decide(new Notify(context.At.Stream.Key, text, context.At.Time), Inbox.Empty);
        if (decision.IsRejected)
            return new(new Verdict.Stop(decision.Rejection.Message));
        var inbox = new StreamId(NotificationDecider.StreamCategory, e.CustomerId);
        var commit = context.BeginCommit().Append(inbox, ExpectedVersion.Any, [.. decision.Events.Select(context.NewEvent)]);
        return new(new Verdict.Complete(commit));
    }
}
