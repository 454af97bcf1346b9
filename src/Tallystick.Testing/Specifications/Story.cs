using System.Collections.Immutable;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Specifications;

/// <summary>What a specification has said so far, as C# that can be pasted; and the failures that it ends in.</summary>
/// <param name="Opening">How it began.</param>
/// <param name="Calls">The calls since.</param>
internal sealed record Story(string Opening, ImmutableArray<string> Calls)
{
    private const int LineLengthMax = 110;

    public static Story Of(string opening) => new(opening, []);

    public Story With(string call) => this with { Calls = Calls.Add(call) };

    /// <summary>A call with its arguments, in one line if it fits.</summary>
    public static string Call(string name, params IEnumerable<string> arguments)
    {
        var texts = arguments.ToArray();
        var line = $".{name}({string.Join(", ", texts)})";
        return line.Length <= LineLengthMax && !line.Contains('\n', StringComparison.Ordinal)
            ? line
            : $".{name}(\n{string.Join(",\n", texts.Select(text => CSharpText.Indented(text, "    ")))})";
    }

    /// <summary>The expressions of values, as arguments.</summary>
    public static IEnumerable<string> Values<T>(IEnumerable<T> values) => values.Select(value => CSharpText.Of(value, typeof(T)));

    /// <summary>The failure of an expectation.</summary>
    /// <param name="expectation">The call that demands it.</param>
    /// <param name="what">What was expected and what is instead.</param>
    /// <param name="instead">The call that would hold; null if there is none.</param>
    /// <param name="cause">The exception behind it, if any.</param>
    public CheckFailedException Failure(string expectation, string what, string? instead = null, Exception? cause = null)
    {
        var calls = expectation.Length == 0 ? Calls : Calls.Add(expectation);
        var text = $"{what}\n\n{string.Join('\n', calls.Select(call => CSharpText.Indented(call, "    ")).Prepend(Opening))}";
        return new CheckFailedException(instead is null ? text : $"{text}\n\nThis would hold:\n{CSharpText.Indented(instead, "    ")}", cause);
    }
}
