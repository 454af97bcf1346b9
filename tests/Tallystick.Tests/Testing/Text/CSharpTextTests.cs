using System.Collections.Immutable;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Tallystick.Testing.Text;

namespace Tallystick.Tests.Testing.Text;

public sealed class CSharpTextTests
{
    private const string Usings = """
        using System;
        using System.Collections.Frozen;
        using System.Collections.Generic;
        using System.Collections.Immutable;
        using System.Globalization;
        using System.Linq;
        using System.Numerics;
        using System.Text.Json.Nodes;
        using Tallystick.Commands;
        using Tallystick.Events;
        using Tallystick.Functional;
        using Tallystick.Storage;
        using Tallystick.Tenancy;
        using Tallystick.Tests.Testing.Text;

        """;

    [Fact]
    [Trait("Speed", "Slow")]
    public void What_is_written_compiles_and_makes_an_equal_value()
    {
        var code = new StringBuilder(Usings).Append("public static class Made { public static object?[] All() => new object?[] {\n");
        foreach (var value in CSharpTextSamples.All)
            code.Append("(object?)(").Append(CSharpText.Of(value)).Append("),\n");
        var made = (object?[])Run(code.Append("}; }").ToString());

        Assert.Equal(CSharpTextSamples.All.Count, made.Length);
        for (var i = 0; i < made.Length; i++)
        {
            // Anonymous types of two assemblies are two types, and JSON nodes are equal only to themselves.
            if (made[i]?.GetType().Name.Contains("Anonymous", StringComparison.Ordinal) is true || made[i] is System.Text.Json.Nodes.JsonNode)
                Assert.Equal(CSharpTextSamples.All[i]!.ToString(), made[i]!.ToString());
            else
                AssertSame(CSharpTextSamples.All[i], made[i]);
        }
    }

    private static void AssertSame(object? value, object? made)
    {
        Assert.True(Difference.AreEqual(value, made), $"{CSharpText.Of(value)} made another value.");
        Assert.Equal(value?.GetType().Name, made?.GetType().Name);
    }

    [Fact]
    public void A_record_is_written_by_its_constructor() => Assert.Equal(
        """new Basket("ann", [new Line("hat", 2, 1.50m)])""", CSharpText.Of(new Basket("ann", [new Line("hat", 2, 1.50m)])));

    [Fact]
    public void What_the_constructor_does_not_take_is_set_by_name() =>
        Assert.Equal("new Shape.Square { Side = 2f, Name = null }", CSharpText.Of(new Shape.Square { Side = 2f }));

    [Fact]
    public void Arguments_that_are_the_default_are_left_out() => Assert.Equal("new Optional(1)", CSharpText.Of(new Optional(1)));

    [Fact]
    public void A_collection_needs_no_type_where_its_place_tells_it()
    {
        Assert.Equal("[1, 2]", CSharpText.Of(ImmutableArray.Create(1, 2), typeof(ImmutableArray<int>)));
        Assert.Equal("(ImmutableArray<int>)[1, 2]", CSharpText.Of(ImmutableArray.Create(1, 2)));
    }

    [Fact]
    public void A_long_expression_has_a_line_for_each_argument() => Assert.Equal(
        """
        new Basket(
            "a customer with a long name",
            [
                new Line("article-number-1", 1, 12.50m),
                new Line("article-number-2", 2, 12.50m),
                new Line("article-number-3", 3, 12.50m),
                new Line("article-number-4", 4, 12.50m)])
        """,
        CSharpText.Of(new Basket("a customer with a long name", [.. Enumerable.Range(1, 4).Select(i => new Line($"article-number-{i}", i, 12.50m))])));

    [Fact]
    public void What_can_not_be_made_is_said_to_be_so() =>
        Assert.Equal("/* Currency has no public constructor for: XXX */ default", CSharpText.Of(Currency.Hidden()));

    [Fact]
    public void A_brief_text_leaves_out_the_middle()
    {
        var brief = CSharpText.Brief(new string('x', 400), typeof(string), 60);

        Assert.Equal(63, brief.Length);
        Assert.Contains(" … ", brief, StringComparison.Ordinal);
    }

    private static object Run(string code)
    {
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(path => MetadataReference.CreateFromFile(path));
        var options = new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable);
        var tree = CSharpSyntaxTree.ParseText(code, new CSharpParseOptions(LanguageVersion.Preview));
        using var assembly = new MemoryStream();
        var result = CSharpCompilation.Create("Made", [tree], references, options).Emit(assembly);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics.Where(one => one.Severity == DiagnosticSeverity.Error)
            .Select(one => $"{one.GetMessage(System.Globalization.CultureInfo.InvariantCulture)}: {one.Location.SourceTree?.GetText().Lines[one.Location.GetLineSpan().StartLinePosition.Line]}")));
        return System.Reflection.Assembly.Load(assembly.ToArray()).GetType("Made")!.GetMethod("All")!.Invoke(null, null)!;
    }
}
