using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Tallystick;
using Tallystick.AspNetCore;
using Tallystick.AspNetCore.Problems;
using Tallystick.AspNetCore.Requests;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Puts Tallystick into an application's pipeline.</summary>
public static class TallystickApplicationExtensions
{
    /// <summary>
    /// Prepares for each endpoint what it asks for, above all the tenant: resolved, verified against the caller's token and looked up. Put it after
    /// authentication. Failures inside become problem details.
    /// </summary>
    /// <exception cref="InvalidOperationException"><c>AddTenancy</c> wasn't called.</exception>
    public static IApplicationBuilder UseTallystick(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        if (app.ApplicationServices.GetService<WebOptions>() is null)
            throw new InvalidOperationException("Call AddTenancy in AddTallystick first: it says where requests name their tenant.");
        // Again around the endpoints: the page for developers, if there is one, would otherwise catch their failures first.
        return app.UseMiddleware<ProblemMiddleware>().UseMiddleware<RequestMiddleware>();
    }

    /// <summary>Says that an endpoint needs a tenant, which it asks for otherwise than by a parameter of type <see cref="Tenant"/>.</summary>
    public static TBuilder RequireTenant<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new TenantRequiredMetadata());

    /// <summary>
    /// Maps <c>/health/live</c> (the process answers) and <c>/health/ready</c> (the application has started and its store answers; else 503).
    /// </summary>
    public static IEndpointRouteBuilder MapTallystickHealth(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        endpoints.MapGet("/health/live", () => TypedResults.Ok(new HealthAnswer("live"))).WithTags("Health").AllowAnonymous();
        endpoints.MapGet("/health/ready", ReadyAsync).WithTags("Health").AllowAnonymous().Produces<HealthAnswer>().ProducesProblem(503);
        return endpoints;
    }

    private static async Task<IResult> ReadyAsync(
        IStore store, IHostApplicationLifetime lifetime, WebOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!lifetime.ApplicationStarted.IsCancellationRequested || lifetime.ApplicationStopping.IsCancellationRequested)
            return NotReady("The application is starting or stopping.", options);
        using var deadline = new CancellationTokenSource(options.ReadyDeadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            await store.ReadHeadAsync(TenantId.Platform, either.Token);
            return TypedResults.Ok(new HealthAnswer("ready"));
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested
            && error is TallystickException or ObjectDisposedException or OperationCanceledException)
        {
            return NotReady("The store doesn't answer.", options);
        }
    }

    private static HttpProblem NotReady(string detail, WebOptions options) =>
        new(StatusCodes.Status503ServiceUnavailable, "not-ready", "The application isn't ready.", detail) { RetryAfter = options.RetryAfter };
}

/// <summary>What a health check answers.</summary>
/// <param name="Status"><c>live</c> or <c>ready</c>.</param>
internal sealed record HealthAnswer(string Status);
