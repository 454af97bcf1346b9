using System.Globalization;
using System.Text;

namespace Tallystick.Testing.Leaks;

/// <summary>Where and how something of a tenant was found in a text.</summary>
/// <param name="Token">What was found.</param>
/// <param name="Form">How it was written; empty: plainly.</param>
/// <param name="Excerpt">The text around it.</param>
internal sealed record Sighting(string Token, string Form, string Excerpt);

/// <summary>
/// What only one tenant's data has: texts that begin with its own ten letters, numbers of its own, and ids that the application has given to it. Such a
/// text survives JSON and addresses as it is; it is also searched as base64, hexadecimal, and in escaped forms.
/// </summary>
internal sealed class Secrets
{
    private const int SuffixLength = 2;
    private const int ExcerptLength = 60;
    private const int IdLengthMin = 8;

    private readonly string _core;
    private readonly List<(string Text, string Form, StringComparison Comparison)> _forms = [];
    private readonly SortedSet<string> _numbers = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _ids = new(StringComparer.Ordinal);
    private readonly List<string> _known;

    /// <param name="core">Ten letters.</param>
    /// <param name="number">Six digits.</param>
    /// <param name="known">The plain texts that have a secret one so far; shared by the twins, so that equal fields are equal in both.</param>
    public Secrets(string core, int number, List<string> known)
    {
        (_core, Number, _known) = (core, number, known);
        var bytes = Encoding.UTF8.GetBytes(core);
        _forms.Add((core, "", StringComparison.OrdinalIgnoreCase));
        for (var shift = 0; shift < 3; shift++)
            _forms.Add((Base64At(bytes, shift), "in base64", StringComparison.Ordinal));
        _forms.Add((Convert.ToHexString(bytes), "in hexadecimal", StringComparison.OrdinalIgnoreCase));
        _forms.Add((string.Concat(bytes.Select(one => $"%{one:x2}")), "in an address's escapes", StringComparison.OrdinalIgnoreCase));
        _forms.Add((string.Concat(bytes.Select(one => $"\\u00{one:x2}")), "in JSON's escapes", StringComparison.OrdinalIgnoreCase));
        AddNumber(number.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>A number that the other tenant has nowhere.</summary>
    public int Number { get; }

    /// <summary>The text that stands for a plain one in this tenant. The same plain text always has the same.</summary>
    public string Text(string plain)
    {
        var at = _known.IndexOf(plain);
        if (at < 0)
        {
            at = _known.Count;
            _known.Add(plain);
        }

        return $"{_core}{(char)('a' + (at / 26 % 26))}{(char)('a' + (at % 26))}";
    }

    /// <summary>A number that is this tenant's alone, such as a sum that it was answered.</summary>
    public void AddNumber(string digits) => _numbers.Add(digits);

    /// <summary>An id that the application has given to this tenant.</summary>
    public void AddId(string id)
    {
        if (id.Length >= IdLengthMin)
            _ids.Add(id);
    }

    /// <summary>The first thing of this tenant in a text.</summary>
    /// <param name="text">Where to search.</param>
    /// <param name="withIds">Whether ids count: not where requests of both tenants are told of.</param>
    /// <param name="isExcused">Whether a token is known to the other tenant by right, since it has sent it itself.</param>
    public Sighting? Find(string text, bool withIds, Func<string, bool> isExcused)
    {
        foreach (var (form, name, comparison) in _forms)
        {
            for (var at = text.IndexOf(form, comparison); at >= 0; at = text.IndexOf(form, at + 1, comparison))
            {
                var token = name.Length == 0 ? text[at..Math.Min(text.Length, at + form.Length + SuffixLength)] : form;
                if (!isExcused(token))
                    return new Sighting(token, name, Excerpt(text, at, form.Length));
            }
        }

        foreach (var number in _numbers)
        {
            if (Alone(text, number) is >= 0 and var at && !isExcused(number))
                return new Sighting(number, "", Excerpt(text, at, number.Length));
        }

        foreach (var id in withIds ? _ids : [])
        {
            if (text.IndexOf(id, StringComparison.Ordinal) is >= 0 and var at && !isExcused(id))
                return new Sighting(id, "", Excerpt(text, at, id.Length));
        }

        return null;
    }

    /// <summary>Where a number stands by itself and isn't a part of an id or a time; -1 if nowhere.</summary>
    private static int Alone(string text, string number)
    {
        for (var at = text.IndexOf(number, StringComparison.Ordinal); at >= 0; at = text.IndexOf(number, at + 1, StringComparison.Ordinal))
        {
            var end = at + number.Length;
            if ((at == 0 || !(char.IsAsciiLetterOrDigit(text[at - 1]) || text[at - 1] is '.' or '_'))
                && (end == text.Length || !(char.IsAsciiLetterOrDigit(text[end]) || text[end] is '_')))
                return at;
        }

        return -1;
    }

    /// <summary>The characters of base64 that these bytes alone determine, if they begin at a place that is <paramref name="shift"/> beyond a multiple of three.</summary>
    private static string Base64At(byte[] bytes, int shift)
    {
        var padded = new byte[shift + bytes.Length];
        bytes.CopyTo(padded, shift);
        var encoded = Convert.ToBase64String(padded);
        var from = ((shift * 8) + 5) / 6;
        return encoded[from..(padded.Length * 8 / 6)];
    }

    private static string Excerpt(string text, int at, int length)
    {
        var (from, to) = (Math.Max(0, at - ExcerptLength), Math.Min(text.Length, at + length + ExcerptLength));
        return $"{(from > 0 ? "…" : "")}{text[from..to].ReplaceLineEndings(" ")}{(to < text.Length ? "…" : "")}";
    }
}
