using Sample.Orders;
using Tallystick.Commands;
using Tallystick.Events;

namespace Sample.Notifications;

/// <summary>What a user has been told: the state of one user's notifications.</summary>
public sealed record Inbox(int Count)
{
    public static Inbox Empty { get; } = new(0);
}

public abstract record NotificationCommand;

/// <summary>Tells a user something about an order.</summary>
public sealed record Notify(string OrderId, string Text, DateTimeOffset At) : NotificationCommand, IValidated
{
    public IEnumerable<ValidationFailure> Validate()
    {
        if (!StreamIds.TryMake(OrderDecider.StreamCategory, OrderId, out _))
            yield return new ValidationFailure("orderId", "Use the id of an order.");
    }
}

public abstract record NotificationEvent;

[EventType("notification.sent")]
public sealed record NotificationSent([property: EventTag("order")] string OrderId, string Text, DateTimeOffset At) : NotificationEvent;

public sealed class NotificationDecider : Decider<NotificationCommand, NotificationEvent, Inbox>
{
    public const string StreamCategory = "notification";

    public override string Category => StreamCategory;

    public override Inbox InitialState => Inbox.Empty;

    public override Decision<NotificationEvent> Decide(NotificationCommand command, Inbox inbox) => command switch
    {
        Notify notify when string.IsNullOrWhiteSpace(notify.Text) => Reject("notification-empty", "A notification needs a text."),
        Notify notify => Accept(new NotificationSent(notify.OrderId, notify.Text, notify.At)),
        _ => Reject("notification-command", "This can't be asked of notifications."),
    };

    public override Inbox Evolve(Inbox inbox, NotificationEvent @event) =>
        @event is NotificationSent ? new Inbox(inbox.Count + 1) : inbox;
}
