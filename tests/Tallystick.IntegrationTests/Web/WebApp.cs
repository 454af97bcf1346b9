using System.Security.Claims;
using System.Security.Cryptography.X509Certificates;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Tallystick.AspNetCore;
using Tallystick.Tenancy;

namespace Tallystick.IntegrationTests.Web;

/// <summary>
/// A small application in memory with the tenants acme and globex. Its callers authenticate by the header <c>X-User</c>, which lists claims:
/// <c>sub=ann;tenant=acme</c>.
/// </summary>
public sealed class WebApp : IAsyncDisposable
{
    private readonly WebApplication _app;

    private WebApp(WebApplication app) => (_app, Client) = (app, app.GetTestClient());

    public HttpClient Client { get; }

    public static async Task<WebApp> StartAsync(
        Action<TenancyBuilder> tenancy, Action<WebApplication> map, Action<TallystickBuilder>? configure = null, Func<WebOptions, WebOptions>? change = null)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Services.AddAuthentication("test").AddScheme<AuthenticationSchemeOptions, ClaimsInHeader>("test", null);
        builder.Services.AddAuthorization();
        // It would write keys for cookies to the home directory.
        foreach (var unused in builder.Services.Where(service => service.ImplementationType?.Name == "DataProtectionHostedService").ToArray())
            builder.Services.Remove(unused);
        builder.Services.AddTallystick(tally =>
        {
            tally.UseInMemoryStore().AddTenancy(tenancy, change);
            configure?.Invoke(tally);
        });
        var app = builder.Build();
        app.UseTallystick();
        map(app);
        await app.StartAsync();
        var tenants = app.Services.GetRequiredService<Tenants>();
        foreach (var id in (string[])["acme", "globex"])
            await tenants.EnsureAsync(TenantId.Parse(id), id, CancellationToken.None);
        return new WebApp(app);
    }

    /// <summary>A client that is authenticated as somebody of a tenant; for null as nobody.</summary>
    public HttpClient ClientOf(TenantId? tenant)
    {
        var client = _app.GetTestClient();
        if (tenant is { } id)
            client.DefaultRequestHeaders.Add("X-User", $"sub=ann;tenant={id}");
        return client;
    }

    public async Task<(int Status, string Text)> GetAsync(string url, string? user, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        if (user is not null)
            request.Headers.TryAddWithoutValidation("X-User", user);
        using var response = await Client.SendAsync(request, TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>The answer to a request that a client certificate comes with.</summary>
    public async Task<(int Status, string Text)> GetAsync(string path, string? user, X509Certificate2 certificate)
    {
        var context = await _app.GetTestServer().SendAsync(
            request =>
            {
                request.Request.Method = "GET";
                request.Request.Path = path;
                request.Connection.ClientCertificate = certificate;
                if (user is not null)
                    request.Request.Headers["X-User"] = user;
            },
            TestContext.Current.CancellationToken);
        using var reader = new StreamReader(context.Response.Body);
        return (context.Response.StatusCode, await reader.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    public T Get<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }

    private sealed class ClaimsInHeader(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            var header = Request.Headers["X-User"].ToString();
            if (header.Length == 0)
                return Task.FromResult(AuthenticateResult.NoResult());
            var claims = header.Split(';').Select(claim => claim.Split('=')).Select(parts => new Claim(parts[0], parts[1]));
            var user = new ClaimsPrincipal(new ClaimsIdentity(claims, Scheme.Name));
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(user, Scheme.Name)));
        }
    }
}
