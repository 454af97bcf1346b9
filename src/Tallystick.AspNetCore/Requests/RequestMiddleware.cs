using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Tallystick.AspNetCore.Problems;
using Tallystick.AspNetCore.Tenancy;
using Tallystick.Commands;
using Tallystick.Projections;
using Tallystick.Tenancy;

namespace Tallystick.AspNetCore.Requests;

/// <summary>
/// Prepares what an endpoint asks for: the tenant, the conditions of a command, the freshness of a read, and a body that can be read. A
/// request that can't be prepared never reaches the endpoint.
/// </summary>
internal sealed class RequestMiddleware(RequestDelegate next, WebOptions options, TenantResolver tenants, IOptions<JsonOptions> json)
{
    private readonly JsonSerializerOptions _json = json.Value.SerializerOptions;

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint() is { } endpoint)
        {
            var (isDone, problem) = await PrepareAsync(context, RequestNeeds.Of(endpoint));
            if (problem is not null)
                await problem.ExecuteAsync(context);
            if (isDone || problem is not null)
                return;
        }

        await next(context);
    }

    private async ValueTask<(bool IsDone, HttpProblem? Problem)> PrepareAsync(HttpContext context, RequestNeeds needs)
    {
        if (needs.Tenant && context.User.Identity?.IsAuthenticated != true)
        {
            await ChallengeAsync(context);
            return (true, null);
        }

        // It is stored with each event, and no store can hold this character.
        if (Origin.UserIdOf(context.User)?.Contains('\0', StringComparison.Ordinal) == true)
            return (false, new HttpProblem(StatusCodes.Status403Forbidden, "user-invalid", "The token's user id can't be used.", "It has a NUL."));
        var isBodyRead = IsBodyRead(context.Request, needs);
        var bytesMax = isBodyRead ? options.BodyBytesMax : needs.BodyBytesMax ?? options.BodyBytesMax;
        if (!RequestBody.TryLimit(context, bytesMax, isBodyRead))
            return (false, TooLarge(bytesMax));
        var scope = context.RequestServices.GetRequiredService<RequestScope>();
        var metadata = RequestHeaders.ReadMetadata(context, options.CorrelationIdLengthMax);
        context.Response.Headers[RequestHeaders.CorrelationId] = metadata.CorrelationId;
        if (needs.Tenant)
        {
            var (tenant, problem) = await tenants.ResolveAsync(context, metadata);
            if (tenant is null)
                return (false, problem);
            scope.Tenant = tenant;
        }

        var errors = new List<ValidationFailure>();
        if (needs.Freshness)
            scope.Freshness = RequestHeaders.ReadFreshness(context.Request.Headers[RequestHeaders.AtLeastPosition], options.ReadDeadline, errors);
        return (false, await PrepareBodyAsync(context, needs, scope, errors));
    }

    private async ValueTask<HttpProblem?> PrepareBodyAsync(
        HttpContext context, RequestNeeds needs, RequestScope scope, List<ValidationFailure> errors)
    {
        var request = context.Request;
        var body = ReadOnlyMemory<byte>.Empty;
        if (IsBodyRead(request, needs))
        {
            if (await RequestBody.ReadAsync(request, options.BodyBytesMax, context.RequestAborted) is not { } read)
                return TooLarge(options.BodyBytesMax);
            body = read;
        }

        if (needs.Conditions)
        {
            scope.Conditions = new CommandConditions(
                RequestHeaders.ReadIfMatch(request.Headers.IfMatch, errors),
                RequestHeaders.ReadIdempotencyKey(request, context.User, body, options.IdempotencyKeyLengthMax, errors));
        }

        if (needs.Body is { } type && !(body.IsEmpty && needs.IsBodyOptional))
        {
            if (body.IsEmpty)
                errors.Add(new ValidationFailure("body", "A JSON body is required."));
            else if (!request.HasJsonContentType())
                return HttpProblem.OfStatus(StatusCodes.Status415UnsupportedMediaType);
            else
                errors.AddRange(BodyCheck.Check(body.Span, type, _json, options.ErrorsMax));
        }

        return errors.Count == 0 ? null : HttpProblem.BadInput([.. errors]);
    }

    /// <summary>To be checked, or to be compared with that of the request's repetition, or because only its end tells its length.</summary>
    private static bool IsBodyRead(HttpRequest request, RequestNeeds needs) =>
        needs.Body is not null || (needs.Conditions && (request.Headers.ContainsKey(RequestHeaders.IdempotencyKey) || IsLengthUnknown(request)));

    private static bool IsLengthUnknown(HttpRequest request) =>
        request.ContentLength is null && request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true };

    private static HttpProblem TooLarge(long bytesMax) =>
        HttpProblem.OfStatus(StatusCodes.Status413PayloadTooLarge, $"The limit is {bytesMax} bytes.");

    /// <summary>A 401 that names the schemes by which one can authenticate, if the application has any.</summary>
    private static async Task ChallengeAsync(HttpContext context)
    {
        var schemes = context.RequestServices.GetService<IAuthenticationSchemeProvider>();
        if (schemes is not null && await schemes.GetDefaultChallengeSchemeAsync() is not null)
            await context.ChallengeAsync();
        else
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
    }
}
