using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tallystick.AspNetCore.Problems;
using Tallystick.Tenancy;

namespace Tallystick.AspNetCore.Tenancy;

// The order matters. Nothing is looked up before the token has been found to be for the named tenant: a caller learns of no tenant but
// its own whether it exists or is suspended.

/// <summary>Finds the tenant that a request is for, or the problem to answer with.</summary>
internal sealed partial class TenantResolver(TenancyOptions options, Tenants tenants, ILogger<TenantResolver> logger)
{
    public async ValueTask<(Tenant? Tenant, HttpProblem? Problem)> ResolveAsync(HttpContext context)
    {
        var named = options.Sources.Select(source => source.Find(context)).FirstOrDefault(text => !string.IsNullOrEmpty(text));
        if (named is null)
            return (null, Missing());
        if (!TenantId.TryParse(named, out var id))
        {
            return (null, new HttpProblem(StatusCodes.Status400BadRequest, "tenant-invalid", "The tenant's name is malformed.",
                $"A tenant's name has 1 to {TenantId.LengthMax} lower-case letters, digits and hyphens, with no hyphen at either end."));
        }

        if (!context.User.HasClaim(options.Claim, id.Value))
        {
            LogMismatch(id.Value, TenantsOf(context.User), Printable(Origin.UserIdOf(context.User)));
            return (null, new HttpProblem(StatusCodes.Status403Forbidden, "tenant-mismatch", "The token isn't for this tenant.",
                "Name a tenant that your token is for, or get a token for this one."));
        }

        return await tenants.FindAsync(id, context.RequestAborted) switch
        {
            TenantLookup.Found found => (found.Tenant, null),
            TenantLookup.Suspended => (null, new HttpProblem(StatusCodes.Status403Forbidden, "tenant-suspended", "The tenant is suspended.",
                "Its data is kept. An operator can resume it.")),
            TenantLookup.Deleted => (null, new HttpProblem(StatusCodes.Status403Forbidden, "tenant-deleted", "The tenant is deleted.",
                "For some time an operator can restore it.")),
            _ => (null, new HttpProblem(StatusCodes.Status404NotFound, "tenant-unknown", "There is no such tenant.",
                "Ask an operator to create it.")),
        };
    }

    private HttpProblem Missing() => new(StatusCodes.Status400BadRequest, "tenant-missing", "The request names no tenant.",
        $"Name it by {string.Join(", or by ", options.Sources.Select(source => source.Description))}.");

    private string TenantsOf(ClaimsPrincipal user)
    {
        var claimed = user.FindAll(options.Claim).Take(3).Select(claim => Printable(claim.Value)).ToArray();
        return claimed.Length == 0 ? "none" : string.Join(", ", claimed);
    }

    /// <summary>What a token says is only as trustworthy as its issuer: no line breaks and no novels in the log.</summary>
    private static string Printable(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return "nobody";
        var cut = text.Length <= TenantId.LengthMax ? text : text[..TenantId.LengthMax] + "…";
        return string.Create(cut.Length, cut, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = char.IsControl(source[i]) || char.IsSurrogate(source[i]) || source[i] is '\u2028' or '\u2029' ? '?' : source[i];
        });
    }

    [LoggerMessage(1200, LogLevel.Warning, "Refused a request for tenant '{Named}': the token of '{User}' is for: {Claimed}.")]
    private partial void LogMismatch(string named, string claimed, string user);
}
