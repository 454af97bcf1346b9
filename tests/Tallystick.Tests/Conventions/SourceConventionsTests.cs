using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Tallystick.Tests.Conventions;

/// <summary>What holds for the source texts, where reflection can't see it.</summary>
public sealed partial class SourceConventionsTests
{
    private const int FileLinesMax = 400;
    private const int MethodLinesMax = 60;

    /// <summary>What would take work off the scheduler on which it was started, or wait by another clock than the injected one.</summary>
    private static readonly string[] BannedInCore =
    [
        "Task.Run", "Task.Factory", "Thread.Sleep", "Parallel.", "ThreadPool.", "new Thread", "new Timer", "new PeriodicTimer", ".ConfigureAwait",
        ".CancelAfter", ".CancelAsync", "TaskScheduler.", "SynchronizationContext.", "new SemaphoreSlim", "new BlockingCollection", "new Barrier", "new ManualResetEventSlim",
    ];

    private static readonly string[] BannedEverywhere =
    [
        "DateTime.Now", "DateTime.UtcNow", "DateTime.Today", "DateTimeOffset.Now", "DateTimeOffset.UtcNow", "Environment.TickCount", "Stopwatch.",
        "new Stopwatch", "Guid.NewGuid", "Guid.CreateVersion7", "Random.", "new Random", "Console.",
    ];

    /// <summary>Where the one randomness comes from that all others are given.</summary>
    private const string HomeOfRandomness = "src/Tallystick/Events/Entropy.cs";

    [Fact]
    public void The_core_has_no_thread_timer_or_scheduler_of_its_own() =>
        Offences.None("Everything in src/Tallystick must run under a single-threaded simulation:", Repository.CoreCode.SelectMany(file => Uses(file, BannedInCore)));

    [Fact]
    public void Libraries_know_no_wall_clock_and_no_randomness_of_their_own() => Offences.None(
        "Inject a TimeProvider, an IdGenerator, an Entropy:",
        Repository.LibraryCode.SelectMany(file => Uses(file, BannedEverywhere))
            .Concat(Repository.LibraryCode.Where(file => file.Path != HomeOfRandomness).SelectMany(file => Uses(file, ["RandomNumberGenerator."]))));

    [Fact]
    public void Every_wait_for_a_time_names_its_clock() => Offences.None(
        "Pass the TimeProvider:", Repository.LibraryCode.SelectMany(file => WaitsWithoutClock(file)));

    [Theory]
    [InlineData("class C { void M() => Task.Run(() => { }); }", 1)]
    [InlineData("class C { async Task M() => await System.Threading.Tasks.Task.Run(() => { }); }", 1)]
    [InlineData("class C { async Task M(Task t) => await t.ConfigureAwait(false); }", 1)]
    [InlineData("class C { object M() => new System.Threading.Timer(null); }", 1)]
    [InlineData("class C { /* Task.Run */ string M() => \"Task.Run\"; Timer timer; }", 0)]
    public void A_banned_use_is_found_in_code_alone(string code, int expected) =>
        Assert.Equal(expected, Uses(SourceFile.OfText("x.cs", code), BannedInCore).Count());

    [Theory]
    [InlineData("Task.Delay(delay, token)", 1)]
    [InlineData("Task.Delay(delay, _time, token)", 0)]
    [InlineData("Task.Delay(delay, Options.Time)", 0)]
    [InlineData("new CancellationTokenSource(delay)", 1)]
    [InlineData("new CancellationTokenSource(delay, time)", 0)]
    [InlineData("new CancellationTokenSource()", 0)]
    public void A_wait_without_a_clock_is_found(string expression, int expected) =>
        Assert.Equal(expected, WaitsWithoutClock(SourceFile.OfText("x.cs", $"class C {{ object M() => {expression}; }}")).Count());

    [Fact]
    public void A_namespace_is_its_folder() => Offences.None(
        "A folder is a feature and a namespace:",
        from file in Repository.LibraryCode
        from declared in file.All<BaseNamespaceDeclarationSyntax>()
        let name = declared.Name.ToString()
        where name != Path.GetDirectoryName(file.Path)!.Replace('\\', '/')["src/".Length..].Replace('/', '.')
        // Extensions of somebody else's type live where a reader finds them.
        where !(file.Path.EndsWith("Extensions.cs", StringComparison.Ordinal) && name.StartsWith("Microsoft.", StringComparison.Ordinal))
        select $"{file.At(declared)} {name}");

    [Fact]
    public void No_folder_is_named_for_nothing()
    {
        string[] names = ["Common", "Utils", "Helpers", "Managers", "Models", "Services"];
        Offences.None(
            "Name the folder for its feature:",
            Repository.Folders().Where(folder => folder.Split('/').Any(part => names.Contains(part, StringComparer.OrdinalIgnoreCase))));
    }

    [Fact]
    public void A_source_file_has_at_most_400_lines() => Offences.None(
        $"Over {FileLinesMax} lines: it is two ideas, part them:",
        from file in Repository.Code
        let lines = file.Text.AsSpan().Count('\n')
        where lines > FileLinesMax
        select $"{file.Path} has {lines}");

