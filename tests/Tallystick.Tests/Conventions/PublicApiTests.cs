namespace Tallystick.Tests.Conventions;

/// <summary>
/// What users compile against only changes on purpose: each library's public surface is compared with a text that was approved.
/// <c>TALLYSTICK_APPROVE=1</c> accepts what there is now; the change then shows in the commit.
/// </summary>
public sealed class PublicApiTests
{
    private const string Variable = "TALLYSTICK_APPROVE";
    private const string Folder = "tests/Tallystick.Tests/Conventions/Approved";
    private const int DifferencesShownMax = 60;

    private static bool Approves => Environment.GetEnvironmentVariable(Variable) == "1";

    public static TheoryData<string> Libraries => [.. Repository.LibraryProjects.Select(project => project.Name)];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void The_public_surface_is_the_approved_one(string library)
    {
        var path = Path.Combine(Repository.Root, Folder, library + ".txt");
        var actual = PublicApi.Of(Repository.Libraries.Single(assembly => assembly.GetName().Name == library));
        if (Approves)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
        }

        var approved = File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : "";
        Assert.True(approved == actual, Difference(library, approved, actual));
    }

    [Fact]
    public void No_approved_text_is_left_of_a_library_that_is_gone()
    {
        var names = Repository.LibraryProjects.Select(project => project.Name).ToHashSet();
        Offences.None("Delete it:", Repository.Files(".txt")
            .Where(path => path.StartsWith(Folder, StringComparison.Ordinal) && !names.Contains(Path.GetFileNameWithoutExtension(path))));
    }

    [Fact]
    public void A_difference_shows_what_was_added_and_removed_and_the_command_that_accepts_it()
    {
        var message = Difference("Lib", "namespace A\n\n    class C\n        int Gone()\n", "namespace A\n\n    class C\n        int New()\n");
        Assert.Contains("- class C: int Gone()", message, StringComparison.Ordinal);
        Assert.Contains("+ class C: int New()", message, StringComparison.Ordinal);
        Assert.Contains("TALLYSTICK_APPROVE=1", message, StringComparison.Ordinal);
        Assert.DoesNotContain("namespace A:", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_type_is_listed_as_it_is_written()
    {
        Assert.Equal(
            """
                abstract record class PublicApiTests.Sample<T> : IDisposable where T : notnull
                    T? Optional { get; init; }
                    abstract string? this[ReadOnlyMemory<byte> key] { get; }
                    const long Max = 10
                    int Count { get; init; }
                    protected .ctor(T? Optional, int Count = 3, string Text = "x")
                    protected static Task<List<string?>> FindAsync<TKey>(ref int at, out TKey found, params string[] names) where TKey : struct
                    required IReadOnlyDictionary<string, T?> Values { get; init; }
                    string Text { get; init; }
                    virtual (int, string) Pair()
                    void Dispose()

            """.ReplaceLineEndings("\n"),
            PublicApi.OfType(typeof(Sample<>)));
    }

    private static string Difference(string library, string approved, string actual)
    {
        var (before, after) = (Lines(approved), Lines(actual));
        var changes = before.Except(after).Select(line => $"- {line}").Concat(after.Except(before).Select(line => $"+ {line}")).ToArray();
        var more = changes.Length > DifferencesShownMax ? $"\n... and {changes.Length - DifferencesShownMax} more" : "";
        return $"""
            The public surface of {library} isn't the approved one ({Folder}/{library}.txt):
            {string.Join('\n', changes.Take(DifferencesShownMax))}{more}
            If that is meant, accept it and commit the file:
              {Variable}=1 tests/Tallystick.Tests/bin/Release/net10.0/Tallystick.Tests -class '*PublicApiTests'
            """;
    }

    /// <summary>Each member with its type, so that a line says by itself where it belongs.</summary>
    private static List<string> Lines(string api)
    {
        List<string> lines = [];
        var type = "";
        foreach (var line in api.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var text = line.Trim();
            if (line.StartsWith("        ", StringComparison.Ordinal))
                lines.Add($"{type.Split(" : ")[0]}: {text}");
            else
                lines.Add(type = text);
        }

        return lines;
    }

    public abstract record Sample<T>(T? Optional, int Count = 3, string Text = "x") : IDisposable
        where T : notnull
    {
        public const long Max = 10;

        public required IReadOnlyDictionary<string, T?> Values { get; init; }

        public abstract string? this[ReadOnlyMemory<byte> key] { get; }

        public void Dispose() => GC.SuppressFinalize(this);

        public virtual (int, string) Pair() => (Count, Text);

        protected static Task<List<string?>> FindAsync<TKey>(ref int at, out TKey found, params string[] names)
            where TKey : struct
        {
            found = default;
            return Task.FromResult<List<string?>>([]);
        }
    }
}
