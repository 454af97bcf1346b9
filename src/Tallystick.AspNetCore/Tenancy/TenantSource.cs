using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tallystick.Tenancy;

namespace Tallystick.AspNetCore.Tenancy;

/// <summary>Where tenants are named, and by which claim they are verified.</summary>
internal sealed record TenancyOptions(ImmutableArray<TenantSource> Sources, string Claim, string? ActAsPolicy = null);

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

internal sealed class CertificateTenantSource(Func<X509Certificate2, string?> tenantOf) : TenantSource
{
    public override string Description => "the client certificate";

    public override string? Find(HttpContext context) => context.Connection.ClientCertificate is { } certificate ? tenantOf(certificate) : null;

    /// <summary>The only tenant that a certificate's DNS names fit a pattern for; null if none does, or several differ.</summary>
    public static Func<X509Certificate2, string?> ByName(string pattern)
    {
        var host = new HostPattern(pattern);
        return certificate => certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>()
            .SelectMany(extension => extension.EnumerateDnsNames()).Select(host.Find).OfType<string>().Distinct().Take(2).ToArray() is [var only] ? only : null;
    }

    /// <summary>The tenant of the certificate with a fingerprint: SHA-256, in hexadecimal digits, with or without colons.</summary>
    public static Func<X509Certificate2, string?> ByFingerprint(IReadOnlyDictionary<string, TenantId> tenants)
    {
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (fingerprint, tenant) in tenants)
        {
            var digits = fingerprint.Replace(":", "", StringComparison.Ordinal).ToUpperInvariant();
            if (digits.Length != 2 * SHA256.HashSizeInBytes || !digits.All(char.IsAsciiHexDigit))
                throw new ArgumentException($"'{fingerprint}' is no SHA-256 fingerprint: it has {2 * SHA256.HashSizeInBytes} hexadecimal digits.", nameof(tenants));
            known.Add(digits, tenant.Value);
        }

        return certificate => known.GetValueOrDefault(certificate.GetCertHashString(HashAlgorithmName.SHA256));
    }
}

internal sealed class PathTenantSource(string parameter) : TenantSource
{
    public override string Description => "the path";

    public override string? Find(HttpContext context) => context.GetRouteValue(parameter) as string;
}

internal sealed class HostTenantSource(string pattern) : TenantSource
{
    private readonly HostPattern _pattern = new(pattern);

    public override string Description => $"the host name ({_pattern})";

    public override string? Find(HttpContext context) => _pattern.Find(context.Request.Host.Host);
}

/// <summary>A host name in which a part stands for the tenant.</summary>
internal sealed class HostPattern
{
    private const string Placeholder = "{tenant}";

    private readonly string _before;
    private readonly string _after;

    public HostPattern(string pattern)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(pattern);
        var parts = pattern.Split(Placeholder);
        (_before, _after) = parts is [var before, var after] && pattern != Placeholder ? (before, after) : throw new ArgumentException(
            $"'{pattern}' is no pattern of a host name: write it with {Placeholder} exactly once, such as {Placeholder}.example.com.",
            nameof(pattern));
    }

    /// <summary>The pattern as it was given.</summary>
    public override string ToString() => _before + Placeholder + _after;

    public string? Find(string host)
    {
        host = host.TrimEnd('.');
        var fits = host.Length > _before.Length + _after.Length
            && host.StartsWith(_before, StringComparison.OrdinalIgnoreCase)
            && host.EndsWith(_after, StringComparison.OrdinalIgnoreCase);
        // Host names have no case; tenants are written in lower case.
        var name = fits ? host[_before.Length..^_after.Length].ToLowerInvariant() : null;
        return name?.Contains('.', StringComparison.Ordinal) == true ? null : name;
    }
}
