using System.Reflection;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Tallystick.Tests.Conventions;

/// <summary>The repository that the tests were built from: its source texts, projects and libraries.</summary>
internal static class Repository
{
    private static readonly HashSet<string> NotSource = ["bin", "obj", ".git", ".vs", ".idea", "node_modules", "data", "TestResults", "wwwroot", "dist"];

    private static readonly Lazy<string> LazyRoot = new(FindRoot);
    private static readonly Lazy<SourceFile[]> LazyCode = new(() => [.. Files(".cs").Select(SourceFile.Parse)]);

    public static string Root => LazyRoot.Value;

    /// <summary>All C# files.</summary>
    public static IEnumerable<SourceFile> Code => LazyCode.Value;

    /// <summary>The C# files of the libraries.</summary>
    public static IEnumerable<SourceFile> LibraryCode => Code.Where(file => file.Path.StartsWith("src/", StringComparison.Ordinal));

    /// <summary>The C# files of the library that everything else depends on.</summary>
    public static IEnumerable<SourceFile> CoreCode => Code.Where(file => file.Path.StartsWith("src/Tallystick/", StringComparison.Ordinal));

    /// <summary>The projects below src that others reference, by path.</summary>
    public static IEnumerable<ProjectFile> LibraryProjects =>
        Files(".csproj").Where(path => path.StartsWith("src/", StringComparison.Ordinal)).Select(ProjectFile.Read).Where(project => !project.IsExecutable);

    /// <summary>The libraries' assemblies; they lie beside the test's, which references all of them.</summary>
    public static IEnumerable<Assembly> Libraries => LibraryProjects.Select(project => Assembly.Load(project.Name));

    /// <summary>The types that the libraries' authors wrote, without those that the compiler made.</summary>
    public static IEnumerable<Type> LibraryTypes => Libraries.SelectMany(assembly => assembly.GetTypes()).Where(IsWritten);

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>The paths, from the root and with slashes, of files that belong to the repository.</summary>
    public static IEnumerable<string> Files(params string[] extensions) =>
        Walk(new DirectoryInfo(Root))
            .Where(file => extensions.Length == 0 || extensions.Contains(file.Extension, StringComparer.Ordinal))
            .Select(file => Path.GetRelativePath(Root, file.FullName).Replace('\\', '/'))
            .Order(StringComparer.Ordinal);

    public static IEnumerable<string> Folders() => Files().Select(file => Path.GetDirectoryName(file)!.Replace('\\', '/')).Distinct();

    private static IEnumerable<FileInfo> Walk(DirectoryInfo folder) =>
        folder.EnumerateFiles().Concat(folder.EnumerateDirectories().Where(sub => !NotSource.Contains(sub.Name)).SelectMany(Walk));

    private static bool IsWritten(Type type)
    {
        for (var t = type; t is not null; t = t.DeclaringType)
        {
            if (t.Name.Contains('<', StringComparison.Ordinal) || t.IsDefined(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute), false))
                return false;
        }

        return type.Namespace is { } name && !name.StartsWith("System.", StringComparison.Ordinal) && !name.StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal);
    }

    private static string FindRoot()
    {
        for (var above = new DirectoryInfo(AppContext.BaseDirectory); above is not null; above = above.Parent)
        {
            if (File.Exists(Path.Combine(above.FullName, "Tallystick.slnx")))
                return above.FullName;
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} has Tallystick.slnx; the conventions are checked where the source is.");
    }
}

/// <summary>A C# file, parsed.</summary>
internal sealed record SourceFile(string Path, string Text, SyntaxNode Tree)
{
    public static SourceFile Parse(string path) => OfText(path, Repository.Read(path));

    public static SourceFile OfText(string path, string text) => new(
        path, text, CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(LanguageVersion.Preview), path).GetRoot());

    public IEnumerable<TNode> All<TNode>()
        where TNode : SyntaxNode => Tree.DescendantNodes().OfType<TNode>();

    /// <summary>Where a node is, as a reader clicks it.</summary>
    public string At(SyntaxNode node) => $"{Path}:{node.GetLocation().GetLineSpan().StartLinePosition.Line + 1}";
}

/// <summary>A project file.</summary>
internal sealed record ProjectFile(string Path, XElement Xml)
{
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    public bool IsExecutable => Xml.Descendants("OutputType").Any(type => type.Value == "Exe");

    /// <summary>The names of the projects that it references.</summary>
    public IEnumerable<string> Projects =>
        Xml.Descendants("ProjectReference").Select(reference => System.IO.Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));

    public IEnumerable<string> Packages => Xml.Descendants("PackageReference").Select(reference => reference.Attribute("Include")!.Value);

    public static ProjectFile Read(string path) => new(path, XElement.Parse(Repository.Read(path)));
}

/// <summary>Collects what breaks a convention, so that one run shows all of it.</summary>
internal static class Offences
{
    public static void None(string rule, IEnumerable<string> found)
    {
        var all = found.ToArray();
        Assert.True(all.Length == 0, $"{rule}\n  {string.Join("\n  ", all)}");
    }
}
