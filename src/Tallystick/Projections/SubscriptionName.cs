using System.Buffers;

namespace Tallystick.Projections;

/// <summary>
/// The rule for names of projections, collections and subscriptions: they become parts of stream, checkpoint and collection names, so
/// they must not hold the characters that separate those parts.
/// </summary>
internal static class SubscriptionName
{
    public const int LengthMax = 100;

    private static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-._");

    public static string Demand(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return name.Length <= LengthMax && !name.AsSpan().ContainsAnyExcept(Allowed)
            ? name
            : throw new ArgumentException(
                $"'{(name.Length <= LengthMax ? name : name[..LengthMax] + "…")}' is no name: use 1 to {LengthMax} lower-case letters, digits, '-', '.' and '_'.", nameof(name));
    }
}
