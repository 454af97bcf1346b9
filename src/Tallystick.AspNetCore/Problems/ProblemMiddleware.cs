using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tallystick.AspNetCore.Requests;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.AspNetCore.Problems;

/// <summary>Gives every failed request a problem as its body: exceptions, and answers that have an error's status and nothing else.</summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, WebOptions options, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is listening any more, and nothing went wrong.
            if (!context.Response.HasStarted)
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return;
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            var problem = ProblemOf(error);
            if (problem.Status == StatusCodes.Status500InternalServerError)
                LogFailed(error, context.Request.Method, context.GetEndpoint()?.DisplayName);
            else if (problem.Status == StatusCodes.Status503ServiceUnavailable)
                LogUnavailable(error.Message, context.Request.Method, context.GetEndpoint()?.DisplayName);
            var correlation = context.Response.Headers[RequestHeaders.CorrelationId];
            context.Response.Clear();
            context.Response.Headers[RequestHeaders.CorrelationId] = correlation;
            await problem.ExecuteAsync(context);
            return;
        }

        var response = context.Response;
        var isBare = response is { StatusCode: >= 400, HasStarted: false, ContentLength: null } && string.IsNullOrEmpty(response.ContentType);
        if (isBare)
            await HttpProblem.OfStatus(response.StatusCode).ExecuteAsync(context);
    }

    private HttpProblem ProblemOf(Exception error) => error switch
    {
        InvalidInputException invalid => HttpProblem.BadInput(invalid.Errors),
        BadHttpRequestException bad => HttpProblem.OfStatus(bad.StatusCode, bad.Message),
        ReadModelBehindException behind => new(503, "read-model-behind", "The read model hasn't reached the position yet.", behind.Message)
        {
            RetryAfter = options.RetryAfter,
            Facts = HttpFacts.Of(("wanted", behind.Wanted.Value), ("reached", behind.Reached.Value)),
        },
        TallystickException { IsTransient: true } => new(503, "store-unavailable", "The store can't be reached.", "Try the same request again.")
        {
            RetryAfter = options.RetryAfter,
        },
        LimitExceededException { Limit: nameof(StoreLimits.EventBytesMax) or nameof(StoreLimits.CommitBytesMax) } limit =>
            HttpProblem.OfStatus(413, limit.Message),
        LimitExceededException { Limit: nameof(TenantLimits.StoredBytes) } limit => HttpProblem.StorageFull(limit.Value, limit.Maximum),
        LimitExceededException limit => new(400, "limit-exceeded", "A value is over its limit.", limit.Message),
        _ => HttpProblem.OfStatus(500),
    };

    [LoggerMessage(1210, LogLevel.Error, "{Method} {Endpoint} failed.")]
    private partial void LogFailed(Exception error, string method, string? endpoint);

    [LoggerMessage(1211, LogLevel.Warning, "{Method} {Endpoint} can't be answered now: {Reason}")]
    private partial void LogUnavailable(string reason, string method, string? endpoint);
}
