using Microsoft.AspNetCore.Http.HttpResults;
using Tallystick.AspNetCore;
using Tallystick.AspNetCore.Problems;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Tenancy;

namespace Sample.Users;

public static class UserEndpoints
{
    public static void MapUsers(this IEndpointRouteBuilder app)
    {
        var users = app.MapGroup("/users").WithTags("Users").RequireAuthorization();

        users.MapPost("", async (RegisterUser command, Tenant tenant, CommandConditions conditions, CancellationToken cancellationToken) =>
            (await tenant.ExecuteAsync(tenant.NewStream(UserDecider.StreamCategory), command, conditions, cancellationToken)).ToCreated("/users"))
            .Produces<CommandReceipt>(StatusCodes.Status201Created)
            .WithSummary("Registers a user");

        users.MapGet("{id}", GetAsync).WithSummary("A user");
    }

    /// <summary>
    /// Whoever names no position shall still find a user that was registered a moment ago: then the position to wait for is that of the user's
    /// own event.
    /// </summary>
    private static async Task<Results<VersionedResult<UserView>, HttpProblem>> GetAsync(
        string id, Tenant tenant, ReadFreshness freshness, CancellationToken cancellationToken)
    {
        if (!StreamIds.TryMake(UserDecider.StreamCategory, id, out var stream))
            return Unknown();
        if (freshness == ReadFreshness.Any && await tenant.FindEventAsync(stream, StreamVersion.Of(1), cancellationToken) is { } registered)
            freshness = ReadFreshness.AtLeast(registered.Position);

        var found = await tenant.ReadModels<UserView>().FindAsync(id, freshness, cancellationToken);
        return found.Value is { } user ? EntityTag.Answer(user, StreamVersion.Of(user.Version), found.Position) : Unknown();
    }

    private static HttpProblem Unknown() => new(404, "user-unknown", "There is no such user.", "Register it by POST /users.");
}
