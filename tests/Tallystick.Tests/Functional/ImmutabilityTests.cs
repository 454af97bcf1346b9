using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Text;
using Tallystick.Functional;

namespace Tallystick.Tests.Functional;

public sealed class ImmutabilityTests
{
    [Theory]
    [InlineData(typeof(int))]
    [InlineData(typeof(string))]
    [InlineData(typeof(ImmutabilitySamples.Everything))]
    [InlineData(typeof(ImmutabilitySamples.Point))]
    [InlineData(typeof(ImmutabilitySamples.InitStruct))]
    [InlineData(typeof(ImmutabilitySamples.Tree))]
    [InlineData(typeof(ImmutabilitySamples.GoodShape))]
    [InlineData(typeof(ImmutabilitySamples.Computed))]
    [InlineData(typeof(ImmutabilitySamples.Trusted))]
    [InlineData(typeof(ImmutabilitySamples.HoldsTrusted))]
    [InlineData(typeof(ImmutabilitySamples.Page<int>))]
    [InlineData(typeof(ImmutabilitySamples.Node<int>))]
    [InlineData(typeof(MutabilityFinding))]
    public void An_immutable_type_passes(Type type)
    {
        Assert.Empty(Immutability.Check(type));
        Immutability.Demand(type, "an event");
    }

