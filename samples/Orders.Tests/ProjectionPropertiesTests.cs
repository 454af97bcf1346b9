using Sample.Notifications;
using Sample.Orders;
using Sample.Users;
using Tallystick.Testing;

namespace Sample.Tests;

/// <summary>
/// The read models are the same whatever happens on the way: any batches, restarts, failed commits, rebuilds. The events are those that
/// random commands lead to.
/// </summary>
public sealed class ProjectionPropertiesTests
{
    [Fact]
    public void The_list_of_orders_is_the_same_however_it_is_built() => Properties.OfProjection<OrderList>().KeepsTheRules();

    [Fact]
    public void The_sales_report_is_the_same_however_it_is_built() => Properties.OfProjection<SalesReport>().KeepsTheRules();

    [Fact]
    public void The_directory_of_users_is_the_same_however_it_is_built() => Properties.OfProjection<UserDirectory>().KeepsTheRules();

    [Fact]
    public void The_list_of_notifications_is_the_same_however_it_is_built() => Properties.OfProjection<NotificationList>().KeepsTheRules();
}
