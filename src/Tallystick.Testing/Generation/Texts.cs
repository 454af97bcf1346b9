using System.Collections.Immutable;
using Tallystick.Testing.Randomness;

namespace Tallystick.Testing.Generation;

/// <summary>Strings: what one would write for a field of this name, sometimes what nobody would, and if that is refused, all kinds of things.</summary>
internal static class Texts
{
    private static readonly string[] Words =
        ["tea", "cup", "red", "oak", "sun", "pen", "map", "key", "ice", "fox", "lamp", "book", "ship", "rose", "salt", "moon"];

    private static readonly string[] Names = ["Ann", "Bob", "Cleo", "Dan", "Eve", "Finn", "Gül", "Hana", "Ines", "Zoë"];

    /// <summary>By a part of the field's name, in lower case; the first that fits counts.</summary>
    private static readonly ImmutableArray<(string Part, Func<SeededEntropy, string> Make)> ByName =
    [
        ("mail", Email), ("currency", Currency), ("country", e => e.Pick("DE", "FR", "US", "JP")), ("language", e => e.Pick("en", "de", "fr-CA")),
        ("locale", e => e.Pick("en-GB", "de-DE")), ("phone", Phone), ("url", Url), ("uri", Url), ("host", Host), ("sku", Code), ("code", Code),
        ("user", e => e.Pick(Words)), ("date", Date), ("name", Person), ("text", Sentence), ("reason", Sentence), ("comment", Sentence),
        ("description", Sentence), ("title", Sentence), ("password", e => $"Secret-{e.Next(100)}!"), ("number", Digits), ("iban", Iban),
        ("id", e => e.Pick(Words)), ("key", e => e.Pick(Words)),
    ];

    /// <summary>What is tried where everything was refused so far.</summary>
    private static readonly ImmutableArray<Func<SeededEntropy, string>> Kinds =
    [
        e => e.Pick(Words), Currency, Email, Code, Digits, Url, Host, Phone, Person, Sentence, Date, Iban, Slug,
        e => e.Pick("DE", "FR", "US"), e => e.Pick("en", "en-GB"), e => Letters(e, 1), e => Letters(e, e.Next(1, 12)),
        e => Letters(e, e.Next(1, 12)).ToUpperInvariant(), e => Letters(e, e.Next(4, 60)), e => $"{Letters(e, 1).ToUpperInvariant()}{Letters(e, 5)}",
        e => Number(e, 1, 2), e => Number(e, 3, 6), e => Number(e, 7, 20), e => $"{e.Next(100)}.{e.Next(10, 100)}", e => e.Pick("true", "false"),
        e => $"{e.Next(24):00}:{e.Next(60):00}", e => $"{Date(e)}T{e.Next(24):00}:00:00Z", e => Guids(e).ToString(), e => Guids(e).ToString("N"),
        e => $"order-{e.Next(1, 100)}", e => $"#{e.Next(0x1000000):x6}", e => $"10.0.{e.Next(256)}.{e.Next(256)}", e => $"/{Slug(e)}/{Slug(e)}",
        e => $"Secret-{e.Next(100)}!", e => $"{e.Next(1, 9)}.{e.Next(10)}.{e.Next(10)}", e => $"{Slug(e)}.txt", e => "{}",
    ];

    private static readonly ImmutableArray<string> Nasty =
    [
        " ", "\t", "  tea  ", "a b", "ÄÖÜ-ß", "日本語", "😀 tea", "e\u0301", "\u202Etea", "'; DROP TABLE orders;--", "<b>tea</b>", "\"quoted\"", @"back\slash",
        "line\nbreak", "null", "0", "-1", "a/b", "nul\0byte", "%20", "{0}", "İ", "\uFEFFtea",
    ];

    private static readonly ImmutableArray<int> NastyLengths = [63, 64, 65, 100, 101, 255, 256, 1000];

    public static string Generate(Draw draw, string field, int tries)
    {
        var entropy = draw.Entropy;
        if (tries > 3)
            return entropy.Pick(Kinds.AsSpan())(entropy);
        if (tries == 0 && draw.IsNasty())
            return NastyOne(entropy);
        foreach (var (part, make) in ByName)
        {
            if (field.Contains(part, StringComparison.OrdinalIgnoreCase))
                return make(entropy);
        }

        return entropy.Pick(Words);
    }

    /// <summary>What breaks most often comes most often: nothing at all, and far too much.</summary>
    private static string NastyOne(SeededEntropy entropy) => entropy.Next(5) switch
    {
        0 => "",
        1 => Letters(entropy, entropy.Pick(NastyLengths.AsSpan())),
        _ => entropy.Pick(Nasty.AsSpan()),
    };

    /// <summary>A version 4 UUID (RFC 9562), drawn from the seed.</summary>
    public static Guid Guids(SeededEntropy entropy)
    {
        Span<byte> bytes = stackalloc byte[16];
        entropy.Fill(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>Two words and a hyphen: also a tenant's name, or the key of a stream.</summary>
    public static string Slug(SeededEntropy entropy) => $"{entropy.Pick(Words)}-{entropy.Pick(Words)}";

    public static string Url(SeededEntropy entropy) => $"https://example.com/{entropy.Pick(Words)}";

    private static string Letters(SeededEntropy entropy, int length) => string.Create(length, entropy, static (text, entropy) =>
    {
        for (var i = 0; i < text.Length; i++)
            text[i] = (char)('a' + entropy.Next(26));
    });

    private static string Number(SeededEntropy entropy, int lengthMin, int lengthMax) => string.Create(entropy.Next(lengthMin, lengthMax + 1), entropy, static (text, entropy) =>
    {
        for (var i = 0; i < text.Length; i++)
            text[i] = (char)('0' + entropy.Next(i == 0 ? 1 : 0, 10));
    });

    private static string Digits(SeededEntropy entropy) => Number(entropy, 1, 5);

    private static string Currency(SeededEntropy entropy) => entropy.Pick("EUR", "USD", "JPY");

    private static string Email(SeededEntropy entropy) => $"{entropy.Pick(Words)}@example.com";

    private static string Phone(SeededEntropy entropy) => $"+49 30 {entropy.Next(100000, 1000000)}";

    private static string Host(SeededEntropy entropy) => $"{entropy.Pick(Words)}.example.com";

    private static string Code(SeededEntropy entropy) => $"{entropy.Pick("A", "B", "C")}-{entropy.Next(1, 10)}";

    private static string Date(SeededEntropy entropy) => $"2026-{entropy.Next(1, 13):00}-{entropy.Next(1, 29):00}";

    private static string Person(SeededEntropy entropy) => $"{entropy.Pick(Names)} {entropy.Pick("Baker", "Cole", "Iverson", "de Vries", "O'Neill")}";

    private static string Sentence(SeededEntropy entropy) => $"The {entropy.Pick(Words)} and the {entropy.Pick(Words)}.";

    private static string Iban(SeededEntropy entropy) => $"DE{Number(entropy, 20, 20)}";
}
