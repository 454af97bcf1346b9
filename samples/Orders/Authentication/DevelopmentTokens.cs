using Microsoft.AspNetCore.Http.HttpResults;
using Tallystick.AspNetCore;
using Tallystick.Tenancy;

namespace Sample.Authentication;

public sealed record TokenAnswer(string Token, DateTimeOffset ExpiresAt);

/// <summary>Hands a token to whoever asks. Mapped in Development only.</summary>
public static class DevelopmentTokens
{
    private const int UserLengthMax = 100;

    public static void MapDevelopmentTokens(this IEndpointRouteBuilder app) =>
        app.MapGet("/dev/token", Make).WithTags("Development").AllowAnonymous().WithSummary("An access token, in Development only");

    /// <summary>A tenant needn't exist: what happens then is for the tenant's check to say.</summary>
    private static Ok<TokenAnswer> Make(string? tenant, string? user, string? role, AccessTokens tokens)
    {
        var input = new InputReader();
        role = string.IsNullOrEmpty(role) ? Roles.Customer : role;
        var isOperator = role == Roles.Operator;
        if (!isOperator && role != Roles.Customer)
            input.Refuse("role", $"Use {Roles.Customer} or {Roles.Operator}.");
        if (string.IsNullOrEmpty(tenant) ? !isOperator : !TenantId.TryParse(tenant, out _))
            input.Refuse("tenant", "Use a tenant's id, such as acme.");
        if (string.IsNullOrEmpty(user) && isOperator)
            user = Roles.Operator;
        if (string.IsNullOrWhiteSpace(user) || user.Length > UserLengthMax || user.Any(char.IsControl))
            input.Refuse("user", $"Use a user's id, 1 to {UserLengthMax} characters.");
        input.Demand();

        var (token, expires) = tokens.Make(user!, role, string.IsNullOrEmpty(tenant) ? null : tenant);
        return TypedResults.Ok(new TokenAnswer(token, expires));
    }
}
