using System.Collections.Immutable;

namespace Sample.Orders;

public enum OrderStatus
{
    None,
    Draft,
    Confirmed,
    Shipped,
    Cancelled,
}

public sealed record OrderLine(string Sku, int Quantity, decimal UnitPrice);

/// <summary>An order. A line is known by its SKU and price: the same goods at another price are another line.</summary>
public sealed record Order(OrderStatus Status, string? CustomerId, string? Currency, ImmutableArray<OrderLine> Lines)
{
    /// <summary>With these bounds no total comes near the end of <see cref="decimal"/>: 200 lines of 10^6 pieces at 10^9 are 2 * 10^17.</summary>
    public const int LinesMax = 200;
    public const int QuantityMax = 1_000_000;
    public const decimal UnitPriceMax = 1_000_000_000m;

    public static Order None { get; } = new(OrderStatus.None, null, null, []);

    public decimal Total => Lines.Sum(line => line.Quantity * line.UnitPrice);

    /// <summary>With a line more, or with more pieces in the line that has the same SKU and price.</summary>
    public Order With(OrderLine added)
    {
        var same = IndexOf(added);
        return this with
        {
            Lines = same < 0 ? Lines.Add(added) : Lines.SetItem(same, added with { Quantity = added.Quantity + Lines[same].Quantity }),
        };
    }

    public int QuantityWith(OrderLine added) => IndexOf(added) is >= 0 and var same ? Lines[same].Quantity + added.Quantity : added.Quantity;

    public bool Has(string sku) => Lines.Any(line => line.Sku == sku);

    public Order Without(string sku) => this with { Lines = Lines.RemoveAll(line => line.Sku == sku) };

    private int IndexOf(OrderLine added)
    {
        for (var i = 0; i < Lines.Length; i++)
        {
            if (Lines[i].Sku == added.Sku && Lines[i].UnitPrice == added.UnitPrice)
                return i;
        }

        return -1;
    }
}
