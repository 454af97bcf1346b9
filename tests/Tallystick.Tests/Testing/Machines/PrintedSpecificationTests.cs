using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Tallystick.Testing;

namespace Tallystick.Tests.Testing.Machines;

/// <summary>What a counter-example prints is compiled as it stands, and run.</summary>
[Trait("Speed", "Slow")]
public sealed class PrintedSpecificationTests
{
    private const string Usings = """
        using System;
        using System.Collections.Generic;
        using System.Linq;
        using Tallystick.Testing;
        using Tallystick.Tests.Testing.Machines;
        public sealed class FactAttribute : Attribute;
        """;

    [Fact]
    public void A_broken_invariant_is_broken_in_the_pasted_specification_too()
    {
        var pasted = Paste(() => Properties.Of<MiscountingCart>().Always(cart => cart.Count == cart.Items.Sum(item => item.Quantity)));

        Assert.Contains("This was expected to hold for the state", Assert.Throws<CheckFailedException>(pasted).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_decider_that_throws_does_so_in_the_pasted_specification_too()
    {
        var pasted = Paste(() => Properties.Of<ThrowingCart>().KeepsTheRules());

        Assert.Contains("The cart is full.", Assert.Throws<CheckFailedException>(pasted).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_event_that_isnt_stored_whole_is_found_by_the_pasted_specification_too()
    {
        var pasted = Paste(() => Properties.Of<LossyCounter>().EventsSurviveSerialisation());

        Assert.Contains("CounterReset doesn't survive being stored", Assert.Throws<CheckFailedException>(pasted).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_step_is_pasted_as_what_happens_now()
    {
        var pasted = Paste(() => Properties.Of<CartDecider>().AlwaysAfter((before, command, decision, after) => !decision.IsRejected));

        pasted();
    }

    [Fact]
    public void A_projection_that_loses_a_field_in_a_restart_does_so_in_the_pasted_specification_too()
    {
        var pasted = Paste(() => Properties.OfProjection<FieldRows>().From<CartDecider>().SameRowsAfterRestarts());

        Assert.Contains("a handler depends on more than the event", Assert.Throws<CheckFailedException>(pasted).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_projection_that_stops_does_so_in_the_pasted_specification_too()
    {
        var pasted = Paste(() => Properties.OfProjection<OneItemRows>().From<CartDecider>().KeepsTheRules());

        Assert.Contains("which is there already", Assert.Throws<CheckFailedException>(pasted).Message, StringComparison.Ordinal);
    }

    private static Action Paste(Action check)
    {
        var lines = Assert.Throws<CheckFailedException>(check).Message.Split('\n');
        var begin = Array.FindIndex(lines, line => line.Trim() == "[Fact]");
        var end = Array.FindIndex(lines, begin, line => line.EndsWith(';'));
        var code = $"{Usings}\npublic static class Pasted {{\n{string.Join('\n', lines[begin..(end + 1)]).Replace("public void", "public static void", StringComparison.Ordinal)}\n}}";
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path));
        var compilation = CSharpCompilation.Create(
            "Pasted", [CSharpSyntaxTree.ParseText(code, new CSharpParseOptions(LanguageVersion.Preview))], references,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        using var assembly = new MemoryStream();
        var result = compilation.Emit(assembly);
        Assert.True(result.Success, $"{string.Join('\n', result.Diagnostics)}\n{code}");
        return System.Reflection.Assembly.Load(assembly.ToArray()).GetType("Pasted")!.GetMethods().First(method => method.IsStatic).CreateDelegate<Action>();
    }
}
