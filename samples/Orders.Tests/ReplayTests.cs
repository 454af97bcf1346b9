using Sample.Orders;
using Sample.Users;
using Tallystick.Testing.Specifications;

namespace Sample.Tests;

/// <summary>
/// What was stored in production must be readable for ever. <c>Exports/acme.jsonl</c> was exported from a running installation and never changes;
/// when a rule changes on purpose, export anew and say so in the change.
/// </summary>
public sealed class ReplayTests
{
    private static LogExport Export => LogExport.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Exports", "acme.jsonl")));

    [Fact]
    public void What_was_stored_still_folds() => Replay.Of(Export, app => app.AddOrders()).ThenFolds();

    [Fact]
    public void What_was_decided_is_decided_the_same_today() => Replay.Of(Export, app => app.AddOrders()).ThenDecidesTheSame(CommandOf);

    /// <summary>The command that must have led to a commit: here the events tell enough of it.</summary>
    private static object? CommandOf(RecordedCommit commit) => commit.Events[0] switch
    {
        UserRegistered e => new RegisterUser(e.Name, e.Email),
        OrderPlaced e => new PlaceOrder(e.CustomerId, e.Currency, e.Lines),
        OrderLineAdded e => new AddLine(e.Line.Sku, e.Line.Quantity, e.Line.UnitPrice),
        OrderLineRemoved e => new RemoveLine(e.Sku),
        OrderConfirmed => new ConfirmOrder(),
        OrderShipped => new ShipOrder(),
        OrderCancelled e => new CancelOrder(e.Reason),
        _ => null,
    };
}
