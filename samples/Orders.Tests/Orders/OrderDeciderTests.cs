using Sample.Orders;
using Tallystick.Testing;

namespace Sample.Tests.Orders;

/// <summary>The rules of an order, each in a sentence.</summary>
public sealed class OrderDeciderTests
{
    private static readonly OrderLine Tea = new("tea", 2, 12.50m);

    [Fact]
    public void An_order_is_placed_as_a_draft() =>
        Specification.For<OrderDecider>()
            .Given()
            .When(new PlaceOrder("ann", "EUR", [Tea]))
            .Then(new OrderPlaced("ann", "EUR", [Tea]))
            .ThenState(new Order(OrderStatus.Draft, "ann", "EUR", [Tea]));

    [Fact]
    public void An_order_is_placed_once() =>
        Specification.For<OrderDecider>()
            .Given(new OrderPlaced("ann", "EUR", []))
            .When(new PlaceOrder("ann", "EUR", []))
            .ThenRejected("order-exists");

    [Fact]
    public void An_empty_order_can_not_be_confirmed() =>
        Specification.For<OrderDecider>()
            .Given(new OrderPlaced("ann", "EUR", []))
            .When(new ConfirmOrder())
            .ThenRejected("order-empty");

    [Fact]
    public void A_confirmation_carries_the_total() =>
        Specification.For<OrderDecider>()
            .Given(new OrderPlaced("ann", "EUR", [Tea]), new OrderLineAdded("ann", new OrderLine("cup", 1, 4.00m)))
            .When(new ConfirmOrder())
            .Then(new OrderConfirmed("ann", "EUR", 29.00m));

    [Fact]
    public void The_same_goods_at_the_same_price_are_one_line() =>
        Specification.For<OrderDecider>()
            .Given(new OrderPlaced("ann", "EUR", [Tea]))
            .When(new AddLine("tea", 3, 12.50m))
            .Then(new OrderLineAdded("ann", new OrderLine("tea", 3, 12.50m)))
            .ThenState((Order order) => order.Lines.Length == 1 && order.Total == 62.50m);

    [Fact]
    public void The_same_goods_at_another_price_are_another_line() =>
        Specification.For<OrderDecider>()
            .Given(new OrderPlaced("ann", "EUR", [Tea]))
            .When(new AddLine("tea", 1, 11.00m))
            .Then(new OrderLineAdded("ann", new OrderLine("tea", 1, 11.00m)))
            .ThenState((Order order) => order.Lines.Length == 2);

    [Fact]
    public void A_line_that_is_not_there_can_not_be_removed() =>
        Specification.For<OrderDecider>()
            .Given(new OrderPlaced("ann", "EUR", [Tea]))
            .When(new RemoveLine("coffee"))
            .ThenRejected("line-unknown", messageContains: "coffee");

    [Fact]
    public void A_line_has_at_most_a_million_pieces() =>
        Specification.For<OrderDecider>()
            .Given(new OrderPlaced("ann", "EUR", [Tea with { Quantity = Order.QuantityMax }]))
            .When(new AddLine("tea", 1, 12.50m))
            .ThenRejected("line-quantity");

    [Fact]
    public void An_order_has_at_most_200_lines() =>
        Specification.For<OrderDecider>()
            .Given(new OrderPlaced("ann", "EUR", [.. Enumerable.Range(1, Order.LinesMax).Select(i => new OrderLine($"sku-{i}", 1, 1.00m))]))
            .When(new AddLine("one-more", 1, 1.00m))
            .ThenRejected("order-full");

    [Fact]
    public void An_order_goes_from_draft_over_confirmed_to_shipped_and_no_further() =>
        Specification.For<OrderDecider>()
            .Given(new OrderPlaced("ann", "EUR", [Tea]))
            .When(new ShipOrder()).ThenRejected("order-state", "draft")
            .When(new ConfirmOrder()).Then(new OrderConfirmed("ann", "EUR", 25.00m))
            .When(new AddLine("cup", 1, 4.00m)).ThenRejected("order-state", "confirmed")
            .When(new ShipOrder()).Then(new OrderShipped("ann"))
            .When(new CancelOrder("too late")).ThenRejected("order-state", "shipped");

    [Fact]
    public void A_confirmed_order_can_be_cancelled() =>
        Specification.For<OrderDecider>()
            .Given(new OrderPlaced("ann", "EUR", [Tea]), new OrderConfirmed("ann", "EUR", 25.00m))
            .When(new CancelOrder("changed her mind"))
            .Then(new OrderCancelled("ann", "changed her mind"));

    [Fact]
    public void Nothing_can_be_done_with_an_order_that_was_never_placed() =>
        Specification.For<OrderDecider>()
            .When(new AddLine("tea", 1, 12.50m)).ThenRejected("order-unknown")
            .When(new ConfirmOrder()).ThenRejected("order-unknown")
            .When(new CancelOrder("why not")).ThenRejected("order-unknown");

    [Theory]
    [InlineData("", "EUR", "customerId")]
    [InlineData("ann", "euro", "currency")]
    [InlineData("ann", "", "currency")]
    public void A_malformed_order_never_reaches_the_rules(string customer, string currency, string field) =>
        Specification.For<OrderDecider>()
            .When(new PlaceOrder(customer, currency, []))
            .ThenInvalid(field);

    [Theory]
    [InlineData("", 1, 1.00, "sku")]
    [InlineData("a/b", 1, 1.00, "sku")]
    [InlineData("tea", 0, 1.00, "quantity")]
    [InlineData("tea", 1, -0.01, "unitPrice")]
    [InlineData("tea", 1, 0.001, "unitPrice")]
    public void A_malformed_line_never_reaches_the_rules(string sku, int quantity, double unitPrice, string field) =>
        Specification.For<OrderDecider>()
            .Given(new OrderPlaced("ann", "EUR", []))
            .When(new AddLine(sku, quantity, (decimal)unitPrice))
            .ThenInvalid(field);
}
