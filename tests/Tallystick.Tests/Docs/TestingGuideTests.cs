using System.Reflection;
using Tallystick.Tests.Conventions;

namespace Tallystick.Tests.Docs;

/// <summary>The examples of the guide to testing don't only compile: they are tests, and they pass.</summary>
public sealed class TestingGuideTests
{
    private const string Guide = "docs/guides/testing.md";

    private static readonly Lazy<Assembly> Examples = new(() => SnippetCompiler.Load(Markdown.Parse(Guide, Repository.Read(Guide))));

    public static TheoryData<string> Names => [.. Facts().Select(fact => $"{fact.DeclaringType!.Name}.{fact.Name}")];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task An_example_of_the_guide_passes(string name)
    {
        var fact = Facts().Single(fact => $"{fact.DeclaringType!.Name}.{fact.Name}" == name);
        if (fact.Invoke(Activator.CreateInstance(fact.DeclaringType!), []) is Task running)
            await running;
    }

    private static IEnumerable<MethodInfo> Facts() =>
        Examples.Value.GetTypes().SelectMany(type => type.GetMethods()).Where(method => method.IsDefined(typeof(FactAttribute)));
}
