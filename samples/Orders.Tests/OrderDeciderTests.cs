using Sample.Orders;

namespace Sample.Tests;

public sealed class OrderDeciderTests
{
    [Fact]
    public void An_unknown_order_has_no_total() => Assert.Equal(0m, Order.None.Total);
}
