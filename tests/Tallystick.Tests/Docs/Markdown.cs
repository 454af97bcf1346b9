using System.Text.RegularExpressions;

namespace Tallystick.Tests.Docs;

/// <summary>A block of C# in a document.</summary>
/// <param name="Line">The line of its first line of code, from 1.</param>
/// <param name="Code">The code.</param>
/// <param name="Given">
/// The parameters that its statements are given, from a comment before it: <c>&lt;!-- snippet: given Tenant tenant --&gt;</c>.
/// </param>
/// <param name="Continues">Whether its statements follow those of the block before: <c>&lt;!-- snippet: continues --&gt;</c>.</param>
internal sealed record Snippet(int Line, string Code, string Given, bool Continues);

/// <summary>A document's blocks of C#, and what is wrong with how they are marked.</summary>
internal sealed partial record Markdown(string Path, IReadOnlyList<Snippet> Snippets, IReadOnlyList<string> Problems)
{
    private static readonly string[] OtherNames = ["cs", "c#", "C#", "CSharp", "Csharp"];

    public static Markdown Parse(string path, string text)
    {
        List<Snippet> snippets = [];
        List<string> problems = [];
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (Fence().Match(lines[i]) is not { Success: true } open)
                continue;
            var (start, indent) = (i + 1, open.Groups["indent"].Length);
            while (++i < lines.Length && lines[i].Trim() != open.Groups["fence"].Value)
            {
            }

            var info = open.Groups["info"].Value.Trim();
            var at = $"{path}:{start}";
            if (i == lines.Length)
                problems.Add($"{at} the block isn't closed.");
            if (OtherNames.Contains(info.Split(' ')[0]))
                problems.Add($"{at} write ```csharp, not ```{info}: only those are compiled.");
            var comment = CommentBefore(lines, start - 2);
            if (info == "csharp")
                snippets.Add(Make(comment, start + 1, [.. lines[start..i].Select(line => line[Math.Min(indent, line.Length - line.TrimStart().Length)..])], at, problems));
            else if (info == "csharp no-compile" && Reason().Match(comment) is not { Success: true })
                problems.Add($"{at} a block that isn't compiled needs a reason before it: <!-- no-compile: why -->.");
            else if (info.StartsWith("csharp", StringComparison.Ordinal) && info != "csharp no-compile")
                problems.Add($"{at} '{info}' is unknown: write ```csharp or ```csharp no-compile.");
        }

        return new Markdown(path, snippets, problems);
    }

    private static Snippet Make(string comment, int line, string[] code, string at, List<string> problems)
    {
        var (given, continues) = ("", false);
        if (Directive().Match(comment) is { Success: true } directive)
        {
            var text = directive.Groups["text"].Value;
            if (text.StartsWith("given ", StringComparison.Ordinal))
                given = text["given ".Length..];
            else if (text == "continues")
                continues = true;
            else
                problems.Add($"{at} the comment says '{text}': write <!-- snippet: given TYPE NAME, ... --> or <!-- snippet: continues -->.");
        }

        return new Snippet(line, string.Join('\n', code), given, continues);
    }

    private static string CommentBefore(string[] lines, int index)
    {
        while (index >= 0 && string.IsNullOrWhiteSpace(lines[index]))
            index--;
        return index >= 0 ? lines[index].Trim() : "";
    }

    [GeneratedRegex(@"^(?<indent> *)(?<fence>```+)(?<info>[^`]*)$")]
    private static partial Regex Fence();

    [GeneratedRegex(@"^<!-- snippet: (?<text>.+?) -->$")]
    private static partial Regex Directive();

    [GeneratedRegex(@"^<!-- no-compile: \S.{7,} -->$")]
    private static partial Regex Reason();
}
