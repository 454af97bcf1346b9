using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Tallystick.SimulationTests.Mutants;

/// <summary>Compiles a library from its source with a mutant's changes, in memory.</summary>
internal static class MutantCompiler
{
    private static readonly CSharpParseOptions ParseOptions = new(LanguageVersion.Preview);
    private static readonly Lazy<string> LazyRoot = new(FindRoot);
    private static readonly Dictionary<string, ImmutableArray<(string Path, SyntaxTree Tree)>> Sources = [];
    private static readonly Lock SourcesLock = new();

    public static byte[] Compile(Mutant mutant)
    {
        var folder = Path.Combine(LazyRoot.Value, "src");
        var trees = SourcesOf(mutant.Project).ToDictionary(source => source.Path, source => source.Tree, StringComparer.Ordinal);
        foreach (var edit in mutant.Edits)
        {
            var text = trees[edit.File].ToString();
            var at = text.IndexOf(edit.Original, StringComparison.Ordinal);
            Assert.True(
                at >= 0 && text.IndexOf(edit.Original, at + 1, StringComparison.Ordinal) < 0,
                $"'{mutant.Name}' wants to change this in {edit.File}, but it isn't there exactly once. The source has moved on; bring the mutant up to date:\n{edit.Original}");
            trees[edit.File] = Parse(text.Replace(edit.Original, edit.Replacement, StringComparison.Ordinal), Path.Combine(folder, edit.File));
        }

        var compilation = CSharpCompilation.Create(
            mutant.Project, trees.Values, References(mutant.Project),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary)
                .WithOptimizationLevel(OptimizationLevel.Release).WithOverflowChecks(true).WithNullableContextOptions(NullableContextOptions.Enable));
        using var bytes = new MemoryStream();
        var result = compilation.Emit(bytes);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).Take(10)));
        return bytes.ToArray();
    }

    /// <summary>The library's files, what the build has generated for it, and its global usings.</summary>
    private static ImmutableArray<(string Path, SyntaxTree Tree)> SourcesOf(string project)
    {
        lock (SourcesLock)
        {
            if (Sources.TryGetValue(project, out var known))
                return known;
            var src = Path.Combine(LazyRoot.Value, "src");
            var folder = Path.Combine(src, project);
            var build = Path.Combine(folder, "obj", "Release", "net10.0");
            var files = Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
                .Where(file => !Path.GetRelativePath(folder, file).StartsWith("obj", StringComparison.Ordinal) && !Path.GetRelativePath(folder, file).StartsWith("bin", StringComparison.Ordinal))
                .Concat(Directory.EnumerateFiles(build, "*.cs").Where(file => Path.GetFileName(file).StartsWith(project + ".", StringComparison.Ordinal)))
                .Concat(Directory.EnumerateFiles(Path.Combine(build, "generated"), "*.cs", SearchOption.AllDirectories));
            known = [.. files.Select(file => (Path.GetRelativePath(src, file).Replace('\\', '/'), Parse(File.ReadAllText(file), file)))];
            Sources.Add(project, known);
            return known;
        }
    }

    private static SyntaxTree Parse(string text, string path) => CSharpSyntaxTree.ParseText(text, ParseOptions, path, System.Text.Encoding.UTF8);

    private static IEnumerable<MetadataReference> References(string project) =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileNameWithoutExtension(path) != project)
            .Select(path => MetadataReference.CreateFromFile(path));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Tallystick.slnx")))
            folder = folder.Parent ?? throw new InvalidOperationException("The tests must run inside the repository that they were built from.");
        return folder.FullName;
    }
}
