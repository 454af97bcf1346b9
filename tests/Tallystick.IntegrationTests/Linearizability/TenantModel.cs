using System.Collections.Immutable;
using Tallystick.Testing.Linearizability;

namespace Tallystick.IntegrationTests.Linearizability;

/// <summary>A call that concerns one tenant.</summary>
public abstract record TenantCall
{
    private TenantCall()
    {
    }

    /// <summary>Appends events to a stream.</summary>
    /// <param name="Stream">The stream's key.</param>
    /// <param name="Expected">The version that is demanded; 0 is no stream; null is any.</param>
    /// <param name="Tag">The tag of each event.</param>
    /// <param name="Events">How many.</param>
    /// <param name="NoneAfter">Refused if an event with this tag, of any stream, comes after this position.</param>
    /// <param name="Key">The idempotency key.</param>
    public sealed record Append(string Stream, long? Expected, string Tag, int Events, (string Tag, long Position)? NoneAfter, string? Key) : TenantCall
    {
        public override string ToString() =>
            $"append {Events} of {Tag} to {Stream}" + (Expected is { } version ? $" at version {version}" : "")
            + (NoneAfter is { } none ? $" if no {none.Tag} after {none.Position}" : "") + (Key is null ? "" : $" once as {Key}");
    }

    /// <summary>Reads the version of a stream.</summary>
    public sealed record ReadVersion(string Stream) : TenantCall
    {
        public override string ToString() => $"version of {Stream}";
    }

    /// <summary>Reads the position of the log's end.</summary>
    public sealed record ReadHead : TenantCall
    {
        public override string ToString() => "head";
    }

    /// <summary>Asks for the result of the commit with a key.</summary>
    public sealed record Find(string Key) : TenantCall
    {
        public override string ToString() => $"result of {Key}";
    }

    /// <summary>Reads how many events a stream has from a read model, which must have reached a token.</summary>
    public sealed record Count(string Stream, long Token) : TenantCall
    {
        public override string ToString() => $"count of {Stream} at {Token} or later";
    }
}

/// <summary>What a call answers.</summary>
public abstract record TenantAnswer
{
    private TenantAnswer()
    {
    }

    public sealed record Committed(long First, long Last, long Version, bool IsReplay) : TenantAnswer
    {
        public override string ToString() => $"committed {First}..{Last}, version {Version}{(IsReplay ? ", again" : "")}";
    }

    public sealed record WrongVersion(long Actual) : TenantAnswer
    {
        public override string ToString() => $"refused, version is {Actual}";
    }

    public sealed record Matched : TenantAnswer
    {
        public override string ToString() => "refused, an event matches";
    }

    public sealed record Number(long Value) : TenantAnswer
    {
        public override string ToString() => $"{Value}";
    }

    /// <summary>What a model expects where several answers are right.</summary>
    public sealed record Between(long Least, long Most) : TenantAnswer
    {
        public override string ToString() => $"{Least} to {Most}";
    }

    public sealed record Unknown : TenantAnswer
    {
        public override string ToString() => "nothing";
    }
}

/// <summary>A tenant: its log, and the results that it remembers under keys.</summary>
public sealed record TenantState(ImmutableArray<(string Stream, string Tag)> Log, ImmutableDictionary<string, TenantAnswer.Committed> Keys)
{
    public static TenantState Empty { get; } = new([], ImmutableDictionary<string, TenantAnswer.Committed>.Empty);

    /// <summary>How many events a stream has among the first of the log.</summary>
    public long VersionOf(string stream, long through) => Log.Take((int)Math.Min(through, Log.Length)).LongCount(e => e.Stream == stream);

    public bool Equals(TenantState? other) =>
        other is not null && Log.SequenceEqual(other.Log) && Keys.Count == other.Keys.Count && Keys.All(pair => other.Keys.Contains(pair));

    public override int GetHashCode() => Log.Aggregate(Keys.Count, (hash, e) => HashCode.Combine(hash, e));

    public override string ToString() => $"{Log.Length} events{string.Concat(Log.TakeLast(4).Select(e => $" {e.Stream}/{e.Tag}"))}";
}

/// <summary>What a tenant must do when calls come one after another; a token's read may be of any later state, since read models lag behind.</summary>
public sealed class TenantModel : DeterministicModel<TenantState, TenantCall, TenantAnswer>
{
    public override TenantState Initial => TenantState.Empty;

    public override (TenantState Next, TenantAnswer Output) Apply(TenantState state, TenantCall input) => input switch
    {
        TenantCall.Append append => Append(state, append),
        TenantCall.ReadVersion read => (state, new TenantAnswer.Number(state.VersionOf(read.Stream, state.Log.Length))),
        TenantCall.Find find => (state, Remembered(state, find.Key) as TenantAnswer ?? new TenantAnswer.Unknown()),
        TenantCall.Count count => (state, new TenantAnswer.Between(
            state.VersionOf(count.Stream, count.Token), state.VersionOf(count.Stream, state.Log.Length))),
        _ => (state, new TenantAnswer.Number(state.Log.Length)),
    };

    public override bool IsSame(TenantAnswer expected, TenantAnswer actual) => (expected, actual) switch
    {
        (TenantAnswer.Between between, TenantAnswer.Number number) => number.Value >= between.Least && number.Value <= between.Most,
        _ => expected == actual,
    };

    public override bool IsRead(TenantCall input, TenantAnswer output) => input is not TenantCall.Append || output is not TenantAnswer.Committed { IsReplay: false };

    private static (TenantState Next, TenantAnswer Output) Append(TenantState state, TenantCall.Append append)
    {
        if (append.Key is { } used && Remembered(state, used) is { } first)
            return (state, first);
        var version = state.VersionOf(append.Stream, state.Log.Length);
        if (append.Expected is { } expected && expected != version)
            return (state, new TenantAnswer.WrongVersion(version));
        if (append.NoneAfter is { } none && state.Log.Skip((int)none.Position).Any(e => e.Tag == none.Tag))
            return (state, new TenantAnswer.Matched());
        var log = state.Log.AddRange(Enumerable.Repeat((append.Stream, append.Tag), append.Events));
        var result = new TenantAnswer.Committed(state.Log.Length + 1, log.Length, version + append.Events, false);
        return (new TenantState(log, append.Key is { } key ? state.Keys.Add(key, result) : state.Keys), result);
    }

    private static TenantAnswer.Committed? Remembered(TenantState state, string key) =>
        state.Keys.TryGetValue(key, out var first) ? first with { IsReplay = true } : null;
}