    [Fact]
    public void A_method_has_at_most_60_lines() => Offences.None(
        $"Over {MethodLinesMax} lines: it is two ideas, part them:",
        from file in Repository.Code
        from body in file.Tree.DescendantNodes().Where(node => node is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AccessorDeclarationSyntax)
        let span = body.GetLocation().GetLineSpan()
        let lines = span.EndLinePosition.Line - span.StartLinePosition.Line + 1
        where lines > MethodLinesMax
        select $"{file.At(body)} has {lines}");

    [Fact]
    public void Event_ids_of_log_messages_are_unique_over_all_libraries()
    {
        var ids = (from file in Repository.LibraryCode
                   from attribute in file.All<AttributeSyntax>()
                   where attribute.Name.ToString() is "LoggerMessage" or "LoggerMessageAttribute"
                   let argument = attribute.ArgumentList?.Arguments.FirstOrDefault(a => a.NameEquals?.Name.ToString() == "EventId" || a.NameEquals is null)
                   select (Id: argument?.Expression.ToString() ?? "none", At: file.At(attribute))).ToArray();
        Assert.NotEmpty(ids);
        Offences.None("An event id must be a number:", ids.Where(id => !int.TryParse(id.Id, out _)).Select(id => $"{id.At} {id.Id}"));
        Offences.None(
            "Two log messages have one event id:",
            ids.GroupBy(id => id.Id).Where(group => group.Count() > 1).Select(group => $"{group.Key}: {string.Join(", ", group.Select(id => id.At))}"));
    }

    [Fact]
    public void A_suppressed_rule_carries_its_reason() => Offences.None(
        "Say why in a comment on the line, or as the Justification:",
        Repository.LibraryCode.SelectMany(Suppressions));

    private static IEnumerable<string> Suppressions(SourceFile file)
    {
        foreach (var directive in file.Tree.DescendantTrivia().Where(trivia => trivia.IsKind(SyntaxKind.PragmaWarningDirectiveTrivia)))
        {
            var pragma = (PragmaWarningDirectiveTriviaSyntax)directive.GetStructure()!;
            if (pragma.DisableOrRestoreKeyword.IsKind(SyntaxKind.DisableKeyword) && !pragma.ToFullString().Contains("//", StringComparison.Ordinal))
                yield return $"{file.At(pragma)} {pragma}";
        }

        foreach (var attribute in file.All<AttributeSyntax>().Where(a => a.Name.ToString().EndsWith("SuppressMessage", StringComparison.Ordinal)))
        {
            if (!attribute.ToString().Contains("Justification", StringComparison.Ordinal))
                yield return $"{file.At(attribute)} {attribute}";
        }
    }

    /// <summary>The uses of banned members; a ban that ends in a dot is of a whole type. Comments and texts don't count.</summary>
    private static IEnumerable<string> Uses(SourceFile file, string[] banned) =>
        from node in file.Tree.DescendantNodes()
        let use = node switch
        {
            MemberAccessExpressionSyntax access => Qualifier().Replace(access.ToString(), ""),
            BaseObjectCreationExpressionSyntax creation => creation is ObjectCreationExpressionSyntax named ? $"new {Qualifier().Replace(named.Type.ToString(), "")}" : "",
            _ => "",
        }
        let found = Array.Find(banned, ban => ban switch
        {
            ['.', ..] => use.EndsWith(ban, StringComparison.Ordinal),
            [.., '.'] => use.StartsWith(ban, StringComparison.Ordinal),
            _ => use == ban || use.StartsWith(ban + ".", StringComparison.Ordinal),
        })
        where found is not null
        select $"{file.At(node)} {found}";

    private static IEnumerable<string> WaitsWithoutClock(SourceFile file)
    {
        foreach (var call in file.All<InvocationExpressionSyntax>())
        {
            if (Qualifier().Replace(call.Expression.ToString(), "") == "Task.Delay" && !NamesClock(call.ArgumentList))
                yield return $"{file.At(call)} {call}";
        }

        foreach (var creation in file.All<ObjectCreationExpressionSyntax>())
        {
            if (creation is { ArgumentList.Arguments.Count: > 0 } && creation.Type.ToString() == "CancellationTokenSource" && !NamesClock(creation.ArgumentList))
                yield return $"{file.At(creation)} {creation}";
        }
    }

    private static bool NamesClock(ArgumentListSyntax arguments) =>
        arguments.Arguments.Skip(1).Any(argument => argument.ToString().EndsWith("time", StringComparison.OrdinalIgnoreCase));

    [GeneratedRegex(@"^(global::)?System\.([A-Z]\w*\.)*(?=[A-Z]\w*(\.|$))(?=(Task|Thread|Timer|PeriodicTimer|Parallel|ThreadPool|DateTime|DateTimeOffset|Environment|Stopwatch|Guid|Random|Console|RandomNumberGenerator)\b)")]
    private static partial Regex Qualifier();
}
