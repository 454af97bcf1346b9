using System.Globalization;
using Tallystick.Projections;

namespace Sample.Orders;

/// <summary>What was sold on a day in a currency.</summary>
public sealed record SalesDay(DateOnly Day, string Currency, int Orders, decimal Total);

/// <summary>What a confirmed order has added, so that its cancellation can take it out again.</summary>
public sealed record CountedOrder(DateOnly Day, string Currency, decimal Total);

/// <summary>
/// Sales by the day (in UTC) on which orders were confirmed. An order that is cancelled after its confirmation leaves the day on which it was
/// counted.
/// </summary>
public sealed class SalesReport : Projection
{
    private readonly DocumentCollection<SalesDay> _days;
    private readonly DocumentCollection<CountedOrder> _counted;

    public SalesReport()
        : base("sales", version: 1)
    {
        _days = Collection<SalesDay>("days");
        _counted = Collection<CountedOrder>("counted");

        On<OrderConfirmed>(async (e, at, documents, cancellationToken) =>
        {
            var order = new CountedOrder(DateOnly.FromDateTime(at.Time.UtcDateTime), e.Currency, e.Total);
            documents.Put(_counted, at.Stream.Key, order);
            await AddAsync(documents, order, 1, cancellationToken);
        }).Loads(_days, (e, at) => KeyOf(DateOnly.FromDateTime(at.Time.UtcDateTime), e.Currency));

        On<OrderCancelled>(async (e, at, documents, cancellationToken) =>
        {
            if (await documents.FindAsync(_counted, at.Stream.Key, cancellationToken) is not { } order)
                return;
            documents.Delete(_counted, at.Stream.Key);
            await AddAsync(documents, order, -1, cancellationToken);
        }).Loads(_counted, (e, at) => at.Stream.Key);
    }

    private async ValueTask AddAsync(ProjectionDocuments documents, CountedOrder order, int sign, CancellationToken cancellationToken)
    {
        var key = KeyOf(order.Day, order.Currency);
        var day = await documents.FindAsync(_days, key, cancellationToken) ?? new SalesDay(order.Day, order.Currency, 0, 0.00m);
        var next = day with { Orders = day.Orders + sign, Total = day.Total + (sign * order.Total) };
        if (next.Orders == 0)
            documents.Delete(_days, key);
        else
            documents.Put(_days, key, next);
    }

    private static string KeyOf(DateOnly day, string currency) => string.Create(CultureInfo.InvariantCulture, $"{day:yyyy-MM-dd}/{currency}");
}
