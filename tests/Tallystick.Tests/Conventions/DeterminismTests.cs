using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Tallystick.Tests.Conventions;

/// <summary>What the simulation asks of the library: one scheduler, and no order that differs from run to run.</summary>
public sealed class DeterminismTests
{
    /// <summary>Where the order is seen by nobody: what is enumerated, and why it doesn't matter.</summary>
    private static readonly (string Code, string Why)[] Allowed =
    [
        ("_slots.Values.Where", "Projections/CollectionBuffer: what the last batch didn't touch is forgotten, all of it."),
        ("foreach (var line in _waiting.Values)", "Storage/PositionSignals: the store is closed, and everyone who waits fails."),
    ];

    private static readonly Lazy<string[]> Found = new(() => [.. HashOrder.In(Repository.CoreCode)]);

    [Fact]
    public void Nothing_in_the_core_depends_on_the_order_of_a_hash_table() => Offences.None(
        "Sort it, or keep a list beside it (two processes, or two runs of one seed, would differ):",
        Found.Value.Where(use => !Allowed.Any(allowed => use.Contains(allowed.Code, StringComparison.Ordinal))));

    [Fact]
    public void What_is_allowed_is_still_there() => Offences.None(
        "Remove it from the list:",
        Allowed.Where(allowed => !Found.Value.Any(use => use.Contains(allowed.Code, StringComparison.Ordinal))).Select(allowed => allowed.Code));

    [Theory]
    [InlineData("foreach (var pair in map) Use(pair);", 1)]
    [InlineData("foreach (var key in map.Keys) Use(key);", 1)]
    [InlineData("string[] keys = [.. map.Keys];", 1)]
    [InlineData("var first = map.Values.Where(value => value > 1).First();", 1)]
    [InlineData("var frozen = map.ToFrozenDictionary(); foreach (var pair in frozen) Use(pair);", 1)]
    [InlineData("var text = string.Join(\",\", map.Keys);", 1)]
    [InlineData("var list = new List<string>(map.Keys);", 1)]
    [InlineData("var list = new List<string>(); list.AddRange(map.Keys);", 1)]
    [InlineData("foreach (var pair in map.OrderBy(pair => pair.Key)) Use(pair);", 0)]
    [InlineData("var sum = map.Values.Where(value => value > 1).Sum();", 0)]
    [InlineData("var found = map.TryGetValue(\"a\", out var value);", 0)]
    [InlineData("foreach (var one in new List<int>()) Use(one);", 0)]
    public void An_order_of_hashes_is_found(string code, int expected) => Assert.Equal(
        expected, HashOrder.In([SourceFile.OfText("x.cs",
            $"using System.Collections.Frozen; class C {{ void Use(object o) {{ }} void M(Dictionary<string, int> map) {{ {code} }} }}")]).Count());

    [Fact]
    public void A_signal_is_never_awaited_by_way_of_the_thread_pool() => Offences.None(
        "Observe it first (SignalTasks.ObserveAsync): WhenAny, WhenAll and WaitAsync on a bare signal complete on the thread pool:",
        Repository.CoreCode.SelectMany(BareSignals));

    [Theory]
    [InlineData("Task.WhenAny(waiting, signal.Task)", 1)]
    [InlineData("done.Task.WaitAsync(token)", 1)]
    [InlineData("command.Done.Task.WaitAsync(token)", 1)]
    [InlineData("Task.WhenAll(one.Task, two.Task)", 1)]
    [InlineData("Task.WhenAny(waiting, signal.Task.ObserveAsync())", 0)]
    [InlineData("done.Task.ObserveAsync().WaitAsync(token)", 0)]
    public void A_bare_signal_is_found(string expression, int expected) =>
        Assert.Equal(expected, BareSignals(SourceFile.OfText("x.cs", $"class C {{ object M() => {expression}; }}")).Count());

    private static IEnumerable<string> BareSignals(SourceFile file) =>
        from call in file.All<InvocationExpressionSyntax>()
        let name = (call.Expression as MemberAccessExpressionSyntax)?.Name.Identifier.ValueText
        where name switch
        {
            "WaitAsync" => ((MemberAccessExpressionSyntax)call.Expression).Expression.ToString().EndsWith(".Task", StringComparison.Ordinal),
            "WhenAny" or "WhenAll" => call.ArgumentList.Arguments.Any(argument => argument.ToString().EndsWith(".Task", StringComparison.Ordinal)),
            _ => false,
        }
        select $"{file.At(call)} {call}";
}
