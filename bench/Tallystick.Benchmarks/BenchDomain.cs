using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;

namespace Tallystick.Benchmarks;

/// <summary>The event of all runs; as JSON it has 200 bytes.</summary>
[EventType("order.placed")]
internal sealed record BenchEvent(long Number, string CustomerId, string Currency, decimal Amount, string Note);

internal sealed record BenchState(long Count, decimal Total)
{
    public static BenchState None { get; } = new(0, 0);
}

internal sealed record BenchCommand(long Number);

internal sealed class BenchDecider : Decider<BenchCommand, BenchEvent, BenchState>
{
    private static readonly string Note = new('x', 100);

    public override string Category => "order";

    public override BenchState InitialState => BenchState.None;

    public override Decision<BenchEvent> Decide(BenchCommand command, BenchState state) =>
        Accept(new BenchEvent(command.Number, "customer-1", "EUR", 12.50m, Note));

    public override BenchState Evolve(BenchState state, BenchEvent @event) => new(state.Count + 1, state.Total + @event.Amount);
}

internal sealed record BenchDocument(string CustomerId, long Count, decimal Total);

/// <summary>As many documents as there are customers.</summary>
internal sealed class BenchProjection : Projection<BenchDocument>
{
    public BenchProjection()
        : base("bench", version: 1)
    {
        Index(document => document.Count);
        Upsert<BenchEvent>(
            (e, _) => e.CustomerId,
            (document, e, _) => document is null
                ? new BenchDocument(e.CustomerId, 1, e.Amount)
                : document with { Count = document.Count + 1, Total = document.Total + e.Amount });
    }
}

internal static class BenchApplication
{
    public static EventSerializer Serializer { get; } = new(
        new EventTypes([typeof(BenchEvent)], []), new IdGenerator(TimeProvider.System, Entropy.System));
}
