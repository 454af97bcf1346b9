using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Tallystick.Events;

/// <summary>
/// Names one entity's sequence of events: a category (<c>order</c>) and a key (<c>42</c>), written <c>order-42</c>. A category has
/// lower-case letters, digits, dots and underscores, so the first hyphen always ends it. A key may have any characters but white space
/// and control characters. <c>default</c> names no stream and is refused wherever a stream is needed.
/// </summary>
[System.Text.Json.Serialization.JsonConverter(typeof(StreamIdJsonConverter))]
public readonly record struct StreamId : ISpanParsable<StreamId>
{
    /// <summary>The most characters that a category may have. The whole name is limited by the store.</summary>
    public const int CategoryLengthMax = 64;

    private static readonly SearchValues<char> CategoryCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._");

    private readonly string? _category;
    private readonly string? _key;

    /// <summary>Names the stream of one entity.</summary>
    /// <exception cref="ArgumentException">The category or the key has no or forbidden characters.</exception>
    public StreamId(string category, string key)
    {
        _category = IsCategory(category) ? category : throw new ArgumentException(CategoryRule(category), nameof(category));
        _key = IsKey(key) ? key : throw new ArgumentException(KeyRule(key), nameof(key));
    }

    private StreamId(string category, string key, bool _) => (_category, _key) = (category, key);

    /// <summary>The kind of entity, such as <c>order</c>.</summary>
    /// <exception cref="InvalidOperationException">This is <c>default(StreamId)</c>, which names no stream.</exception>
    public string Category => _category ?? throw NoStream();

    /// <summary>The entity among its kind, such as <c>42</c>.</summary>
    /// <exception cref="InvalidOperationException">This is <c>default(StreamId)</c>, which names no stream.</exception>
    public string Key => _key ?? throw NoStream();

    /// <summary>Whether this is <c>default(StreamId)</c>, which names no stream.</summary>
    public bool IsDefault => _category is null;

    /// <summary>The length of <see cref="ToString"/> in characters.</summary>
    public int Length => _category is null ? 0 : _category.Length + 1 + _key!.Length;

    /// <summary>Reads <c>category-key</c>.</summary>
    /// <exception cref="FormatException">The text isn't a stream's name; the message says why.</exception>
    public static StreamId Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var id) ? id : throw new FormatException(
            $"'{text}' is no stream id: it is written category-key, such as order-42, the category in lower-case letters, digits, '.' and '_'.");
    }

    /// <summary>Reads <c>category-key</c>; false if the text isn't a stream's name.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out StreamId id)
    {
        id = default;
        var hyphen = text?.IndexOf('-', StringComparison.Ordinal) ?? -1;
        if (hyphen < 0 || !IsCategory(text![..hyphen]) || !IsKey(text[(hyphen + 1)..]))
            return false;
        id = new StreamId(text[..hyphen], text[(hyphen + 1)..], true);
        return true;
    }

    static StreamId IParsable<StreamId>.Parse(string s, IFormatProvider? provider) => Parse(s);

    static bool IParsable<StreamId>.TryParse(string? s, IFormatProvider? provider, out StreamId result) => TryParse(s, out result);

    static StreamId ISpanParsable<StreamId>.Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => Parse(s.ToString());

    static bool ISpanParsable<StreamId>.TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out StreamId result) =>
        TryParse(s.ToString(), out result);

    /// <summary>The name as <c>category-key</c>, or an empty string for <c>default</c>.</summary>
    public override string ToString() => _category is null ? "" : $"{_category}-{_key}";

    /// <summary>Whether a text may be a category.</summary>
    public static bool IsCategory([NotNullWhen(true)] string? text) =>
        text is { Length: > 0 and <= CategoryLengthMax } && !text.AsSpan().ContainsAnyExcept(CategoryCharacters);

    private static bool IsKey([NotNullWhen(true)] string? text)
    {
        if (string.IsNullOrEmpty(text))
            return false;
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsAsciiLetterOrDigit(text[i]))
                continue;
            // A lone half of a surrogate pair has no UTF-8 form, so it would come back as another key.
            if (char.IsControl(text[i]) || char.IsWhiteSpace(text[i]) || (char.IsSurrogate(text[i]) && !IsPair(text, ref i)))
                return false;
        }

        return true;
    }

    private static bool IsPair(string text, ref int i) => char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[++i]);

    private static string CategoryRule(string? value) =>
        $"'{value}' is no stream category: use 1 to {CategoryLengthMax} lower-case letters, digits, '.' and '_'.";

    private static string KeyRule(string? value) =>
        $"'{value}' is no stream key: use at least one character, and no white space or control characters.";

    private static InvalidOperationException NoStream() => new("No stream: default(StreamId) was used where a stream is needed.");
}
