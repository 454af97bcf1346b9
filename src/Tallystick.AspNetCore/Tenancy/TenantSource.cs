using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Tallystick.AspNetCore.Tenancy;

/// <summary>Where tenants are named, and by which claim they are verified.</summary>
internal sealed record TenancyOptions(ImmutableArray<TenantSource> Sources, string Claim);

/// <summary>A place where a request may name its tenant. What it finds comes from outside and isn't checked yet.</summary>
internal abstract class TenantSource
{
    /// <summary>The place in words, for messages.</summary>
    public abstract string Description { get; }

    /// <summary>The text that names the tenant; null or empty if there is none.</summary>
    public abstract string? Find(HttpContext context);
}

internal sealed class HeaderTenantSource(string name) : TenantSource
{
    public string Name => name;

    public override string Description => $"the header {name}";

    // A header that came several times is joined by commas, which no tenant's name has: it is malformed, not the first of them.
    public override string? Find(HttpContext context) => context.Request.Headers[name].ToString();
}

internal sealed class ClaimTenantSource(string type) : TenantSource
{
    public override string Description => "the token";

    public override string? Find(HttpContext context) => context.User.FindAll(type).Take(2).ToArray() is [var only] ? only.Value : null;
}

internal sealed class PathTenantSource(string parameter) : TenantSource
{
    public override string Description => "the path";

    public override string? Find(HttpContext context) => context.GetRouteValue(parameter) as string;
}

internal sealed class HostTenantSource : TenantSource
{
    private const string Placeholder = "{tenant}";

    private readonly string _before;
    private readonly string _after;

    public HostTenantSource(string pattern)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(pattern);
        var parts = pattern.Split(Placeholder);
        (_before, _after) = parts is [var before, var after] && pattern != Placeholder ? (before, after) : throw new ArgumentException(
            $"'{pattern}' is no pattern of a host name: write it with {Placeholder} exactly once, such as {Placeholder}.example.com.",
            nameof(pattern));
    }

    public override string Description => $"the host name ({_before}{Placeholder}{_after})";

    public override string? Find(HttpContext context)
    {
        var host = context.Request.Host.Host.TrimEnd('.');
        var fits = host.Length > _before.Length + _after.Length
            && host.StartsWith(_before, StringComparison.OrdinalIgnoreCase)
            && host.EndsWith(_after, StringComparison.OrdinalIgnoreCase);
        // Host names have no case; tenants are written in lower case.
        var name = fits ? host[_before.Length..^_after.Length].ToLowerInvariant() : null;
        return name?.Contains('.', StringComparison.Ordinal) == true ? null : name;
    }
}
