using System.Collections.Immutable;
using Microsoft.AspNetCore.Http.HttpResults;
using Tallystick.AspNetCore;
using Tallystick.AspNetCore.Problems;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Tenancy;
using OrderAnswer = Microsoft.AspNetCore.Http.HttpResults.Results<
    Tallystick.AspNetCore.VersionedResult<Sample.Orders.OrderView>, Tallystick.AspNetCore.Problems.HttpProblem>;

namespace Sample.Orders;

/// <summary>What can be asked about orders.</summary>
public static class OrderQueries
{
    private const int SalesPage = 1000;

    /// <summary>
    /// The present state comes from the log, so it is never behind; <c>At-Least-Position</c> asks the read model instead, and waits for it.
    /// </summary>
    public static async Task<OrderAnswer> GetAsync(
        string id, string? version, string? at, Tenant tenant, ReadFreshness freshness, CancellationToken cancellationToken)
    {
        var input = new InputReader();
        var (wanted, time) = (input.Version("version", version), input.Time("at", at));
        if (wanted is not null && time is not null)
            input.Refuse("at", "Use either version or at, not both.");
        input.Demand();
        if (!StreamIds.TryMake(OrderDecider.StreamCategory, id, out var stream))
            return Unknown();

        if (wanted is null && time is null && freshness != ReadFreshness.Any)
        {
            var found = await tenant.ReadModels<ListedOrder>().FindAsync(id, freshness, cancellationToken);
            return found.IsFound ? EntityTag.Answer(OrderView.Of(found), StreamVersion.Of(found.Value!.Version), found.Position) : Unknown();
        }

        var states = tenant.StateOf<Order>(stream);
        var state = await states.NowAsync(cancellationToken);
        if (wanted > state.Version && state.Version > StreamVersion.None)
            return new HttpProblem(404, "version-unknown", "The order has no such version.", $"Its last version is {state.Version}.");
        if (state.Version > StreamVersion.None && wanted is { } past)
            state = await states.AtAsync(past, cancellationToken);
        else if (time is { } then)
            state = await states.AtAsync(then, cancellationToken);
        return state.Version == StreamVersion.None ? Unknown() : await AnswerAsync(tenant, stream, state, cancellationToken);
    }

    public static async Task<Ok<Page<OrderView>>> ListAsync(
        string? status, string? customerId, string? after, string? limit, Tenant tenant, ReadFreshness freshness, CancellationToken cancellationToken)
    {
        var input = new InputReader();
        var wanted = input.OneOf("status", status, OrderStatus.Draft, OrderStatus.Confirmed, OrderStatus.Shipped, OrderStatus.Cancelled);
        var page = input.Page(after, limit);
        input.Demand();

        var orders = tenant.ReadModels<ListedOrder>().OrderByDescending(order => order.PlacedAt);
        if (wanted is { } only)
            orders = orders.Where(order => order.Status, only);
        if (!string.IsNullOrEmpty(customerId))
            orders = orders.Where(order => order.CustomerId, customerId);
        return TypedResults.Ok((await orders.PageAsync(page, freshness, cancellationToken)).Select(OrderView.Of));
    }

    public static async Task<Results<Ok<SalesAnswer>, HttpProblem>> SalesAsync(
        string? by, Tenant tenant, ReadFreshness freshness, CancellationToken cancellationToken)
    {
        var input = new InputReader();
        if (!string.IsNullOrEmpty(by) && by != "day")
            input.Refuse("by", "Use day.");
        input.Demand();
        var days = ImmutableArray.CreateBuilder<SalesDay>();
        string? after = null;
        do
        {
            var page = await tenant.ReadModels<SalesDay>().Query().After(after).Take(SalesPage).PageAsync(freshness, cancellationToken);
            days.AddRange(page.Items.Select(day => day.Value!));
            after = page.Next;
        }
        while (after is not null);
        return TypedResults.Ok(new SalesAnswer(days.DrainToImmutable()));
    }

    /// <summary>The order as it was: when it was placed is in its first event, its position in the last of the events that are folded.</summary>
    private static async ValueTask<OrderAnswer> AnswerAsync(
        Tenant tenant, StreamId stream, StreamState<Order> state, CancellationToken cancellationToken)
    {
        var placed = await EventAsync(tenant, stream, StreamVersion.Of(1), cancellationToken);
        var last = state.Version == placed.Version ? placed : await EventAsync(tenant, stream, state.Version, cancellationToken);
        return EntityTag.Answer(OrderView.Of(stream.Key, state.State, state.Version, last.Position, placed.Time), state.Version, last.Position);
    }

    private static async ValueTask<RecordedEvent> EventAsync(
        Tenant tenant, StreamId stream, StreamVersion version, CancellationToken cancellationToken) =>
        await tenant.FindEventAsync(stream, version, cancellationToken)
            ?? throw new InvalidOperationException($"Stream {stream} has no version {version}, although its state was folded from it.");

    internal static HttpProblem Unknown() => new(404, "order-unknown", "There is no such order.");
}
