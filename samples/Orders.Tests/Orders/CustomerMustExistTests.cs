using Sample.Orders;
using Sample.Users;
using Tallystick.Testing;

namespace Sample.Tests.Orders;

/// <summary>A rule that spans two streams is a step of the pipeline, so it is specified with the pipeline around it.</summary>
public sealed class CustomerMustExistTests
{
    [Fact]
    public void A_registered_user_can_order() =>
        Specification.ForPipeline(app => app.AddOrders())
            .Given("user-ann", new UserRegistered("Ann", "ann@example.com"))
            .When("order-1", new PlaceOrder("ann", "EUR", []))
            .ThenAccepted(new OrderPlaced("ann", "EUR", []));

    [Theory]
    [InlineData("nobody")]
    [InlineData("not an id")]
    public void Nobody_else_can_order(string customer) =>
        Specification.ForPipeline(app => app.AddOrders())
            .Given("user-ann", new UserRegistered("Ann", "ann@example.com"))
            .When("order-1", new PlaceOrder(customer, "EUR", []))
            .ThenRejected("customer-unknown");

    [Fact]
    public void A_user_of_another_tenant_is_a_stranger() =>
        Specification.ForPipeline(app => app.AddOrders())
            .In("acme").Given("user-ann", new UserRegistered("Ann", "ann@example.com"))
            .In("globex").When("order-1", new PlaceOrder("ann", "EUR", []))
            .ThenRejected("customer-unknown");

    [Fact]
    public void An_order_that_is_sent_twice_with_one_key_is_placed_once() =>
        Specification.ForPipeline(app => app.AddOrders())
            .Given("user-ann", new UserRegistered("Ann", "ann@example.com"))
            .Once("order-of-monday").When("order-1", new PlaceOrder("ann", "EUR", []))
            .ThenAccepted(new OrderPlaced("ann", "EUR", []))
            .Once("order-of-monday").When("order-2", new PlaceOrder("ann", "EUR", []))
            .ThenReplayed();

    [Fact]
    public void An_order_says_who_has_placed_it() =>
        Specification.ForPipeline(app => app.AddOrders())
            .Given("user-ann", new UserRegistered("Ann", "ann@example.com"))
            .As("ann").When("order-1", new PlaceOrder("ann", "EUR", []))
            .ThenMetadata(metadata => metadata.UserId == "ann");

    [Fact]
    public void Who_has_seen_another_version_of_the_order_is_told_so() =>
        Specification.ForPipeline(app => app.AddOrders())
            .Given("order-1", new OrderPlaced("ann", "EUR", []), new OrderLineAdded("ann", new OrderLine("tea", 1, 12.50m)))
            .Expecting(1).When("order-1", new ConfirmOrder())
            .ThenConflict();
}
