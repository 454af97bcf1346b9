using System.Buffers.Text;
using System.Text.Json;
using Tallystick.Storage;

namespace Tallystick.Projections;

/// <summary>
/// Where a page ended, as a text for the next request: base64url of JSON. It comes back from outside, so everything in it is checked;
/// it can't widen a query, only move along its order.
/// </summary>
internal sealed record PageToken(string? OrderBy, bool Descending, DocumentCursor Cursor)
{
    private const int LengthMax = 16 * 1024;

    public string Write() => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(
        new Stored(OrderBy, Descending, Cursor.Value is { } value ? Convert.ToHexStringLower(value.Bytes) : null, Cursor.Key)));

    /// <exception cref="ArgumentException">It is malformed, or belongs to another order.</exception>
    public static DocumentCursor Read(string token, string? orderBy, bool descending)
    {
        var stored = Parse(token);
        if (stored.OrderBy != orderBy || stored.Descending != descending || stored.Value is null != orderBy is null)
            throw new ArgumentException("The page token belongs to a query with another order. Start again without it.", nameof(token));
        try
        {
            return new DocumentCursor(stored.Value is null ? null : IndexValue.FromStored(Convert.FromHexString(stored.Value)), stored.Key!);
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            throw Malformed(nameof(token), error);
        }
    }

    private static Stored Parse(string token)
    {
        try
        {
            var stored = token.Length <= LengthMax ? JsonSerializer.Deserialize<Stored>(Base64Url.DecodeFromChars(token)) : null;
            return string.IsNullOrEmpty(stored?.Key) ? throw Malformed(nameof(token), null) : stored;
        }
        catch (Exception error) when (error is FormatException or JsonException)
        {
            throw Malformed(nameof(token), error);
        }
    }

    private static ArgumentException Malformed(string parameter, Exception? error) =>
        new("The page token is malformed. Pass a page's Next unchanged, or start again without a token.", parameter, error);

    private sealed record Stored(string? OrderBy, bool Descending, string? Value, string? Key);
}
