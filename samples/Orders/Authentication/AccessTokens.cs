using System.Security.Claims;
using System.Text;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Sample.Authentication;

/// <summary>Who may do what.</summary>
public static class Roles
{
    public const string Customer = "customer";
    public const string Operator = "operator";
}

/// <summary>How access tokens are made and checked.</summary>
public sealed record TokenSettings
{
    private const int KeyBytesMin = 32;

    public string? Key { get; init; }

    public string Issuer { get; init; } = "";

    public string Audience { get; init; } = "";

    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(12);

    /// <summary>The key, which everybody who checks or makes tokens shares.</summary>
    /// <exception cref="SetupException">There is none, or it is too short.</exception>
    public SymmetricSecurityKey SigningKey()
    {
        var bytes = Encoding.UTF8.GetBytes(Key ?? "");
        return bytes.Length >= KeyBytesMin ? new SymmetricSecurityKey(bytes) : throw new SetupException(
            $"No key for access tokens: set Tokens:Key (in the environment: Tokens__Key) to a secret of at least {KeyBytesMin} bytes. "
            + "Only the Development environment has a ready-made key.");
    }
}

/// <summary>Makes access tokens.</summary>
public sealed class AccessTokens(TokenSettings settings, TimeProvider time)
{
    public (string Token, DateTimeOffset ExpiresAt) Make(string user, string role, string? tenant)
    {
        var now = time.GetUtcNow();
        var expires = DateTimeOffset.FromUnixTimeSeconds((now + settings.Lifetime).ToUnixTimeSeconds());
        var claims = new List<Claim> { new("sub", user), new("role", role) };
        if (tenant is not null)
            claims.Add(new Claim("tenant", tenant));
        var token = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = settings.Issuer,
            Audience = settings.Audience,
            Subject = new ClaimsIdentity(claims),
            IssuedAt = now.UtcDateTime,
            NotBefore = now.UtcDateTime,
            Expires = expires.UtcDateTime,
            SigningCredentials = new SigningCredentials(settings.SigningKey(), SecurityAlgorithms.HmacSha256),
        });
        return (token, expires);
    }
}

public static class AccessTokenSetup
{
    public static void AddAccessTokens(this IServiceCollection services, IConfiguration configuration)
    {
        var settings = configuration.GetSection("Tokens").Get<TokenSettings>() ?? new TokenSettings();
        var key = settings.SigningKey();
        services.AddSingleton(settings);
        services.AddSingleton<AccessTokens>();
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(bearer =>
        {
            bearer.MapInboundClaims = false;
            bearer.TokenValidationParameters = new TokenValidationParameters
            {
                ValidIssuer = settings.Issuer,
                ValidAudience = settings.Audience,
                IssuerSigningKey = key,
                ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
                ClockSkew = TimeSpan.FromSeconds(30),
                NameClaimType = "sub",
                RoleClaimType = "role",
            };
        });
        // Authentication brings keys for cookies along and writes them to the home directory at the start. Here nothing is kept in cookies.
        foreach (var unused in services.Where(service => service.ImplementationType?.Name == "DataProtectionHostedService").ToArray())
            services.Remove(unused);
        services.AddAuthorizationBuilder().AddPolicy(Roles.Operator, policy => policy.RequireRole(Roles.Operator));
    }
}
