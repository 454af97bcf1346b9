using System.Collections.Immutable;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.AspNetCore.Problems;
using Tallystick.AspNetCore.Requests;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.AspNetCore.Tenancy;

/// <summary>An operator's wish to act as a tenant: it must be said, allowed, and recorded before anything is done.</summary>
internal static class ActAs
{
    public const string TenantHeader = "Tallystick-Act-As";
    public const string ReasonHeader = "Tallystick-Act-As-Reason";

    private const int ReasonLengthMax = 500, PathLengthMax = 500;

    private static readonly StreamId Audit = new("tallystick.audit", "act-as");

    public static bool IsAsked(HttpRequest request) => request.Headers.ContainsKey(TenantHeader);

    /// <summary>The tenant that is named, if the caller may act as it; else the problem. Whether there is such a tenant isn't told before.</summary>
    public static async ValueTask<(TenantId Tenant, string Reason, HttpProblem? Problem)> CheckAsync(HttpContext context, TenancyOptions options)
    {
        var headers = context.Request.Headers;
        var reason = headers[ReasonHeader].ToString().Trim();
        if (options.ActAsPolicy is not { } policy)
            return Refuse(Forbidden());
        if (!TenantId.TryParse(headers[TenantHeader].ToString(), out var tenant))
            return Refuse(TenantResolver.Malformed());
        if (reason.Length is 0 or > ReasonLengthMax || reason.Any(char.IsControl))
        {
            return Refuse(new HttpProblem(StatusCodes.Status400BadRequest, "act-as-reason-missing", "Acting as a tenant needs a reason.",
                $"Give it in the header {ReasonHeader}, in 1 to {ReasonLengthMax} characters."));
        }

        // Two names for the tenant: whichever counted, one of them would be wrong.
        var others = options.Sources.Where(source => source is HeaderTenantSource or HostTenantSource or PathTenantSource).Select(source => source.Find(context));
        if (others.Any(other => !string.IsNullOrEmpty(other) && other != tenant.Value))
        {
            return Refuse(new HttpProblem(StatusCodes.Status400BadRequest, "tenant-ambiguous", "The request names two tenants.",
                $"Name the tenant by {TenantHeader} alone, or the same one everywhere."));
        }

        var authorization = context.RequestServices.GetRequiredService<IAuthorizationService>();
        var answer = await authorization.AuthorizeAsync(context.User, new ActAsRequest(tenant, reason), policy);
        return answer.Succeeded ? (tenant, reason, null) : Refuse(Forbidden());
    }

    /// <summary>Records the use in the tenant's log.</summary>
    /// <exception cref="TallystickException">It can't be recorded; then nothing is to be done.</exception>
    public static async ValueTask RecordAsync(Tenant tenant, HttpContext context, string reason)
    {
        var path = context.Request.PathBase + context.Request.Path;
        var acted = new ActedAs(
            tenant.Metadata.UserId ?? "", reason, tenant.Metadata.CorrelationId ?? "", context.Request.Method,
            path.Value is { Length: > PathLengthMax } longPath ? longPath[..PathLengthMax] : path.Value ?? "");
        var commit = tenant.BeginCommit().Append(Audit, ExpectedVersion.Any, ImmutableArray.Create(tenant.NewEvent(acted)));
        (await tenant.CommitAsync(commit, context.RequestAborted)).Demand();
    }

    private static (TenantId Tenant, string Reason, HttpProblem? Problem) Refuse(HttpProblem problem) => (default, "", problem);

    private static HttpProblem Forbidden() => new(
        StatusCodes.Status403Forbidden, "act-as-forbidden", "The caller may not act as this tenant.", "The application's policy must allow it.");
}
