using Sample.Orders;
using Tallystick.Testing;

namespace Sample.Tests.Orders;

public sealed class SalesReportTests
{
    private static readonly DateOnly Sunday = new(2026, 3, 1);
    private static readonly DateTimeOffset SundayNoon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Confirmed_orders_are_added_up_by_day_and_currency() =>
        Specification.ForProjection<SalesReport>()
            .At(SundayNoon)
            .Given("order-1", new OrderConfirmed("ann", "EUR", 25.00m))
            .Given("order-2", new OrderConfirmed("bob", "EUR", 4.00m))
            .Given("order-3", new OrderConfirmed("bob", "USD", 7.00m))
            .At(SundayNoon.AddDays(1))
            .Given("order-4", new OrderConfirmed("ann", "EUR", 1.00m))
            .ThenDocuments(
                ("2026-03-01/EUR", new SalesDay(Sunday, "EUR", 2, 29.00m)),
                ("2026-03-01/USD", new SalesDay(Sunday, "USD", 1, 7.00m)),
                ("2026-03-02/EUR", new SalesDay(Sunday.AddDays(1), "EUR", 1, 1.00m)));

    [Fact]
    public void A_cancelled_order_leaves_the_day_of_its_confirmation() =>
        Specification.ForProjection<SalesReport>()
            .At(SundayNoon)
            .Given("order-1", new OrderConfirmed("ann", "EUR", 25.00m))
            .Given("order-2", new OrderConfirmed("bob", "EUR", 4.00m))
            .At(SundayNoon.AddDays(3))
            .Given("order-1", new OrderCancelled("ann", "changed her mind"))
            .ThenDocuments(("2026-03-01/EUR", new SalesDay(Sunday, "EUR", 1, 4.00m)));

    [Fact]
    public void A_day_without_orders_is_no_day() =>
        Specification.ForProjection<SalesReport>()
            .Given("order-1", new OrderConfirmed("ann", "EUR", 25.00m), new OrderCancelled("ann", "changed her mind"))
            .ThenDocuments<SalesDay>()
            .ThenNoDocument<CountedOrder>("1");

    [Fact]
    public void A_draft_that_is_cancelled_was_never_counted() =>
        Specification.ForProjection<SalesReport>()
            .Given("order-1", new OrderCancelled("ann", "never confirmed"))
            .ThenDocuments<SalesDay>();
}
