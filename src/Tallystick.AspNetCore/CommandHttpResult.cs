using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Tallystick.AspNetCore.Problems;
using Tallystick.AspNetCore.Requests;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.AspNetCore;

/// <summary>What an accepted command is answered with.</summary>
/// <param name="Id">The entity.</param>
/// <param name="Version">The entity's version after the command; also in the header <c>ETag</c>, in quotes.</param>
/// <param name="Position">
/// A token for <c>At-Least-Position</c>: a read that has reached it shows the command's effect. Also in the header <c>Log-Position</c>.
/// </param>
public sealed record CommandReceipt(string Id, long Version, long Position);

/// <summary>
/// The result of a command over HTTP: the receipt, or a problem. See <see cref="CommandHttpResults.ToHttp"/>.
/// </summary>
public sealed class CommandHttpResult : IResult, IEndpointMetadataProvider
{
    private readonly CommandResult _result;
    private readonly string? _location;

    internal CommandHttpResult(CommandResult result, string? location) => (_result, _location) = (result, location);

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var options = httpContext.RequestServices.GetRequiredService<WebOptions>();
        return _result is CommandResult.Accepted accepted
            ? AcceptAsync(httpContext, accepted)
            : ProblemOf(_result, options, HasIfMatch(httpContext)).ExecuteAsync(httpContext);
    }

    /// <inheritdoc/>
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(CommandReceipt), ["application/json"]));
        foreach (var status in (ReadOnlySpan<int>)[400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 507])
            builder.Metadata.Add(new ProducesResponseTypeMetadata(status, typeof(ProblemDetails), [HttpProblem.ContentType]));
    }

    private Task AcceptAsync(HttpContext context, CommandResult.Accepted accepted)
    {
        var response = context.Response;
        response.Headers.ETag = EntityTag.Of(accepted.Version);
        response.Headers[RequestHeaders.LogPosition] = accepted.Position.ToString();
        if (accepted.IsReplay)
            response.Headers[RequestHeaders.IdempotencyReplayed] = "true";
        if (_location is not null)
        {
            response.StatusCode = StatusCodes.Status201Created;
            response.Headers.Location = $"{context.Request.PathBase}{_location.TrimEnd('/')}/{Uri.EscapeDataString(accepted.Stream.Key)}";
        }

        return response.WriteAsJsonAsync(
            new CommandReceipt(accepted.Stream.Key, accepted.Version.Value, accepted.Position.Value), context.RequestAborted);
    }

    private static HttpProblem ProblemOf(CommandResult result, WebOptions options, bool hasIfMatch) => result switch
    {
        CommandResult.Rejected { Rejection: var rejection } => new(
            options.RejectionStatuses.GetValueOrDefault(rejection.Code, StatusCodes.Status422UnprocessableEntity),
            rejection.Code, "The command was refused.", rejection.Message),
        CommandResult.Invalid invalid => HttpProblem.BadInput(invalid.Failures),
        CommandResult.Conflict conflict when hasIfMatch && IsAboutVersion(conflict) => new(
            StatusCodes.Status412PreconditionFailed, "version-mismatch", "The entity has another version than If-Match names.",
            $"It is at version {conflict.Actual}, but {conflict.Expected} was expected. Read it again and decide anew.")
        {
            Facts = HttpFacts.Of(("expectedVersion", conflict.Expected.Version?.Value), ("actualVersion", conflict.Actual.Value)),
        },
        CommandResult.Conflict => new(
            StatusCodes.Status409Conflict, "version-conflict", "Others changed what the command depends on, again and again.",
            "Read again and try once more."),
        CommandResult.Forbidden forbidden => new(
            StatusCodes.Status403Forbidden, "forbidden", "The caller may not do this.", $"The policy '{forbidden.Policy}' doesn't allow it."),
        CommandResult.KeyReused => new(
            StatusCodes.Status422UnprocessableEntity, "idempotency-key-reused", "The idempotency key was used for another request.",
            "Use a new key for a new request; repeat a request with exactly the same body."),
        CommandResult.TooMany many => new(
            StatusCodes.Status429TooManyRequests, "too-many-commands", "The tenant gives more commands than it may.",
            string.Create(CultureInfo.InvariantCulture, $"The limit is {many.CommandsPerSecond} commands a second. Wait as Retry-After says, or ask an operator for more."))
        {
            RetryAfter = many.RetryAfter,
            Facts = HttpFacts.Of(("commandsPerSecond", many.CommandsPerSecond)),
        },
        CommandResult.StorageFull full => HttpProblem.StorageFull(full.StoredBytes, full.Maximum),
        _ => throw new InvalidOperationException("CommandResult is a closed set."),
    };

    private static bool IsAboutVersion(CommandResult.Conflict conflict) =>
        conflict.Reason is Refusal.WrongVersion wrong && wrong.Stream == conflict.Stream;

    private static bool HasIfMatch(HttpContext context) => context.Request.Headers.IfMatch.Count > 0;
}

/// <summary>Results of commands over HTTP.</summary>
public static class CommandHttpResults
{
    /// <summary>
    /// Answers 200 with <see cref="CommandReceipt"/> and the headers <c>ETag</c> and <c>Log-Position</c>, or a problem: a rejection 422 (or as
    /// <see cref="WebOptions.RejectionStatuses"/> says), a conflict 409, 412 with <c>If-Match</c>, invalid input 400, forbidden 403, and over the tenant's
    /// limits 429 (with <c>Retry-After</c>) or 507.
    /// </summary>
    public static CommandHttpResult ToHttp(this CommandResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new CommandHttpResult(result, null);
    }

    /// <summary>Like <see cref="ToHttp"/>, but with 201 and the header <c>Location</c>.</summary>
    /// <param name="result">The result.</param>
    /// <param name="path">The address of the collection, such as <c>/orders</c>.</param>
    public static CommandHttpResult ToCreated(this CommandResult result, string path)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new CommandHttpResult(result, path);
    }
}
