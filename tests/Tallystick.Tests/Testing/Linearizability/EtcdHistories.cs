using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using Tallystick.Functional;
using Tallystick.Testing.Linearizability;

namespace Tallystick.Tests.Testing.Linearizability;

/// <summary>A call of a register that etcd keeps.</summary>
public abstract record RegisterCall
{
    private RegisterCall()
    {
    }

    public sealed record Read : RegisterCall
    {
        public override string ToString() => "read";
    }

    public sealed record Write(int Value) : RegisterCall
    {
        public override string ToString() => $"write {Value}";
    }

    public sealed record Swap(int From, int To) : RegisterCall
    {
        public override string ToString() => $"swap {From} for {To}";
    }
}

/// <summary>What a register answers.</summary>
/// <param name="IsDone">Whether it happened; a swap that found another value did not.</param>
/// <param name="Value">What a read saw.</param>
public readonly record struct RegisterAnswer(bool IsDone, Maybe<int> Value = default);

/// <summary>A register that has no value at first.</summary>
public sealed class RegisterModel : DeterministicModel<Maybe<int>, RegisterCall, RegisterAnswer>
{
    public override Maybe<int> Initial => Maybe.None<int>();

    public override (Maybe<int> Next, RegisterAnswer Output) Apply(Maybe<int> state, RegisterCall input) => input switch
    {
        RegisterCall.Write write => (Maybe.Some(write.Value), new(true)),
        RegisterCall.Swap swap => state == Maybe.Some(swap.From) ? (Maybe.Some(swap.To), new(true)) : (state, new(false)),
        _ => (state, new(true, state)),
    };

    public override bool IsRead(RegisterCall input, RegisterAnswer output) => input is RegisterCall.Read || !output.IsDone;

    public override string DescribeOutput(RegisterCall input, RegisterAnswer output) =>
        input is RegisterCall.Read ? DescribeState(output.Value) : output.IsDone ? "done" : "refused";

    public override string DescribeState(Maybe<int> state) => state.Match(value => $"{value}", () => "empty");
}

/// <summary>
/// Reads the log lines of Jepsen's test of an etcd register: process, type, function and value, in the order in which they happened.
/// </summary>
public static partial class EtcdHistories
{
    public static History<RegisterCall, RegisterAnswer> Parse(IEnumerable<string> lines)
    {
        var operations = ImmutableArray.CreateBuilder<Operation<RegisterCall, RegisterAnswer>>();
        var open = new Dictionary<int, (RegisterCall Call, long Time)>();
        var time = 0;
        foreach (var line in lines)
        {
            time++;
            var match = Line().Match(line);
            if (!match.Success)
                continue;
            var process = Number(match.Groups["process"].ValueSpan);
            var (type, value) = (match.Groups["type"].Value, match.Groups["value"].Value);
            if (type == "invoke")
            {
                // A process that calls again has not seen the end of its last call.
                if (open.Remove(process, out var lost))
                    operations.Add(Operation<RegisterCall, RegisterAnswer>.Unseen(process, lost.Call, lost.Time));
                open.Add(process, (CallOf(match.Groups["function"].Value, value), time));
                continue;
            }

            if (!open.Remove(process, out var call))
                throw new FormatException($"Line {time}: process {process} ends a call that it hasn't begun: {line}");
            operations.Add(End(process, call.Call, call.Time, type, value, time));
        }

        operations.AddRange(open.Select(pair => Operation<RegisterCall, RegisterAnswer>.Unseen(pair.Key, pair.Value.Call, pair.Value.Time)));
        return new(operations.ToImmutable());
    }

    private static Operation<RegisterCall, RegisterAnswer> End(int process, RegisterCall call, long called, string type, string value, long time)
    {
        // "info" says that nobody knows; so does a failure by time, and any failure of a call that can't be refused.
        if (type == "info" || value.StartsWith(':') || (type == "fail" && call is not RegisterCall.Swap))
            return Operation<RegisterCall, RegisterAnswer>.Unseen(process, call, called);
        var answer = call is RegisterCall.Read
            ? new RegisterAnswer(true, value == "nil" ? Maybe.None<int>() : Maybe.Some(Number(value)))
            : new RegisterAnswer(type == "ok");
        return Operation<RegisterCall, RegisterAnswer>.Seen(process, call, called, answer, time);
    }

    private static RegisterCall CallOf(string function, string value) => function switch
    {
        "read" => new RegisterCall.Read(),
        "write" => new RegisterCall.Write(Number(value)),
        "cas" when Pair().Match(value) is { Success: true } pair => new RegisterCall.Swap(Number(pair.Groups[1].ValueSpan), Number(pair.Groups[2].ValueSpan)),
        _ => throw new FormatException($"No call of a register: {function} {value}"),
    };

    private static int Number(ReadOnlySpan<char> text) => int.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"jepsen\.util\s+-\s+(?<process>\d+)\s+:(?<type>invoke|ok|fail|info)\s+:(?<function>read|write|cas)\s+(?<value>.*?)\s*$")]
    private static partial Regex Line();

    [GeneratedRegex(@"^\[(-?\d+)[\s,]+(-?\d+)\]$")]
    private static partial Regex Pair();
}
