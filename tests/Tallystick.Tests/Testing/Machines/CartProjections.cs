using System.Text.Json.Serialization;
using Tallystick.Projections;

namespace Tallystick.Tests.Testing.Machines;

public sealed record CartRow(int Items, long Stamp);

/// <summary>Counts items; each bug is a way in which the stamp comes from elsewhere.</summary>
public abstract class CartRows : Projection<CartRow>
{
    protected CartRows()
        : base("carts", version: 1)
    {
        Index(row => row.Items);

        Upsert<ItemAdded>((_, at) => at.Stream.Key, (row, e, at) => new CartRow((row?.Items ?? 0) + e.Quantity, Stamp(at)));
        Update<ItemRemoved>((row, _, at) => new CartRow(row.Items - 1, Stamp(at)));
    }

    protected abstract long Stamp(EventContext at);
}

/// <summary>Right.</summary>
public sealed class SoundRows : CartRows
{
    protected override long Stamp(EventContext at) => at.Position.Value;
}

/// <summary>Reads the wall clock.</summary>
public sealed class ClockRows : CartRows
{
    protected override long Stamp(EventContext at) => DateTime.UtcNow.Ticks;
}

/// <summary>Counts events in a field: a new process begins at 0 again.</summary>
public sealed class FieldRows : CartRows
{
    private long _seen;

    protected override long Stamp(EventContext at) => ++_seen;
}

/// <summary>Remembers what it has seen in a field, so that nothing but a second delivery of the same event, or a rebuild, shows it.</summary>
public sealed class OnceRows : CartRows
{
    private readonly HashSet<long> _seen = [];

    protected override long Stamp(EventContext at) => _seen.Add(at.Position.Value) ? 0 : 1;
}

/// <summary>Fails at the second item of a cart.</summary>
public sealed class OneItemRows : Projection<CartRow>
{
    public OneItemRows()
        : base("carts", version: 1) => Create<ItemAdded>((e, _) => new CartRow(e.Quantity, 0));
}

/// <summary>A running number that isn't stored: it is lost between two batches.</summary>
public sealed record RunningRow(int Shown)
{
    [JsonIgnore]
    public int Hidden { get; init; }
}

public sealed class RunningRows : Projection<RunningRow>
{
    public RunningRows()
        : base("running", version: 1) => Upsert<ItemAdded>(
            (_, at) => at.Stream.Key, (row, _, _) => new RunningRow((row?.Hidden ?? 0) + 1) { Hidden = (row?.Hidden ?? 0) + 1 });
}

public sealed class TaggedRows : Projection<CartRow>
{
    public TaggedRows()
        : base("tagged", version: 1) => Upsert<Tagged>((_, at) => at.Stream.Key, (row, _, _) => new CartRow((row?.Items ?? 0) + 1, 0));
}
