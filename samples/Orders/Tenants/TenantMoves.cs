using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Sample.Authentication;
using Tallystick.AspNetCore;
using Tallystick.AspNetCore.Problems;
using Tallystick.Commands;
using Tallystick.Tenancy;
using Catalog = Tallystick.Tenancy.Tenants;

namespace Sample.Tenants;

public sealed record MoveTenant(string Placement) : IValidated
{
    public IEnumerable<ValidationFailure> Validate()
    {
        if (!Tallystick.Tenancy.Placement.TryParse(Placement, out _))
            yield return new ValidationFailure("placement", "Use 'shared:NAME' or 'dedicated:KIND', such as 'shared:main' or 'dedicated:file'.");
    }
}

/// <summary>A move as operators see it. What is being copied only the node that does it knows: elsewhere 'copied' and 'failure' are null.</summary>
public sealed record MoveView(
    string Source, string Target, MoveStep Step, long? Copied, long? Events, double? WritersWaitedMs, string? Failure, DateTimeOffset? RetryAt)
{
    public static MoveView? Of(TenantDescription tenant)
    {
        if (tenant.Record.Move is not { } move)
            return null;
        var (progress, work) = (tenant.Work?.Progress, tenant.Work);
        return new MoveView(
            move.Source.ToString(), move.Target.ToString(), move.Step, progress?.Events, progress?.OfEvents, move.Outcome?.Waited.TotalMilliseconds, work?.Failure, work?.RetryAt);
    }
}

/// <summary>How operators put a tenant where it belongs, into a file, and out of one.</summary>
public static class TenantMoves
{
    private const long ImportBytesMax = 10L * 1024 * 1024 * 1024;

    public static void MapTenantMoves(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/tenants/{id}").WithTags("Tenants").RequireAuthorization(Roles.Operator);

        group.MapPost("move", (string id, MoveTenant body, ClaimsPrincipal user, Catalog tenants, CancellationToken cancellationToken) =>
            TellAsync(id, new TenantCommand.BeginMove(PlacementOf(body.Placement)!), user, tenants, cancellationToken))
            .WithSummary("Begins to move the tenant to another database, while it is in use");

        group.MapPost("move/confirm", (string id, ClaimsPrincipal user, Catalog tenants, CancellationToken cancellationToken) =>
            TellAsync(id, new TenantCommand.ConfirmMove(), user, tenants, cancellationToken))
            .WithSummary("Ends a move that is settled: the old copy is erased");

        group.MapPost("move/undo", (string id, ClaimsPrincipal user, Catalog tenants, CancellationToken cancellationToken) =>
            TellAsync(id, new TenantCommand.UndoMove(), user, tenants, cancellationToken))
            .WithSummary("Takes a move back that is settled, with all that was written since");

        group.MapPost("move/abandon", (string id, ClaimsPrincipal user, Catalog tenants, CancellationToken cancellationToken) =>
            TellAsync(id, new TenantCommand.AbandonMove(), user, tenants, cancellationToken))
            .WithSummary("Gives a move up that isn't switched yet");

        group.MapGet("export", ExportAsync).Produces<string>(StatusCodes.Status200OK, "application/jsonl")
            .WithSummary("All that there is of the tenant in one file; recorded in the catalog");

        group.MapPost("import", ImportAsync).WithMetadata(new RequestSizeLimitAttribute(ImportBytesMax))
            .WithSummary("Makes a tenant of an exported file, which is the body");
    }

    private static async Task<IResult> ExportAsync(string id, HttpContext context, ClaimsPrincipal user, Catalog tenants, CancellationToken cancellationToken)
    {
        if (!TenantId.TryParse(id, out var tenant))
            return Unknown();
        context.Response.ContentType = "application/jsonl";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{tenant}.jsonl\"";
        var result = await tenants.ExportAsync(tenant, context.Response.Body, user, cancellationToken);
        if (result is CommandResult.Accepted)
            return Results.Empty;
        context.Response.Headers.Remove("Content-Disposition");
        return result.ToHttp();
    }

    private static async Task<Results<CommandHttpResult, HttpProblem>> ImportAsync(
        string id, string? name, string? placement, HttpRequest request, ClaimsPrincipal user, Catalog tenants, CancellationToken cancellationToken)
    {
        var input = new InputReader();
        if (!TenantId.TryParse(id, out var tenant))
            input.Refuse("id", $"Use 1 to {TenantId.LengthMax} lower-case letters, digits and hyphens, with no hyphen at either end.");
        if (string.IsNullOrWhiteSpace(name) || name.Length > TenantDecider.NameLengthMax)
            input.Refuse("name", $"Use 1 to {TenantDecider.NameLengthMax} characters, and not only blanks.");
        if (placement is not null && PlacementOf(placement) is null)
            input.Refuse("placement", "Use 'shared:NAME' or 'dedicated:KIND', such as 'shared:main' or 'dedicated:file', or leave it out.");
        input.Demand();
        try
        {
            return (await tenants.ImportAsync(tenant, name!, request.Body, PlacementOf(placement), user, cancellationToken)).ToHttp();
        }
        catch (InvalidDataException error)
        {
            return new HttpProblem(400, "file-damaged", "The file can't be imported. Nothing was kept of it.", error.Message);
        }
    }

    private static async Task<Results<CommandHttpResult, HttpProblem>> TellAsync(
        string id, TenantCommand command, ClaimsPrincipal user, Catalog tenants, CancellationToken cancellationToken) =>
        TenantId.TryParse(id, out var tenant) ? (await tenants.ExecuteAsync(tenant, command, user, cancellationToken)).ToHttp() : Unknown();

    private static Placement? PlacementOf(string? text) => Placement.TryParse(text, out var placement) ? placement : null;

    private static HttpProblem Unknown() => new(404, "tenant-unknown", "There is no such tenant.");
}
