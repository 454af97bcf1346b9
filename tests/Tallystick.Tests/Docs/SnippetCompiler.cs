using System.Globalization;
using System.Reflection;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Tallystick.Tests.Docs;

// The blocks of a document are one program, in the setting of a new ASP.NET Core project (its implicit usings). Types that a block
// declares are seen by all blocks, as are its usings. Statements become the body of an asynchronous method of their own, so that two
// blocks may use one name; a comment before the block gives them parameters or appends them to the block before. #line directives make
// the compiler report the document's lines.

/// <summary>Compiles the C# of a document against everything that the tests run with.</summary>
internal static class SnippetCompiler
{
    private static readonly string[] ImplicitUsings =
    [
        "System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Net.Http.Json", "System.Threading",
        "System.Threading.Tasks", "Microsoft.AspNetCore.Builder", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Http",
        "Microsoft.AspNetCore.Routing", "Microsoft.Extensions.Configuration", "Microsoft.Extensions.DependencyInjection",
        "Microsoft.Extensions.Hosting", "Microsoft.Extensions.Logging",
    ];

    private static readonly CSharpParseOptions Parsing = new(LanguageVersion.Preview);

    private static readonly Lazy<MetadataReference[]> References = new(() =>
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path))]);

    /// <summary>What is wrong with a document's blocks, each with the document's line; empty if nothing is.</summary>
    public static IReadOnlyList<string> Check(Markdown document) =>
        [.. Compile(document).GetDiagnostics()
            .Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)
            .Select(Report).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>A document's blocks as a program that can be run.</summary>
    public static Assembly Load(Markdown document)
    {
        using var bytes = new MemoryStream();
        var result = Compile(document).Emit(bytes);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).Select(Report)));
        return Assembly.Load(bytes.ToArray());
    }

    private static CSharpCompilation Compile(Markdown document)
    {
        var usings = new SortedSet<string>(ImplicitUsings.Select(name => $"global using {name};"), StringComparer.Ordinal);
        var bodies = new StringBuilder("internal static class Snippets\n{\n");
        List<SyntaxTree> trees = [];
        var open = false;
        for (var i = 0; i < document.Snippets.Count; i++)
        {
            var snippet = document.Snippets[i];
            var root = (CompilationUnitSyntax)CSharpSyntaxTree.ParseText(snippet.Code, Parsing).GetRoot();
            usings.UnionWith(root.Usings.Select(one => "global " + one.WithoutTrivia().WithGlobalKeyword(default).NormalizeWhitespace().ToString()));
            var types = root.Members.Where(member => member is not GlobalStatementSyntax).ToArray();
            var statements = root.Members.OfType<GlobalStatementSyntax>().ToArray();
            trees.Add(Tree(string.Concat(types.Select(type => Located(document, snippet, type)))));
            if (types.Length == 0 && statements.Length == 0)
                trees.Add(Tree(Located(document, snippet, root)));
            if (statements.Length == 0)
                continue;
            if (!(snippet.Continues && open))
            {
                bodies.Append(open ? "}\n" : "").Append(CultureInfo.InvariantCulture, $"internal static async System.Threading.Tasks.Task Block{i + 1}(");
                bodies.Append(snippet.Given.Length == 0 ? "string[] args" : snippet.Given).Append(")\n{\n");
                open = true;
            }

            bodies.AppendJoin('\n', statements.Select(statement => Located(document, snippet, statement))).Append("\n#line hidden\n");
        }

        bodies.Append(open ? "await System.Threading.Tasks.Task.CompletedTask;\n}\n}" : "}");
        trees.AddRange([Tree(string.Join('\n', usings)), Tree(bodies.ToString())]);
        var options = new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable);
        return CSharpCompilation.Create("Snippets", trees, References.Value, options);
    }

    private static string Located(Markdown document, Snippet snippet, SyntaxNode node)
    {
        var line = snippet.Line + node.SyntaxTree.GetLineSpan(node.FullSpan).StartLinePosition.Line;
        return string.Create(CultureInfo.InvariantCulture, $"#line {line} \"{document.Path}\"\n{node.ToFullString()}\n");
    }

    private static string Report(Diagnostic diagnostic)
    {
        var at = diagnostic.Location.GetMappedLineSpan();
        var place = at.HasMappedPath ? $"{at.Path}:{at.StartLinePosition.Line + 1}" : "(a using, or between the blocks)";
        return $"{place} {diagnostic.Id} {diagnostic.GetMessage(CultureInfo.InvariantCulture)}";
    }

    private static SyntaxTree Tree(string text) => CSharpSyntaxTree.ParseText(text, Parsing);
}
