using System.Collections.Immutable;
using Tallystick.Testing.Randomness;

namespace Tallystick.Testing.Machines;

/// <summary>The ways in which the same events can reach a projection.</summary>
internal enum DeliveryKind
{
    /// <summary>All at once, from the beginning.</summary>
    Plain,

    /// <summary>In batches of any length, some of them as they happen, with as little kept in memory as is possible.</summary>
    Batches,

    /// <summary>With restarts in between, in good order and by dying in the middle of a commit.</summary>
    Restarts,

    /// <summary>With commits that fail, before or after they took effect.</summary>
    Repetitions,

    /// <summary>And then once more from the beginning, in a rebuild.</summary>
    Rebuild,
}

/// <summary>How events are delivered in one trial.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="PageLength">The most events read at once.</param>
/// <param name="BatchLength">The most events of a commit.</param>
/// <param name="CachedDocumentsMax">The most documents kept in memory.</param>
/// <param name="Stops">After how many events it is waited until they are dealt with, in rising order.</param>
/// <param name="RestartsAtStops">Whether another process goes on then.</param>
/// <param name="Fates">What happens to which commit of the runner, by its number from 0.</param>
internal sealed record Delivery(
    DeliveryKind Kind, int PageLength, int BatchLength, int CachedDocumentsMax, ImmutableArray<int> Stops, bool RestartsAtStops,
    ImmutableDictionary<int, CommitFate> Fates)
{
    private const int LargeMax = 10_000;

    /// <summary>The delivery of a seed.</summary>
    public static Delivery Of(DeliveryKind kind, ulong seed, int events)
    {
        var entropy = new SeededEntropy(unchecked((long)seed) + (int)kind);
        if (kind == DeliveryKind.Plain)
            return new Delivery(kind, LargeMax, LargeMax, LargeMax, [events], false, ImmutableDictionary<int, CommitFate>.Empty);
        var batch = entropy.Next(1, 5);
        var stops = Enumerable.Range(0, entropy.Next(4)).Select(_ => entropy.Next(events + 1)).Append(events).Order().Distinct();
        CommitFate[] fates = kind switch
        {
            DeliveryKind.Restarts => [CommitFate.DiesBefore, CommitFate.DiesAfter],
            DeliveryKind.Repetitions => [CommitFate.FailsBefore, CommitFate.FailsAfter],
            _ => [],
        };
        var chosen = ImmutableDictionary<int, CommitFate>.Empty;
        for (var i = 0; fates.Length > 0 && i < 3; i++)
            chosen = chosen.SetItem(entropy.Next(events + 4), entropy.Pick<CommitFate>(fates));
        return new Delivery(kind, entropy.Next(1, 5), batch, entropy.Next(1, 3), [.. stops], kind == DeliveryKind.Restarts, chosen);
    }

    /// <summary>The delivery in words.</summary>
    public override string ToString()
    {
        var words = FormattableString.Invariant($"read {PageLength} at a time, committed {BatchLength} at a time");
        if (Stops.Length > 1)
            words += $", {(RestartsAtStops ? "restarted" : "with a pause")} after {string.Join(" and ", Stops.SkipLast(1))} events";
        foreach (var (commit, fate) in Fates.OrderBy(fate => fate.Key))
        {
            var what = fate switch
            {
                CommitFate.FailsBefore => "failed without effect",
                CommitFate.FailsAfter => "failed after it took effect",
                CommitFate.DiesBefore => "met the process's death before it",
                _ => "met the process's death after it",
            };
            words += FormattableString.Invariant($", commit {commit + 1} {what}");
        }

        return Kind switch
        {
            DeliveryKind.Plain => "all at once",
            DeliveryKind.Rebuild => $"{words}, then rebuilt",
            _ => words,
        };
    }
}
