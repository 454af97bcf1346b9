using Sample.Notifications;
using Sample.Orders;
using Sample.Users;
using Tallystick;

namespace Sample;

/// <summary>What the application is made of, apart from HTTP and the store: also what its tests and simulations run.</summary>
public static class OrdersModule
{
    public static TallystickBuilder AddOrders(this TallystickBuilder tally) => tally
        .AddDecider<UserDecider>().AddProjection<UserDirectory>()
        .AddDecider<OrderDecider>().AddProjection<OrderList>().AddProjection<SalesReport>().AddStep<CustomerMustExist>("customer-must-exist")
        .AddDecider<NotificationDecider>().AddProjection<NotificationList>().AddSubscription<OrderNotifications>();
}
