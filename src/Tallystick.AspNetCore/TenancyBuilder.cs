using System.Security.Cryptography.X509Certificates;
using Tallystick.AspNetCore.Tenancy;
using Tallystick.Tenancy;

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
    private string? _actAsPolicy;

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
    /// The client's certificate names the tenant. That the certificate is genuine is for the server to check (Kestrel's
    /// <c>ClientCertificateMode</c>, or certificate forwarding behind a proxy); what it names is verified against the caller's token like any other name.
    /// </summary>
    /// <param name="tenantOf">The tenant that a certificate names; null if it names none.</param>
    public TenancyBuilder FromCertificate(Func<X509Certificate2, string?> tenantOf)
    {
        ArgumentNullException.ThrowIfNull(tenantOf);
        return Add(new CertificateTenantSource(tenantOf));
    }

    /// <summary>A DNS name of the client's certificate (its subject alternative name) contains the tenant's; see <see cref="FromCertificate(Func{X509Certificate2, string?})"/>.</summary>
    /// <param name="pattern">Such as <c>{tenant}.clients.example.com</c>.</param>
    /// <exception cref="ArgumentException">The pattern doesn't have <c>{tenant}</c> exactly once, or has nothing else.</exception>
    public TenancyBuilder FromCertificate(string pattern) => Add(new CertificateTenantSource(CertificateTenantSource.ByName(pattern)));

    /// <summary>The client's certificate names the tenant by its fingerprint; see <see cref="FromCertificate(Func{X509Certificate2, string?})"/>.</summary>
    /// <param name="fingerprints">The tenants by SHA-256 fingerprints, in hexadecimal digits with or without colons.</param>
    /// <exception cref="ArgumentException">A fingerprint isn't one.</exception>
    public TenancyBuilder FromCertificate(IReadOnlyDictionary<string, TenantId> fingerprints)
    {
        ArgumentNullException.ThrowIfNull(fingerprints);
        return Add(new CertificateTenantSource(CertificateTenantSource.ByFingerprint(fingerprints)));
    }

    /// <summary>
    /// Lets operators act as a tenant that their token isn't for: explicitly, by the headers <c>Tallystick-Act-As</c> (the tenant) and
    /// <c>Tallystick-Act-As-Reason</c>, and if a policy allows it. Each use is recorded in the tenant's log, as <see cref="ActedAs"/>, before the
    /// request runs. Without this, such requests are refused.
    /// </summary>
    /// <param name="policy">An authorization policy of the application; it is asked with an <see cref="ActAsRequest"/> as the resource.</param>
    public TenancyBuilder AllowActAs(string policy)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(policy);
        _actAsPolicy = policy;
        return this;
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

    internal TenancyOptions Build() => new(_sources.Count == 0 ? [new HeaderTenantSource("X-Tenant-Id")] : [.. _sources], _claim, _actAsPolicy);

    private TenancyBuilder Add(TenantSource source)
    {
        _sources.Add(source);
        return this;
    }
}
