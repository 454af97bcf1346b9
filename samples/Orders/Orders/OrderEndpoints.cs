using System.Collections.Immutable;
using Tallystick.AspNetCore;
using Tallystick.Tenancy;

namespace Sample.Orders;

public sealed record SalesAnswer(ImmutableArray<SalesDay> Days);

public static class OrderEndpoints
{
    public static void MapOrders(this IEndpointRouteBuilder app)
    {
        var orders = app.MapGroup("/orders").WithTags("Orders").RequireAuthorization();

        orders.MapPost("", async (PlaceOrder command, Tenant tenant, CommandConditions conditions, CancellationToken cancellationToken) =>
            (await tenant.ExecuteAsync(tenant.NewStream(OrderDecider.StreamCategory), command, conditions, cancellationToken)).ToCreated("/orders"))
            .Produces<CommandReceipt>(StatusCodes.Status201Created)
            .WithSummary("Places an order, as a draft");

        orders.MapPost("{id}/lines", (string id, AddLine command, Tenant tenant, CommandConditions conditions, CancellationToken cancellationToken) =>
            ExecuteAsync(id, command, tenant, conditions, cancellationToken))
            .WithSummary("Adds a line to a draft");

        orders.MapDelete("{id}/lines/{sku}", (
            string id, string sku, Tenant tenant, CommandConditions conditions, CancellationToken cancellationToken) =>
            ExecuteAsync(id, new RemoveLine(sku), tenant, conditions, cancellationToken))
            .WithSummary("Removes the lines with a SKU from a draft");

        orders.MapPost("{id}/confirm", (string id, Tenant tenant, CommandConditions conditions, CancellationToken cancellationToken) =>
            ExecuteAsync(id, new ConfirmOrder(), tenant, conditions, cancellationToken))
            .WithSummary("Confirms a draft");

        orders.MapPost("{id}/ship", (string id, Tenant tenant, CommandConditions conditions, CancellationToken cancellationToken) =>
            ExecuteAsync(id, new ShipOrder(), tenant, conditions, cancellationToken))
            .WithSummary("Ships a confirmed order");

        orders.MapPost("{id}/cancel", (
            string id, CancelOrder command, Tenant tenant, CommandConditions conditions, CancellationToken cancellationToken) =>
            ExecuteAsync(id, command, tenant, conditions, cancellationToken))
            .WithSummary("Cancels a draft or a confirmed order");

        orders.MapGet("{id}", OrderQueries.GetAsync).WithSummary("An order, as it is or as it was");
        orders.MapGet("", OrderQueries.ListAsync).WithSummary("Orders, the newest first");
        orders.MapGet("{id}/history", OrderHistory.GetAsync).WithSummary("What happened to an order, and what each event changed");

        app.MapGet("/reports/sales", OrderQueries.SalesAsync).WithTags("Reports").RequireAuthorization().WithSummary("Sales by day and currency");
    }

    private static async Task<CommandHttpResult> ExecuteAsync(
        string id, OrderCommand command, Tenant tenant, CommandConditions conditions, CancellationToken cancellationToken)
    {
        // An id that no order can have gets the same answer as one that no order has.
        if (!StreamIds.TryMake(OrderDecider.StreamCategory, id, out var stream))
            stream = new(OrderDecider.StreamCategory, "unknown");
        return (await tenant.ExecuteAsync(stream, command, conditions, cancellationToken)).ToHttp();
    }
}
