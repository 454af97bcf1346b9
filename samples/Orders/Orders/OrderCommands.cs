using System.Collections.Immutable;
using Tallystick.Commands;

namespace Sample.Orders;

public abstract record OrderCommand;

public sealed record PlaceOrder(string CustomerId, string Currency, ImmutableArray<OrderLine> Lines) : OrderCommand, IValidated
{
    public IEnumerable<ValidationFailure> Validate()
    {
        if (string.IsNullOrWhiteSpace(CustomerId) || CustomerId.Length > StreamIds.KeyLengthMax)
            yield return new ValidationFailure("customerId", $"Use the id of a user, 1 to {StreamIds.KeyLengthMax} characters.");
        if (Currency is not { Length: 3 } || !Currency.All(char.IsAsciiLetterUpper))
            yield return new ValidationFailure("currency", "Use three upper-case letters as in ISO 4217, such as EUR.");
        if (Lines.Length > Order.LinesMax)
            yield return new ValidationFailure("lines", $"Use at most {Order.LinesMax} lines.");
        for (var i = 0; i < Math.Min(Lines.Length, Order.LinesMax); i++)
        {
            foreach (var failure in OrderRules.Check(Lines[i], $"lines[{i}]."))
                yield return failure;
        }
    }
}

public sealed record AddLine(string Sku, int Quantity, decimal UnitPrice) : OrderCommand, IValidated
{
    public IEnumerable<ValidationFailure> Validate() => OrderRules.Check(new OrderLine(Sku, Quantity, UnitPrice), "");
}

public sealed record RemoveLine(string Sku) : OrderCommand;

public sealed record ConfirmOrder : OrderCommand;

public sealed record ShipOrder : OrderCommand;

public sealed record CancelOrder(string Reason) : OrderCommand, IValidated
{
    public const int ReasonLengthMax = 500;

    public IEnumerable<ValidationFailure> Validate()
    {
        if (string.IsNullOrWhiteSpace(Reason) || Reason.Length > ReasonLengthMax)
            yield return new ValidationFailure("reason", $"Use 1 to {ReasonLengthMax} characters, and not only blanks.");
    }
}

/// <summary>What can be told of a line without knowing the order.</summary>
public static class OrderRules
{
    public const int SkuLengthMax = 64;

    private static readonly string SkuRule =
        $"Use 1 to {SkuLengthMax} characters with a letter or digit among them, without slashes, and without blanks at the ends.";

    public static IEnumerable<ValidationFailure> Check(OrderLine line, string path)
    {
        if (!IsSku(line.Sku))
            yield return new ValidationFailure(path + "sku", SkuRule);
        if (line.Quantity is < 1 or > Order.QuantityMax)
            yield return new ValidationFailure(path + "quantity", $"Use a whole number from 1 to {Order.QuantityMax}.");
        if (line.UnitPrice is < 0 or > Order.UnitPriceMax)
            yield return new ValidationFailure(path + "unitPrice", $"Use an amount from 0.00 to {Order.UnitPriceMax}.00.");
        else if (decimal.Round(line.UnitPrice, 2) != line.UnitPrice)
            yield return new ValidationFailure(path + "unitPrice", "This must have at most two decimals.");
    }

    /// <summary>A SKU is also a part of an address, in which a slash would be lost.</summary>
    private static bool IsSku(string sku) =>
        sku.Length is > 0 and <= SkuLengthMax && sku.Any(char.IsLetterOrDigit) && sku.Trim() == sku
        && !sku.Any(c => char.IsControl(c) || c is '/' or '\\');
}
