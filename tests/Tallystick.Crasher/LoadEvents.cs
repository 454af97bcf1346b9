using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Projections;

namespace Tallystick.Crasher;

/// <summary>An event of the load. It names its commit, so that a commit that was cut in two would show.</summary>
/// <param name="Commit">Unique for each attempt.</param>
/// <param name="Index">The event's place in its commit, from 0.</param>
/// <param name="Of">How many events the commit has.</param>
/// <param name="Group">What it is added up by.</param>
/// <param name="Amount">What is added up.</param>
[EventType("load.counted")]
public sealed record Counted(string Commit, int Index, int Of, [property: EventTag("group")] string Group, int Amount);

/// <summary>The same, but no projection sees it.</summary>
[EventType("load.ignored")]
public sealed record Ignored(string Commit, int Index, int Of, [property: EventTag("seat")] string? Seat);

public sealed record GroupTotal(int Events, long Amount, long LastPosition);

/// <summary>Adds up amounts by group.</summary>
public sealed class GroupTotals : Projection<GroupTotal>
{
    public GroupTotals()
        : base("group-totals", version: 1)
    {
        Index(total => total.Amount);
        Upsert<Counted>((e, _) => e.Group, (present, e, at) => Next(present, e, at.Position.Value));
    }

    public static GroupTotal Next(GroupTotal? present, Counted e, long position) =>
        new((present?.Events ?? 0) + 1, (present?.Amount ?? 0) + e.Amount, position);

    public static EventSerializer Serializer { get; } = new(
        new EventTypes([typeof(Counted), typeof(Ignored)], []), new IdGenerator(TimeProvider.System, Entropy.System));
}

/// <summary>An acknowledged commit as one line: what the child prints after the store said yes, and what the parent then holds it to.</summary>
public sealed record Acknowledgement(
    string Commit, string Tenant, long First, long Last, bool IsReplay, string Key, ImmutableArray<string> Streams, ImmutableArray<Guid> Events)
{
    public const string Prefix = "ack";

    public override string ToString() => string.Join(
        '\t', Prefix, Commit, Tenant, First, Last, IsReplay, Key, string.Join(',', Streams), string.Join(',', Events));

    public static Acknowledgement Parse(string line)
    {
        var parts = line.Split('\t');
        return new Acknowledgement(
            parts[1], parts[2], long.Parse(parts[3], null), long.Parse(parts[4], null), bool.Parse(parts[5]), parts[6],
            [.. Split(parts[7])], [.. Split(parts[8]).Select(Guid.Parse)]);
    }

    private static string[] Split(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries);
}
