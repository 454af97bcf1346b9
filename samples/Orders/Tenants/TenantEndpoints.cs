using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Sample.Authentication;
using Tallystick.AspNetCore;
using Tallystick.AspNetCore.Problems;
using Tallystick.Commands;
using Tallystick.Tenancy;
using Catalog = Tallystick.Tenancy.Tenants;

namespace Sample.Tenants;

public sealed record NewTenant(string Id, string Name) : IValidated
{
    public IEnumerable<ValidationFailure> Validate()
    {
        if (!TenantId.TryParse(Id, out _))
        {
            yield return new ValidationFailure(
                "id", $"Use 1 to {TenantId.LengthMax} lower-case letters, digits and hyphens, with no hyphen at either end.");
        }

        if (string.IsNullOrWhiteSpace(Name) || Name.Length > TenantDecider.NameLengthMax)
            yield return new ValidationFailure("name", $"Use 1 to {TenantDecider.NameLengthMax} characters, and not only blanks.");
    }
}

public sealed record SuspendTenant(string Reason) : IValidated
{
    private const int ReasonLengthMax = 500;

    public IEnumerable<ValidationFailure> Validate()
    {
        if (string.IsNullOrWhiteSpace(Reason) || Reason.Length > ReasonLengthMax)
            yield return new ValidationFailure("reason", $"Use 1 to {ReasonLengthMax} characters, and not only blanks.");
    }
}

public sealed record TenantView(string Id, TenantStatus Status);

/// <summary>What operators do. They act on the catalog of tenants; that gives them no access to any tenant's data.</summary>
public static class TenantEndpoints
{
    public static void MapTenants(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/tenants").WithTags("Tenants").RequireAuthorization(Roles.Operator);

        group.MapPost("", async (NewTenant body, ClaimsPrincipal user, Catalog tenants, CancellationToken cancellationToken) =>
            (await tenants.ExecuteAsync(TenantId.Parse(body.Id), new TenantCommand.Create(body.Name), user, cancellationToken)).ToCreated("/tenants"))
            .Produces<CommandReceipt>(StatusCodes.Status201Created)
            .WithSummary("Makes a tenant, which can be used at once");

        group.MapGet("{id}", GetAsync).WithSummary("A tenant");

        group.MapPost("{id}/suspend", (string id, SuspendTenant body, ClaimsPrincipal user, Catalog tenants, CancellationToken cancellationToken) =>
            ChangeAsync(id, new TenantCommand.Suspend(body.Reason), user, tenants, cancellationToken))
            .WithSummary("Refuses the tenant's callers until it is resumed");

        group.MapPost("{id}/resume", (string id, ClaimsPrincipal user, Catalog tenants, CancellationToken cancellationToken) =>
            ChangeAsync(id, new TenantCommand.Resume(), user, tenants, cancellationToken))
            .WithSummary("Lets the tenant's callers in again");
    }

    private static async Task<Results<Ok<TenantView>, HttpProblem>> GetAsync(
        string id, Catalog tenants, CancellationToken cancellationToken)
    {
        if (!TenantId.TryParse(id, out var tenant))
            return Unknown();
        return await tenants.FindAsync(tenant, cancellationToken) switch
        {
            TenantLookup.Found => TypedResults.Ok(new TenantView(id, TenantStatus.Active)),
            TenantLookup.Suspended => TypedResults.Ok(new TenantView(id, TenantStatus.Suspended)),
            _ => Unknown(),
        };
    }

    private static async Task<Results<CommandHttpResult, HttpProblem>> ChangeAsync(
        string id, TenantCommand command, ClaimsPrincipal user, Catalog tenants, CancellationToken cancellationToken) =>
        TenantId.TryParse(id, out var tenant)
            ? (await tenants.ExecuteAsync(tenant, command, user, cancellationToken)).ToHttp()
            : Unknown();

    private static HttpProblem Unknown() => new(404, "tenant-unknown", "There is no such tenant.");
}
