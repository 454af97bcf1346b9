using System.Collections.Immutable;
using Tallystick.Functional;
using Tallystick.Testing.Text;

namespace Tallystick.Tests.Testing.Text;

public sealed class DifferenceTests
{
    private static readonly Basket Basket = new("ann", [new Line("hat", 2, 1.50m), new Line("scarf", 1, 20m)]);

    public static TheoryData<object?, object?, string> Differing => new()
    {
        { 3, 4, "expected 3, but it is 4" },
        { null, 4, "expected null, but it is 4" },
        { new Line("hat", 2, 1.5m), new Line("hat", 3, 2.5m), ".Quantity: expected 2, but it is 3\n.Price: expected 1.5m, but it is 2.5m" },
        { Basket, Basket with { Lines = [Basket.Lines[0] with { Sku = "cap" }, Basket.Lines[1]] }, ".Lines[0].Sku: expected \"hat\", but it is \"cap\"" },
        { new Shape.Circle(1), new Shape.Square { Side = 1f }, "expected a Shape.Circle, but it is a Shape.Square: new Shape.Square { Side = 1f, Name = null }" },
        { new[] { 1, 2, 3 }, new[] { 1, 3 }, "[1]: missing: 2" },
        { new[] { 1, 3 }, new[] { 1, 2, 3 }, "[1]: not expected: 2" },
        { new[] { 1, 2, 3 }, new[] { 2, 3, 1 }, "[0]: moved to [2]: 1" },
        { new[] { 1, 2, 3 }, new[] { 1, 7, 3 }, "[1]: expected 2, but it is 7" },
        { ImmutableArray<int>.Empty, ImmutableArray.Create(5), "[0]: not expected: 5" },
        { new HashSet<int> { 1, 2 }, new HashSet<int> { 3, 2 }, "missing in the set: 1\nnot expected in the set: 3" },
        { new Dictionary<string, int> { ["a"] = 1, ["b"] = 2 }, new Dictionary<string, int> { ["b"] = 3, ["c"] = 4 }, "[\"a\"]: missing: 1\n[\"b\"]: expected 2, but it is 3\n[\"c\"]: not expected: 4" },
        { "abc", "abd", "expected \"abc\", but it is \"abd\"" },
        { Maybe<int>.Some(1), Maybe<int>.None, "expected Maybe<int>.Some(1), but it is Maybe<int>.None" },
        { Maybe<Line>.Some(new Line("a", 1, 1m)), Maybe<Line>.Some(new Line("a", 2, 1m)), ".Quantity: expected 1, but it is 2" },
        { Result<int, string>.Success(1), Result<int, string>.Success(2), "expected 1, but it is 2" },
        { Result<int, string>.Success(1), Result<int, string>.Failure("no"), "expected Result<int, string>.Success(1), but it is Result<int, string>.Failure(\"no\")" },
        { new byte[] { 1 }, new byte[] { 2 }, "expected Convert.FromHexString(\"01\"), but it is Convert.FromHexString(\"02\")" },
        { (1, "a"), (1, "b"), ".Item2: expected \"a\", but it is \"b\"" },
        { Currency.Euro, Currency.Hidden(), "expected Currency.Euro, but it is /* Currency has no public constructor for: XXX */ default" },
    };

    [Theory]
    [MemberData(nameof(Differing), DisableDiscoveryEnumeration = true)]
    public void What_differs_is_told_with_its_place(object? expected, object? actual, string difference) =>
        Assert.Equal(difference, Difference.Between(expected, actual).ToString());

    [Fact]
    public void Collections_in_records_are_equal_when_their_elements_are()
    {
        var same = new Basket("ann", [new Line("hat", 2, 1.5m), new Line("scarf", 1, 20.00m)]);

        Assert.NotEqual(Basket, same); // A record compares an ImmutableArray by its reference.
        Assert.True(Difference.AreEqual(Basket, same));
        Assert.Equal("", Difference.Between(Basket, same).ToString());
    }

    [Fact]
    public void Every_sample_is_equal_to_itself_and_to_no_other()
    {
        for (var i = 0; i < CSharpTextSamples.All.Count; i++)
        {
            var left = CSharpTextSamples.All[i];
            Assert.True(Difference.AreEqual(left, left));
            foreach (var right in CSharpTextSamples.All.Where((_, j) => j != i))
            {
                // Empty collections are equal, whatever they are of.
                if (CSharpText.Of(left) == CSharpText.Of(right) || (IsEmpty(left) && IsEmpty(right)))
                    continue;
                Assert.False(Difference.AreEqual(left, right), $"{CSharpText.Of(left)} is said to be equal to {CSharpText.Of(right)}.");
            }
        }
    }

    private static bool IsEmpty(object? value) =>
        value is ImmutableArray<int> { IsDefaultOrEmpty: true } or Array { Length: 0 } or System.Collections.ICollection and not ImmutableArray<int> and { Count: 0 };

    [Fact]
    public void A_long_text_is_shown_where_it_begins_to_differ()
    {
        var text = string.Join('\n', Enumerable.Range(1, 20).Select(i => $"line {i} of a long text"));

        Assert.Equal(
            "differs from character 95 on (line 5): expected …\"ong text\\nline 5 of a long text\\nline 6 of a lo\"…, but it is …\"ong text\\nline 5_of a long text\\nline 6 of a lo\"…",
            Difference.Between(text, text.Replace("line 5 ", "line 5_", StringComparison.Ordinal)).ToString());
        Assert.EndsWith("but it is …\"20 of a long te\" (its end)", Difference.Between(text, text[..^2]).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_never_a_wall_of_text()
    {
        var difference = Difference.Between(Enumerable.Range(0, 1000).ToArray(), Enumerable.Range(5000, 1000).ToArray());

        Assert.Equal(1000, difference.Entries.Length);
        Assert.Equal(Difference.LinesMax + 1, difference.ToString().Split('\n').Length);
        Assert.EndsWith("\n… and 988 more differences", difference.ToString(), StringComparison.Ordinal);
    }
}
