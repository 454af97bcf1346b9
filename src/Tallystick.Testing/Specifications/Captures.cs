using System.Text;
using System.Text.RegularExpressions;

namespace Tallystick.Testing.Specifications;

/// <summary>
/// The values that a specification has caught in answers: <c>{id}</c> in an expectation matches anything the first time and catches it, and from
/// then on stands for it, also in requests.
/// </summary>
internal sealed partial class Captures
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>Puts the values into a text. Names that aren't caught yet stay as they are.</summary>
    public string Fill(string text) => Name().Replace(text, match => _values.GetValueOrDefault(match.Groups[1].Value, match.Value));

    /// <summary>Whether a text fits an expected one that may name values; catches those that are new.</summary>
    public bool Matches(string expected, string actual)
    {
        var filled = Fill(expected);
        if (!Name().IsMatch(filled))
            return filled == actual;
        var pattern = new StringBuilder("^");
        var (end, names) = (0, new List<string>());
        foreach (Match match in Name().Matches(filled))
        {
            pattern.Append(Regex.Escape(filled[end..match.Index])).Append("(.+?)");
            names.Add(match.Groups[1].Value);
            end = match.Index + match.Length;
        }

        var found = Regex.Match(actual, pattern.Append(Regex.Escape(filled[end..])).Append('$').ToString(), RegexOptions.Singleline);
        for (var i = 0; found.Success && i < names.Count; i++)
            _values[names[i]] = found.Groups[i + 1].Value;
        return found.Success;
    }

    [GeneratedRegex(@"\{([A-Za-z_][A-Za-z0-9_]*)\}")]
    private static partial Regex Name();
}
