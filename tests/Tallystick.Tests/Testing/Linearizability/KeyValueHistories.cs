using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using Tallystick.Testing.Linearizability;

namespace Tallystick.Tests.Testing.Linearizability;

/// <summary>A call of a map from keys to texts.</summary>
/// <param name="Function">get, put, or append.</param>
/// <param name="Key">The key.</param>
/// <param name="Value">What to put or append.</param>
public sealed record KeyValueCall(string Function, string Key, string Value)
{
    public override string ToString() => Function == "get" ? $"get {Key}" : $"{Function} {Key} '{Value}'";
}

/// <summary>A map in which every key has the empty text at first. Each key is a part of its own.</summary>
public sealed class KeyValueModel : DeterministicModel<string, KeyValueCall, string>
{
    public override string Initial => "";

    public override (string Next, string Output) Apply(string state, KeyValueCall input) => input.Function switch
    {
        "put" => (input.Value, ""),
        "append" => (state + input.Value, ""),
        _ => (state, state),
    };

    public override object PartitionOf(KeyValueCall input) => input.Key;

    public override bool IsRead(KeyValueCall input, string output) => input.Function == "get";

    public override string DescribeState(string state) => $"'{state}'";

    public override string DescribeOutput(KeyValueCall input, string output) => input.Function != "get" ? "done" : $"'{output}'";
}

/// <summary>Reads events of a key-value store, one Clojure map a line, in the order in which they happened.</summary>
public static partial class KeyValueHistories
{
    public static History<KeyValueCall, string> Parse(IEnumerable<string> lines)
    {
        var operations = ImmutableArray.CreateBuilder<Operation<KeyValueCall, string>>();
        var open = new Dictionary<int, (KeyValueCall Call, long Time)>();
        var time = 0;
        foreach (var line in lines)
        {
            time++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            var match = Line().Match(line);
            if (!match.Success)
                throw new FormatException($"Line {time} is no event of a key-value store: {line}");
            var process = int.Parse(match.Groups["process"].ValueSpan, CultureInfo.InvariantCulture);
            var value = Escape().Replace(match.Groups["value"].Value, "$1");
            if (match.Groups["type"].Value == "invoke")
            {
                if (open.Remove(process, out var lost))
                    operations.Add(Operation<KeyValueCall, string>.Unseen(process, lost.Call, lost.Time));
                var function = match.Groups["function"].Value;
                open.Add(process, (new KeyValueCall(function, match.Groups["key"].Value, function == "get" ? "" : value), time));
                continue;
            }

            if (!open.Remove(process, out var call))
                throw new FormatException($"Line {time}: process {process} ends a call that it hasn't begun: {line}");
            operations.Add(match.Groups["type"].Value == "ok"
                ? Operation<KeyValueCall, string>.Seen(process, call.Call, call.Time, call.Call.Function == "get" ? value : "", time)
                : Operation<KeyValueCall, string>.Unseen(process, call.Call, call.Time));
        }

        operations.AddRange(open.Select(pair => Operation<KeyValueCall, string>.Unseen(pair.Key, pair.Value.Call, pair.Value.Time)));
        return new(operations.ToImmutable());
    }

    [GeneratedRegex("""^\s*\{:process (?<process>\d+), :type :(?<type>invoke|ok|fail|info), :f :(?<function>get|put|append), :key "(?<key>(?:[^"\\]|\\.)*)", :value (?:nil|"(?<value>(?:[^"\\]|\\.)*)")\}\s*$""")]
    private static partial Regex Line();

    [GeneratedRegex(@"\\(.)")]
    private static partial Regex Escape();
}
