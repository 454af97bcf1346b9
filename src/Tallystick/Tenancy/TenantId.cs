using System.Diagnostics.CodeAnalysis;

namespace Tallystick.Tenancy;

/// <summary>
/// The name of a tenant: 1 to 63 lower-case letters, digits and hyphens, not starting or ending with a hyphen (so that it is also a
/// valid DNS label). <c>default</c> names no tenant and is refused wherever a tenant is needed.
/// </summary>
[System.Text.Json.Serialization.JsonConverter(typeof(Events.TenantIdJsonConverter))]
public readonly record struct TenantId : ISpanParsable<TenantId>
{
    /// <summary>The most characters that a tenant's name may have.</summary>
    public const int LengthMax = 63;

    private readonly string? _value;

    private TenantId(string value) => _value = value;

    /// <summary>
    /// The installation's own log, in which the catalog of tenants is kept. It can't be parsed from text, so no caller from outside
    /// can ever name it.
    /// </summary>
    public static TenantId Platform { get; } = new("$platform");

    /// <summary>The name as text.</summary>
    /// <exception cref="InvalidOperationException">This is <c>default(TenantId)</c>, which names no tenant.</exception>
    public string Value => _value ?? throw new InvalidOperationException("No tenant: default(TenantId) was used where a tenant is needed.");

    /// <summary>Whether this is <c>default(TenantId)</c>, which names no tenant.</summary>
    public bool IsDefault => _value is null;

    /// <summary>Reads a tenant's name.</summary>
    /// <exception cref="FormatException">The text isn't a valid name; the message says why.</exception>
    public static TenantId Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var id) ? id : throw new FormatException(
            $"'{Shorten(text)}' is no tenant id: use 1 to {LengthMax} lower-case letters, digits and hyphens, with no hyphen at either end.");
    }

    /// <summary>Reads a tenant's name; false if the text isn't a valid one.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TenantId id)
    {
        var valid = text is { Length: > 0 and <= LengthMax } && text[0] != '-' && text[^1] != '-' && text.All(IsAllowed);
        id = valid ? new TenantId(text!) : default;
        return valid;
    }

    static TenantId IParsable<TenantId>.Parse(string s, IFormatProvider? provider) => Parse(s);

    static bool IParsable<TenantId>.TryParse(string? s, IFormatProvider? provider, out TenantId result) => TryParse(s, out result);

    static TenantId ISpanParsable<TenantId>.Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => Parse(s.ToString());

    static bool ISpanParsable<TenantId>.TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out TenantId result) =>
        TryParse(s.ToString(), out result);

    /// <summary>
    /// Reads a name that a store has written, which may also be <see cref="Platform"/>. For stores alone: text from outside goes
    /// through <see cref="Parse"/>.
    /// </summary>
    public static TenantId FromStored(string text) => text == Platform._value ? Platform : Parse(text);

    /// <summary>The name, or an empty string for <c>default</c>.</summary>
    public override string ToString() => _value ?? "";

    private static bool IsAllowed(char c) => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-';

    private static string Shorten(string text) => text.Length <= 80 ? text : $"{text[..80]}… ({text.Length} characters)";
}
