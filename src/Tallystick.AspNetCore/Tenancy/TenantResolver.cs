using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tallystick.AspNetCore.Problems;
using Tallystick.Events;
using Tallystick.Tenancy;

namespace Tallystick.AspNetCore.Tenancy;

// The order matters. Nothing is looked up before the token has been found to be for the named tenant: a caller learns of no tenant but
// its own whether it exists or is suspended.

/// <summary>Finds the tenant that a request is for, or the problem to answer with.</summary>
internal sealed partial class TenantResolver(TenancyOptions options, Tenants tenants, ILogger<TenantResolver> logger)
{
    /// <param name="context">The request.</param>
    /// <param name="metadata">What is stored with the events that the request brings about.</param>
    public async ValueTask<(Tenant? Tenant, HttpProblem? Problem)> ResolveAsync(HttpContext context, EventMetadata metadata)
    {
        if (ActAs.IsAsked(context.Request))
            return await ResolveActAsAsync(context, metadata);
        var named = options.Sources.Select(source => source.Find(context)).FirstOrDefault(text => !string.IsNullOrEmpty(text));
        if (named is null)
            return (null, Missing());
        if (!TenantId.TryParse(named, out var id))
            return (null, Malformed());

        if (!context.User.HasClaim(options.Claim, id.Value))
        {
            LogMismatch(id.Value, TenantsOf(context.User), Printable(Origin.UserIdOf(context.User)));
            return (null, new HttpProblem(StatusCodes.Status403Forbidden, "tenant-mismatch", "The token isn't for this tenant.",
                "Name a tenant that your token is for, or get a token for this one."));
        }

        return await FindAsync(id, context, metadata);
    }

    public static HttpProblem Malformed() => new(StatusCodes.Status400BadRequest, "tenant-invalid", "The tenant's name is malformed.",
        $"A tenant's name has 1 to {TenantId.LengthMax} lower-case letters, digits and hyphens, with no hyphen at either end.");

    /// <summary>What is recorded comes before anything that the request does; if it can't be recorded, nothing is done.</summary>
    private async ValueTask<(Tenant? Tenant, HttpProblem? Problem)> ResolveActAsAsync(HttpContext context, EventMetadata metadata)
    {
        var (id, reason, problem) = await ActAs.CheckAsync(context, options);
        if (problem is not null)
        {
            LogActAsRefused(problem.Code, Printable(context.Request.Headers[ActAs.TenantHeader]), Printable(Origin.UserIdOf(context.User)));
            return (null, problem);
        }

        var resolved = await FindAsync(id, context, metadata);
        if (resolved.Tenant is { } tenant)
        {
            await ActAs.RecordAsync(tenant, context, reason);
            LogActedAs(Printable(tenant.Metadata.UserId), id.Value);
        }

        return resolved;
    }

    private async ValueTask<(Tenant? Tenant, HttpProblem? Problem)> FindAsync(TenantId id, HttpContext context, EventMetadata metadata) =>
        await tenants.FindAsync(id, context.RequestAborted) switch
        {
            TenantLookup.Found found => (found.Tenant.With(metadata).ActingAs(context.User), null),
            TenantLookup.Suspended => (null, new HttpProblem(StatusCodes.Status403Forbidden, "tenant-suspended", "The tenant is suspended.",
                "Its data is kept. An operator can resume it.")),
            TenantLookup.Deleted => (null, new HttpProblem(StatusCodes.Status403Forbidden, "tenant-deleted", "The tenant is deleted.",
                "For some time an operator can restore it.")),
            _ => (null, new HttpProblem(StatusCodes.Status404NotFound, "tenant-unknown", "There is no such tenant.",
                "Ask an operator to create it.")),
        };

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

    [LoggerMessage(1201, LogLevel.Warning, "Refused '{User}' to act as tenant '{Named}': {Code}.")]
    private partial void LogActAsRefused(string code, string named, string user);

    [LoggerMessage(1202, LogLevel.Information, "'{User}' acts as tenant '{Tenant}'.")]
    private partial void LogActedAs(string user, string tenant);
}
