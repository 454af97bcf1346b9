using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Tallystick.AspNetCore;
using Tallystick.Tenancy;

namespace Tallystick.IntegrationTests.Web;

/// <summary>The client's certificate names the tenant, and the token verifies it.</summary>
public sealed class CertificateTests
{
    private const string Ann = "sub=ann;tenant=acme";

    [Fact]
    public async Task A_name_in_the_certificate_names_the_tenant()
    {
        using var acme = Make("acme.clients.example");
        using var globex = Make("globex.clients.example");
        using var several = Make("acme.clients.example", "globex.clients.example");
        using var twice = Make("other.example", "acme.clients.example", "ACME.clients.example");
        using var other = Make("acme.evil.example");
        using var none = Make();
        await using var app = await StartAsync(tenancy => tenancy.FromCertificate("{tenant}.clients.example"));
        Assert.Equal((200, "acme ann"), await app.GetAsync("/who", Ann, acme));
        Assert.Equal((200, "acme ann"), await app.GetAsync("/who", Ann, twice));
        AssertProblem(403, "tenant-mismatch", await app.GetAsync("/who", Ann, globex));
        AssertProblem(401, "unauthorized", await app.GetAsync("/who", null, acme));
        foreach (var unfit in (X509Certificate2[])[several, other, none])
            AssertProblem(400, "tenant-missing", await app.GetAsync("/who", Ann, unfit));
        AssertProblem(400, "tenant-missing", await app.GetAsync("/who", Ann));
    }

    [Fact]
    public async Task A_fingerprint_names_the_tenant()
    {
        using var known = Make("a");
        using var unknown = Make("a");
        var digits = known.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant();
        var withColons = string.Join(':', digits.Chunk(2).Select(pair => new string(pair)));
        await using var app = await StartAsync(tenancy => tenancy.FromCertificate(new Dictionary<string, TenantId> { [withColons] = TenantId.Parse("acme") }));
        Assert.Equal((200, "acme ann"), await app.GetAsync("/who", Ann, known));
        AssertProblem(403, "tenant-mismatch", await app.GetAsync("/who", "sub=bob;tenant=globex", known));
        AssertProblem(400, "tenant-missing", await app.GetAsync("/who", Ann, unknown));
    }

    [Fact]
    public async Task A_function_of_the_certificate_names_the_tenant()
    {
        using var certificate = Make("a");
        await using var app = await StartAsync(tenancy => tenancy.FromCertificate(one => one.Subject.Contains("CN=test", StringComparison.Ordinal) ? "acme" : null));
        Assert.Equal((200, "acme ann"), await app.GetAsync("/who", Ann, certificate));
    }

    [Fact]
    public async Task What_is_no_fingerprint_or_pattern_is_refused_at_once()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => StartAsync(tenancy => tenancy.FromCertificate(new Dictionary<string, TenantId> { ["ab:cd"] = TenantId.Parse("acme") })));
        await Assert.ThrowsAsync<ArgumentException>(() => StartAsync(tenancy => tenancy.FromCertificate("clients.example")));
    }

    private static Task<WebApp> StartAsync(Action<TenancyBuilder> tenancy) =>
        WebApp.StartAsync(tenancy, app => app.MapGet("/who", (Tenant tenant) => $"{tenant.Id} {tenant.Metadata.UserId}"));

    private static X509Certificate2 Make(params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
            alternatives.AddDnsName(name);
        if (names.Length > 0)
            request.CertificateExtensions.Add(alternatives.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private static void AssertProblem(int status, string code, (int Status, string Text) answer)
    {
        Assert.Equal(status, answer.Status);
        Assert.Contains($"\"code\":\"{code}\"", answer.Text, StringComparison.Ordinal);
    }
}
