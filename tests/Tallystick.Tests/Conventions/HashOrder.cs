using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Tallystick.Tests.Conventions;

/// <summary>Finds code whose effect may depend on the order in which a hash table gives its elements.</summary>
internal static class HashOrder
{
    private static readonly string[] HashTables =
    [
        "Dictionary", "HashSet", "ConcurrentDictionary", "ConcurrentBag", "ImmutableDictionary", "ImmutableHashSet", "FrozenDictionary", "FrozenSet", "Hashtable",
        "IDictionary", "IReadOnlyDictionary", "ISet", "IReadOnlySet", "IImmutableDictionary", "IImmutableSet",
    ];

    /// <summary>What gives the same for every order, or makes an order.</summary>
    private static readonly string[] Harmless =
    [
        "Any", "All", "Count", "LongCount", "Sum", "Min", "Max", "MinBy", "MaxBy", "Contains", "Order", "OrderBy", "OrderDescending", "OrderByDescending", "SetEquals",
        "ToDictionary", "ToHashSet", "ToFrozenDictionary", "ToFrozenSet", "ToImmutableSortedDictionary", "ToImmutableSortedSet", "ContainsKey", "ContainsValue", "TryGetValue",
    ];

    private const string GlobalUsings =
        "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Threading; global using System.Threading.Tasks;";

    /// <summary>The places in some files, as a reader clicks them.</summary>
    public static IEnumerable<string> In(IEnumerable<SourceFile> files)
    {
        var all = files.ToArray();
        var compilation = CSharpCompilation.Create(
            "Conventions", [.. all.Select(file => file.Tree.SyntaxTree), CSharpSyntaxTree.ParseText(GlobalUsings, new CSharpParseOptions(LanguageVersion.Preview))],
            ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
                .Where(path => !Path.GetFileName(path).StartsWith("Tallystick", StringComparison.Ordinal)).Select(path => MetadataReference.CreateFromFile(path)));
        foreach (var file in all)
        {
            var model = compilation.GetSemanticModel(file.Tree.SyntaxTree);
            foreach (var use in Uses(file).Where(use => IsHashTable(model.GetTypeInfo(use).Type) && !IsHarmless(use)).Concat(HandedOn(file, model)))
                yield return $"{file.At(use)} {use.Parent!.ToString().Split('\n')[0].Trim()}";
        }
    }

    /// <summary>Whatever is enumerated: by foreach, by a spread, or by a method of LINQ.</summary>
    private static IEnumerable<ExpressionSyntax> Uses(SourceFile file) =>
        file.All<CommonForEachStatementSyntax>().Select(loop => loop.Expression)
            .Concat(file.All<SpreadElementSyntax>().Select(spread => spread.Expression))
            .Concat(file.All<FromClauseSyntax>().Select(from => from.Expression))
            .Concat(file.All<InvocationExpressionSyntax>().Select(call => call.Expression).OfType<MemberAccessExpressionSyntax>()
                .Where(access => char.IsUpper(access.Name.Identifier.ValueText[0]) && typeof(Enumerable).GetMethods().Any(method => method.Name == access.Name.Identifier.ValueText))
                .Select(access => access.Expression));

    /// <summary>Given to somebody who sees only a sequence: <c>string.Join</c>, <c>AddRange</c>, the constructor of a list.</summary>
    private static IEnumerable<ExpressionSyntax> HandedOn(SourceFile file, SemanticModel model) =>
        from argument in file.All<ArgumentSyntax>()
        let type = model.GetTypeInfo(argument.Expression)
        where IsHashTable(type.Type) && type.ConvertedType is INamedTypeSymbol { Name: "IEnumerable" }
        select argument.Expression;

    /// <summary>Follows the chain of calls to the first that makes the order irrelevant.</summary>
    private static bool IsHarmless(ExpressionSyntax use)
    {
        SyntaxNode node = use;
        while (node.Parent is MemberAccessExpressionSyntax { Parent: InvocationExpressionSyntax call } access && access.Expression == node)
        {
            if (Harmless.Contains(access.Name.Identifier.ValueText))
                return true;
            node = call;
        }

        return false;
    }

    private static bool IsHashTable(ITypeSymbol? type) => type is INamedTypeSymbol named
        && named.ContainingNamespace.ToString()!.StartsWith("System.Collections", StringComparison.Ordinal)
        && (HashTables.Contains(named.Name) || (named.Name is "KeyCollection" or "ValueCollection" && HashTables.Contains(named.ContainingType?.Name)));
}
