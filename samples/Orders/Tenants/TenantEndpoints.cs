using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Sample.Authentication;
using Tallystick.AspNetCore;
using Tallystick.AspNetCore.Problems;
using Tallystick.Commands;
using Tallystick.Events;
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

public sealed record DeleteTenant(string Reason, int? GraceDays) : IValidated
{
    private const int GraceDaysMax = 365;

    public IEnumerable<ValidationFailure> Validate()
    {
        if (string.IsNullOrWhiteSpace(Reason) || Reason.Length > TenantDecider.ReasonLengthMax)
            yield return new ValidationFailure("reason", $"Use 1 to {TenantDecider.ReasonLengthMax} characters, and not only blanks.");
        if (GraceDays is < 0 or > GraceDaysMax)
            yield return new ValidationFailure("graceDays", $"Use 0 to {GraceDaysMax}, or leave it out for the default.");
    }
}

public sealed record TenantView(
    string Id, string Name, TenantStatus Status, string Placement, TenantLimits Limits, string? CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset? ErasableFrom,
    MoveView? Move)
{
    public static TenantView Of(TenantDescription tenant) => new(
        tenant.Id.Value, tenant.Record.Name, tenant.Status, tenant.Record.Placement.ToString(), tenant.Record.Limits, tenant.CreatedBy, tenant.CreatedAt,
        tenant.Record.Deletion?.ErasableFrom, MoveView.Of(tenant));
}

public sealed record TenantList(IReadOnlyList<TenantView> Items, long Next);

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

        group.MapGet("", ListAsync).WithSummary("Tenants, in the order in which they were made; 'next' is the 'after' of the next page");

        group.MapGet("{id}", GetAsync).WithSummary("A tenant");

        group.MapPost("{id}/suspend", (string id, SuspendTenant body, ClaimsPrincipal user, Catalog tenants, CancellationToken cancellationToken) =>
            ChangeAsync(id, new TenantCommand.Suspend(body.Reason), user, tenants, cancellationToken))
            .WithSummary("Refuses the tenant's callers until it is resumed");

        group.MapPost("{id}/resume", (string id, ClaimsPrincipal user, Catalog tenants, CancellationToken cancellationToken) =>
            ChangeAsync(id, new TenantCommand.Resume(), user, tenants, cancellationToken))
            .WithSummary("Lets the tenant's callers in again");

        group.MapPut("{id}/limits", (string id, TenantLimits body, ClaimsPrincipal user, Catalog tenants, CancellationToken cancellationToken) =>
            ChangeAsync(id, new TenantCommand.SetLimits(body), user, tenants, cancellationToken))
            .WithSummary("Sets what the tenant may use; what is null follows the default");

        group.MapPost("{id}/delete", DeleteAsync).WithSummary("Refuses the tenant's callers, and erases its data after a time of grace");

        group.MapPost("{id}/restore", (string id, ClaimsPrincipal user, Catalog tenants, CancellationToken cancellationToken) =>
            ChangeAsync(id, new TenantCommand.Restore(), user, tenants, cancellationToken))
            .WithSummary("Takes a deletion back, within its time of grace");
    }

    private static async Task<Ok<TenantList>> ListAsync(long? after, int? count, Catalog tenants, CancellationToken cancellationToken)
    {
        const int CountDefault = 50, CountMax = 200;
        var input = new InputReader();
        if (after < 0)
            input.Refuse("after", "Use 0 or more: the 'next' of the page before.");
        if (count is < 1 or > CountMax)
            input.Refuse("count", $"Use 1 to {CountMax}.");
        input.Demand();
        var page = await tenants.ListAsync(LogPosition.Of(after ?? 0), count ?? CountDefault, cancellationToken);
        return TypedResults.Ok(new TenantList([.. page.Items.Select(TenantView.Of)], page.Through.Value));
    }

    private static async Task<Results<CommandHttpResult, HttpProblem>> DeleteAsync(
        string id, DeleteTenant body, ClaimsPrincipal user, Catalog tenants, CancellationToken cancellationToken)
    {
        TimeSpan? grace = body.GraceDays is { } days ? TimeSpan.FromDays(days) : null;
        return TenantId.TryParse(id, out var tenant)
            ? (await tenants.DeleteAsync(tenant, body.Reason, grace, user, cancellationToken)).ToHttp()
            : Unknown();
    }

    private static async Task<Results<Ok<TenantView>, HttpProblem>> GetAsync(
        string id, Catalog tenants, CancellationToken cancellationToken)
    {
        if (!TenantId.TryParse(id, out var tenant))
            return Unknown();
        return await tenants.DescribeAsync(tenant, cancellationToken) is { } described ? TypedResults.Ok(TenantView.Of(described)) : Unknown();
    }

    private static async Task<Results<CommandHttpResult, HttpProblem>> ChangeAsync(
        string id, TenantCommand command, ClaimsPrincipal user, Catalog tenants, CancellationToken cancellationToken) =>
        TenantId.TryParse(id, out var tenant)
            ? (await tenants.ExecuteAsync(tenant, command, user, cancellationToken)).ToHttp()
            : Unknown();

    private static HttpProblem Unknown() => new(404, "tenant-unknown", "There is no such tenant.");
}