    [Fact]
    public void A_type_is_not_trusted_without_a_reason()
    {
        Assert.Equal("A base class.", new ImmutableAttribute("A base class.").Reason);
        Assert.Contains("Say why", Assert.Throws<ArgumentException>(() => new ImmutableAttribute(" ")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_setter_deep_inside_is_found_with_its_path()
    {
        var finding = Assert.Single(Immutability.Check(typeof(ImmutabilitySamples.Order)));

        Assert.Equal("ImmutabilitySamples.Order.Lines[].Price", finding.Path);
        Assert.Equal("property Price has a setter (not init); declare it { get; init; } or leave the setter out", finding.Problem);
    }

    [Fact]
    public void Demand_lists_each_finding_names_the_role_and_says_what_to_do()
    {
        var error = Assert.Throws<ArgumentException>(() => Immutability.Demand(typeof(ImmutabilitySamples.Flawed), "an event"));

        Assert.Contains("Flawed is not deeply immutable, as an event must be", error.Message, StringComparison.Ordinal);
        Assert.Contains("ImmutabilitySamples.Flawed.Automatic: property Automatic has a setter", error.Message, StringComparison.Ordinal);
        Assert.Contains("ImmutabilitySamples.Flawed.open: field open is not readonly", error.Message, StringComparison.Ordinal);
        Assert.Contains("[Immutable(", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Automatic", "setter")]
    [InlineData("PrivatelySet", "setter")]
    [InlineData("Elsewhere", "setter")]
    [InlineData("open", "not readonly")]
    [InlineData("_hidden", "not readonly")]
    [InlineData("captured", "captured")]
    [InlineData("Lazy", "outside of init")]
    [InlineData("Changed", "event")]
    [InlineData("inherited", "not readonly")]
    public void Each_way_to_change_a_member_is_found_once(string member, string problem)
    {
        var finding = Assert.Single(Immutability.Check(typeof(ImmutabilitySamples.Flawed)),
            finding => finding.Path == $"ImmutabilitySamples.Flawed.{member}");

        Assert.Contains(problem, finding.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_else_is_found()
        => Assert.Equal(9, Immutability.Check(typeof(ImmutabilitySamples.Flawed)).Length);

    [Theory]
    [InlineData(typeof(int[]), "ImmutableArray<Int32>")]
    [InlineData(typeof(int[,]), "ImmutableArray<Int32>")]
    [InlineData(typeof(List<int>), "ImmutableList<Int32>")]
    [InlineData(typeof(IReadOnlyList<int>), "ImmutableArray<Int32>")]
    [InlineData(typeof(IEnumerable<string>), "ImmutableArray<String>")]
    [InlineData(typeof(ReadOnlyCollection<int>), "ImmutableArray<Int32>")]
    [InlineData(typeof(IImmutableList<int>), "ImmutableList<Int32>")]
    [InlineData(typeof(ReadOnlyMemory<byte>), "ImmutableArray<Byte>")]
    [InlineData(typeof(Memory<byte>), "ImmutableArray<Byte>")]
    [InlineData(typeof(ArraySegment<byte>), "ImmutableArray<Byte>")]
    [InlineData(typeof(HashSet<int>), "ImmutableHashSet<Int32>")]
    [InlineData(typeof(Dictionary<string, int>), "ImmutableDictionary<String, Int32>")]
    [InlineData(typeof(IReadOnlyDictionary<string, int>), "FrozenDictionary<String, Int32>")]
    [InlineData(typeof(ConcurrentDictionary<string, int>), "ImmutableDictionary<String, Int32>")]
    [InlineData(typeof(Queue<int>), "ImmutableQueue<Int32>")]
    [InlineData(typeof(Stack<int>), "ImmutableStack<Int32>")]
    [InlineData(typeof(CultureInfo), "Name as a string")]
    [InlineData(typeof(StringBuilder), "use string")]
    [InlineData(typeof(Type), "name as a string")]
    [InlineData(typeof(object), "abstract record")]
    [InlineData(typeof(Func<int>), "delegate")]
    [InlineData(typeof(Delegate), "delegate")]
    [InlineData(typeof(IDisposable), "interface")]
    [InlineData(typeof(Task<int>), "framework class")]
    [InlineData(typeof(ImmutableArray<int>.Builder), "framework class")]
    [InlineData(typeof(int*), "pointer")]
    [InlineData(typeof(ImmutabilitySamples.Unknown), "no class of its assembly derives")]
    public void A_refused_type_comes_with_what_to_use_instead(Type type, string instead)
    {
        var finding = Assert.Single(Immutability.Check(type));

        Assert.Contains(instead, finding.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(typeof(ImmutableArray<int[]>), "ImmutableArray<Int32[]>[]")]
    [InlineData(typeof(ImmutableList<int[]>), "ImmutableList<Int32[]>[]")]
    [InlineData(typeof(ImmutableHashSet<int[]>), "ImmutableHashSet<Int32[]>[]")]
    [InlineData(typeof(ImmutableSortedSet<int[]>), "ImmutableSortedSet<Int32[]>[]")]
    [InlineData(typeof(ImmutableQueue<int[]>), "ImmutableQueue<Int32[]>[]")]
    [InlineData(typeof(ImmutableStack<int[]>), "ImmutableStack<Int32[]>[]")]
    [InlineData(typeof(FrozenSet<int[]>), "FrozenSet<Int32[]>[]")]
    [InlineData(typeof(ImmutableDictionary<int[], int>), "ImmutableDictionary<Int32[], Int32>[key]")]
    [InlineData(typeof(ImmutableDictionary<int, int[]>), "ImmutableDictionary<Int32, Int32[]>[value]")]
    [InlineData(typeof(ImmutableSortedDictionary<int, int[]>), "ImmutableSortedDictionary<Int32, Int32[]>[value]")]
    [InlineData(typeof(FrozenDictionary<int, int[]>), "FrozenDictionary<Int32, Int32[]>[value]")]
    [InlineData(typeof(Maybe<int[]>), "Maybe<Int32[]>.Value")]
    [InlineData(typeof(Result<int[], int>), "Result<Int32[], Int32>.Value")]
    [InlineData(typeof(Result<int, int[]>), "Result<Int32, Int32[]>.Error")]
    [InlineData(typeof((int, int[])), "ValueTuple<Int32, Int32[]>.Item2")]
    [InlineData(typeof((int, int, int, int, int, int, int, int[])),
        "ValueTuple<Int32, Int32, Int32, Int32, Int32, Int32, Int32, ValueTuple<Int32[]>>.Rest.Item1")]
    [InlineData(typeof(ImmutabilitySamples.Mutable?), "ImmutabilitySamples.Mutable?.X")]
    [InlineData(typeof(ImmutabilitySamples.TrustedBox<int[]>), "ImmutabilitySamples.TrustedBox<Int32[]><Int32[]>")]
    [InlineData(typeof(ImmutabilitySamples.Page<int[]>), "ImmutabilitySamples.Page<Int32[]>.First")]
    [InlineData(typeof(ImmutabilitySamples.Page<>), "ImmutabilitySamples.Page<T>.First")]
    public void Generic_arguments_are_checked(Type type, string path)
        => Assert.Equal(path, Assert.Single(Immutability.Check(type)).Path);

    [Fact]
    public void Classes_that_derive_from_a_field_s_type_are_checked()
    {
        var paths = Immutability.Check(typeof(ImmutabilitySamples.Drawing)).Select(finding => finding.Path);

        Assert.Equal(
            [
                "ImmutabilitySamples.Drawing.Shape(ImmutabilitySamples.Square).Side",
                "ImmutabilitySamples.Drawing.Shape(ImmutabilitySamples.Square)(ImmutabilitySamples.Cube).Depth",
            ],
            paths);
    }

    [Fact]
    public void A_base_class_walked_with_one_derived_class_still_has_its_others_checked()
    {
        var paths = Immutability.Check(typeof(ImmutabilitySamples.CircleThenShape)).Select(finding => finding.Path);

        Assert.Contains("ImmutabilitySamples.CircleThenShape.Any(ImmutabilitySamples.Square).Side", paths);
    }

    [Fact]
    public void A_generic_derived_class_is_closed_with_the_arguments_of_its_base_class()
    {
        var finding = Assert.Single(Immutability.Check(typeof(ImmutabilitySamples.Node<int[]>)));
        var open = Immutability.Check(typeof(ImmutabilitySamples.Open<int>)).Select(found => found.Path);

        Assert.Equal("ImmutabilitySamples.Node<Int32[]>(ImmutabilitySamples.Leaf<Int32[]>).Item", finding.Path);
        Assert.Equal(["ImmutabilitySamples.Open<Int32>(ImmutabilitySamples.OpenCase<Int32, TExtra>).Extra"], open);
    }

    [Fact]
    public void A_class_that_derives_from_a_framework_class_is_refused()
        => Assert.Contains("Exception is a framework class",
            Assert.Single(Immutability.Check(typeof(ImmutabilitySamples.DerivedException))).Problem, StringComparison.Ordinal);

    [Fact]
    public void A_type_that_nests_itself_in_ever_larger_arguments_is_refused_rather_than_followed_forever()
        => Assert.Contains(Immutability.Check(typeof(ImmutabilitySamples.Growing<int>)),
            finding => finding.Problem.Contains("nest deeper than 10", StringComparison.Ordinal));

    [Fact]
    public void Trust_is_not_inherited()
    {
        Assert.Equal(["ImmutabilitySamples.TrustsNotItself.Own"],
            Immutability.Check(typeof(ImmutabilitySamples.TrustsNotItself)).Select(finding => finding.Path));
        Assert.Throws<ArgumentException>(() => new ImmutableAttribute(" "));
    }
}
