using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Tallystick.Tests.Conventions;

/// <summary>What holds for projects, their dependencies, and all texts of the repository.</summary>
public sealed partial class ProjectConventionsTests
{
    private const string Core = "Tallystick";

    private static readonly string[] Texts =
        [".cs", ".csproj", ".props", ".targets", ".slnx", ".md", ".json", ".yml", ".yaml", ".ts", ".tsx", ".css", ".html", ".txt", ".sh", ".sql", ".http", ""];

    [Fact]
    public void The_core_depends_on_the_base_library_and_abstractions_alone()
    {
        var core = Repository.LibraryProjects.Single(project => project.Name == Core);
        Assert.Empty(core.Projects);
        Offences.None("Not an abstraction:", core.Packages.Where(package => !IsAbstraction(package)));
        Offences.None(
            "Not an abstraction:",
            Repository.Libraries.Single(assembly => assembly.GetName().Name == Core).GetReferencedAssemblies()
                .Select(reference => reference.Name!)
                .Where(name => !name.StartsWith("System.", StringComparison.Ordinal) && !IsAbstraction(name)));
    }

    [Fact]
    public void Libraries_depend_on_the_core_and_never_on_each_other() => Offences.None(
        "Providers never see each other:",
        from project in Repository.LibraryProjects
        from reference in project.Projects
        where reference != Core
        select $"{project.Name} references {reference}");

    [Fact]
    public void Every_library_is_one_of_those_that_are_tested() =>
        Assert.Equal(Repository.LibraryProjects.Select(project => project.Name), Repository.Libraries.Select(assembly => assembly.GetName().Name!));

    [Fact]
    public void Internals_are_visible_to_tests_alone()
    {
        var tests = Repository.Files(".csproj").Where(path => path.StartsWith("tests/", StringComparison.Ordinal)).Select(path => Path.GetFileNameWithoutExtension(path)).ToHashSet();
        var named = Repository.Files(".csproj", ".props", ".targets")
            .SelectMany(path => XElement.Parse(Repository.Read(path)).Descendants("InternalsVisibleTo").Select(element => (path, Name: element.Attribute("Include")!.Value)))
            .ToArray();
        Assert.NotEmpty(named);
        Offences.None("Samples and benchmarks use public API alone:", named.Where(pair => !tests.Contains(pair.Name)).Select(pair => $"{pair.path}: {pair.Name}"));
        Offences.None(
            "Grant it in Directory.Build.props:",
            Repository.LibraryCode.Where(file => file.Text.Contains("assembly: InternalsVisibleTo", StringComparison.Ordinal)).Select(file => file.Path));
    }

    [Fact]
    public void The_compiler_demands_that_all_that_is_public_is_documented()
    {
        var props = XElement.Parse(Repository.Read("Directory.Build.props"));
        Assert.Equal("true", props.Descendants("GenerateDocumentationFile").Single().Value);
        Assert.Equal("true", props.Descendants("TreatWarningsAsErrors").Single().Value);
        var quiet = props.Descendants("NoWarn").Where(element => element.Value.Contains("1591", StringComparison.Ordinal)).ToArray();
        Assert.All(quiet, element => Assert.Contains("'$(IsLibrary)' != 'true'", element.Parent!.Attribute("Condition")?.Value, StringComparison.Ordinal));
        Offences.None(
            "Write the summary instead:",
            Repository.Files(".cs", ".csproj", ".props", ".editorconfig", ".globalconfig")
                .Where(path => path.StartsWith("src/", StringComparison.Ordinal) || path == ".editorconfig")
                .Where(path => UndocumentedAllowed().IsMatch(Repository.Read(path))));
        Offences.None(
            "No documentation was made beside:",
            Repository.Libraries.Select(assembly => Path.ChangeExtension(assembly.Location, ".xml")).Where(path => !File.Exists(path)));
    }

    [Fact]
    public void No_text_names_a_path_or_a_package_host_of_one_machine() => Offences.None(
        "Only what holds on every machine belongs into the repository:",
        from path in Repository.Files(Texts)
        from finding in Machines(path, Repository.Read(path))
        select finding);

    [Theory]
    [InlineData("see ~work/main for it", "", 1)]
    [InlineData("~tmp/wt/x", "", 1)]
    [InlineData("~home/ann/src", "", 1)]
    [InlineData("https:~/registry.npmjs.org/preact", "", 1)]
    [InlineData("https:~/api.nuget.org/v3/index.json", "", 1)]
    [InlineData("https:~/www.nuget.org/packages/Tallystick", "", 0)]
    [InlineData("framework/home/x", "a/work/b", 0)]
    public void A_machine_is_found_in_a_text(string text, string more, int expected) =>
        Assert.Equal(expected, Machines("x.md", (text + "\n" + more).Replace('~', '/')).Count());

    private static bool IsAbstraction(string name) =>
        name == "Polly.Core" || (name.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal)
            && (name.EndsWith(".Abstractions", StringComparison.Ordinal) || name.EndsWith(".Options", StringComparison.Ordinal)));

    private static IEnumerable<string> Machines(string path, string text) =>
        MachinePath().Matches(text).Concat(PackageHost().Matches(text))
            .Select(match => $"{path}:{text.AsSpan(0, match.Index).Count('\n') + 1} {match.Value}");

    // Written in pieces, or these tests would find themselves.
    [GeneratedRegex("""(?<![\w.\-/*$})])/(wo[r]k|tmp/w[t]|ho[m]e|Us[e]rs|ro[o]t)/""")]
    private static partial Regex MachinePath();

    [GeneratedRegex("""https?://[\w.\-]*(regist[r]y|api\.nu[g]et|artifact[o]ry|pypi\.o[r]g|static\.crat[e]s|goprox[y]|/simpl[e]/)[\w.\-]*""")]
    private static partial Regex PackageHost();

    [GeneratedRegex("""(NoWarn.*1591|pragma warning disable.*1591|CS1591\.severity)""")]
    private static partial Regex UndocumentedAllowed();
}
