using Tallystick.AspNetCore.Tenancy;

namespace Tallystick.AspNetCore;

/// <summary>
/// Says where a request names its tenant, and which claim of the caller's token must agree. The sources are asked in the order of the
/// calls; the first that names a tenant decides, and later ones aren't looked at. Whatever names it, the token has the last word: a tenant
/// that isn't among its claims is refused, so a forged header, host or path reaches nothing. By default: the header
/// <c>X-Tenant-Id</c>, verified by the claim <c>tenant</c>.
/// </summary>
public sealed class TenancyBuilder
{
    private readonly List<TenantSource> _sources = [];
    private string _claim = "tenant";

    internal TenancyBuilder()
    {
    }

    /// <summary>The request names its tenant in a header.</summary>
    public TenancyBuilder FromHeader(string name = "X-Tenant-Id")
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return Add(new HeaderTenantSource(name));
    }

    /// <summary>The caller's token names the tenant: for callers who belong to one. A token with several names none by itself.</summary>
    /// <param name="type">The claim's type.</param>
    public TenancyBuilder FromClaim(string type = "tenant")
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(type);
        return Add(new ClaimTenantSource(type));
    }

    /// <summary>The host name of the request contains the tenant's.</summary>
    /// <param name="pattern">Such as <c>{tenant}.example.com</c>: <c>{tenant}</c> stands for one label or a part of one.</param>
    /// <exception cref="ArgumentException">The pattern doesn't have <c>{tenant}</c> exactly once, or has nothing else.</exception>
    public TenancyBuilder FromHost(string pattern) => Add(new HostTenantSource(pattern));

    /// <summary>
    /// The request's path names the tenant, by a parameter of the route: <c>app.MapGroup("/t/{tenant}")</c> with the parameter <c>tenant</c>.
    /// </summary>
    /// <param name="parameter">The route parameter.</param>
    public TenancyBuilder FromPath(string parameter = "tenant")
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(parameter);
        return Add(new PathTenantSource(parameter));
    }

    /// <summary>
    /// The claim that lists the tenants for which the caller may act: one claim for each. A token without it may act for none.
    /// </summary>
    /// <param name="type">The claim's type. Default <c>tenant</c>.</param>
    public TenancyBuilder VerifiedByClaim(string type)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(type);
        _claim = type;
        return this;
    }

    internal TenancyOptions Build() => new(_sources.Count == 0 ? [new HeaderTenantSource("X-Tenant-Id")] : [.. _sources], _claim);

    private TenancyBuilder Add(TenantSource source)
    {
        _sources.Add(source);
        return this;
    }
}
