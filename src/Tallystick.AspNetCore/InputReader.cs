using System.Globalization;
using System.Text.Json;
using Tallystick.AspNetCore.Problems;
using Tallystick.Commands;
using Tallystick.Events;

namespace Tallystick.AspNetCore;

/// <summary>
/// Reads values of a query string and gathers what is wrong with them, so that the caller learns of everything at once. An empty value counts
/// as absent. End with <see cref="Demand"/>.
/// </summary>
public sealed class InputReader
{
    private static readonly string[] TimeFormats =
        ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd"];

    private readonly List<ValidationFailure> _errors = [];

    /// <summary>A whole number within bounds; <paramref name="absent"/> if there is none.</summary>
    public int WholeNumber(string field, string? text, int from, int to, int absent)
    {
        if (string.IsNullOrEmpty(text))
            return absent;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= from && number <= to)
            return number;
        Refuse(field, $"Use a whole number from {from} to {to}.");
        return absent;
    }

    /// <summary>A stream's version, from 1 on; null if there is none.</summary>
    public StreamVersion? Version(string field, string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        if (long.TryParse(text.Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version > 0)
            return StreamVersion.Of(version);
        Refuse(field, "Use a whole number from 1 on.");
        return null;
    }

    /// <summary>A value of an enum by its camelCase name; null if there is none.</summary>
    /// <param name="field">The field's name.</param>
    /// <param name="text">What was given.</param>
    /// <param name="allowed">The values that may be given.</param>
    public TEnum? OneOf<TEnum>(string field, string? text, params ReadOnlySpan<TEnum> allowed)
        where TEnum : struct, Enum
    {
        if (string.IsNullOrEmpty(text))
            return null;
        var names = new List<string>();
        foreach (var value in allowed)
        {
            var name = JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
            if (name == text)
                return value;
            names.Add(name);
        }

        Refuse(field, $"Use one of {string.Join(", ", names)}.");
        return null;
    }

    /// <summary>
    /// A time in ISO 8601, such as <c>2026-11-01T08:30:00Z</c>; without an offset it is UTC. A <c>+</c> that came as a space, as in a query string
    /// that wasn't encoded, is understood. Null if there is none.
    /// </summary>
    public DateTimeOffset? Time(string field, string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        if (text.Length > 6 && text[^6] == ' ')
            text = $"{text[..^6]}+{text[^5..]}";
        const DateTimeStyles Styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (DateTimeOffset.TryParseExact(text, TimeFormats, CultureInfo.InvariantCulture, Styles, out var time))
            return time;
        Refuse(field, "Use a time in ISO 8601, such as 2026-11-01T08:30:00Z.");
        return null;
    }

    /// <summary>A page of a list: how many, and where it begins.</summary>
    /// <param name="after">The <c>next</c> of the page before.</param>
    /// <param name="limit">How many.</param>
    /// <param name="absent">How many if nothing is said.</param>
    /// <param name="most">The most that may be asked for.</param>
    public PageRequest Page(string? after, string? limit, int absent = 50, int most = 200) =>
        new(string.IsNullOrEmpty(after) ? null : after, WholeNumber("limit", limit, 1, most, absent));

    /// <summary>Notes what is wrong with a field.</summary>
    public void Refuse(string field, string message) => _errors.Add(new ValidationFailure(field, message));

    /// <summary>Ends the reading.</summary>
    /// <exception cref="InvalidInputException">Something was wrong; the exception is answered with 400 and names all of it.</exception>
    public void Demand()
    {
        if (_errors.Count > 0)
            throw new InvalidInputException([.. _errors]);
    }
}

/// <summary>A page of a list that a caller asks for.</summary>
/// <param name="After">The <c>next</c> of the page before; null begins at the beginning.</param>
/// <param name="Limit">The most items.</param>
public readonly record struct PageRequest(string? After, int Limit);
