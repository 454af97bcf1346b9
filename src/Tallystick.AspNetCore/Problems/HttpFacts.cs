using System.Collections.Immutable;

namespace Tallystick.AspNetCore.Problems;

/// <summary>What a problem tells to programs beside its code.</summary>
internal static class HttpFacts
{
    public static ImmutableDictionary<string, object?> Of(params ReadOnlySpan<(string Name, object? Value)> facts)
    {
        var builder = ImmutableDictionary.CreateBuilder<string, object?>(StringComparer.Ordinal);
        foreach (var (name, value) in facts)
            builder.Add(name, value);
        return builder.ToImmutable();
    }
}
