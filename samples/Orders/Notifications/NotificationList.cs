using System.Globalization;
using Tallystick.AspNetCore;
using Tallystick.Projections;
using Tallystick.Tenancy;

namespace Sample.Notifications;

/// <summary>A notification in a user's list; the number counts the user's notifications.</summary>
public sealed record ListedNotification(string UserId, long Number, DateTimeOffset At, string Text, string OrderId);

/// <summary>A notification as it is answered.</summary>
public sealed record NotificationView(DateTimeOffset At, string Text, string OrderId);

/// <summary>The users' notifications.</summary>
public sealed class NotificationList : Projection<ListedNotification>
{
    public NotificationList()
        : base("notifications", version: 1)
    {
        Index(notification => notification.UserId);
        Index(notification => notification.Number);

        Create<NotificationSent>(
            (e, at) => new ListedNotification(at.Stream.Key, at.Version.Value, e.At, e.Text, e.OrderId),
            key: (_, at) => string.Create(CultureInfo.InvariantCulture, $"{at.Stream.Key}/{at.Version.Value}"));
    }
}

public static class NotificationEndpoints
{
    public static void MapNotifications(this IEndpointRouteBuilder app) =>
        app.MapGet("/notifications/{userId}", ListAsync).WithTags("Notifications").RequireAuthorization()
            .WithSummary("What a user has been told, the newest first");

    /// <summary>
    /// The caller's position is that of an order's event. The notification comes after it in the log, so the subscription is awaited first, and
    /// then the read model.
    /// </summary>
    private static async Task<Page<NotificationView>> ListAsync(
        string userId, string? after, string? limit, Tenant tenant, ReadFreshness freshness, CancellationToken cancellationToken)
    {
        var input = new InputReader();
        var page = input.Page(after, limit);
        input.Demand();

        freshness = await tenant.FollowAsync<OrderNotifications>(freshness, cancellationToken);
        var found = await tenant.ReadModels<ListedNotification>()
            .Where(notification => notification.UserId, userId)
            .OrderByDescending(notification => notification.Number)
            .PageAsync(page, freshness, cancellationToken);
        return found.Select(one => new NotificationView(one.Value!.At, one.Value.Text, one.Value.OrderId));
    }
}
