using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Tallystick.Commands;

namespace Tallystick.AspNetCore.Problems;

/// <summary>An error as RFC 9457 describes it, with a stable <c>code</c> for programs. Written whatever the client accepts.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="code">For programs: lower-case words with hyphens that never change.</param>
/// <param name="title">What kind of error it is; the same for every occurrence.</param>
/// <param name="detail">What is wrong this time, and what to do about it.</param>
public sealed class HttpProblem(int status, string code, string title, string? detail = null) : IResult, IStatusCodeHttpResult
{
    /// <summary>The media type of problems.</summary>
    public const string ContentType = "application/problem+json";

    /// <summary>The HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>For programs: lower-case words with hyphens that never change.</summary>
    public string Code { get; } = code;

    /// <summary>What is wrong with which field; empty if no field is to blame.</summary>
    public ImmutableArray<ValidationFailure> Errors { get; init; } = [];

    /// <summary>What else programs may want to know, by camelCase names.</summary>
    public ImmutableDictionary<string, object?> Facts { get; init; } = ImmutableDictionary<string, object?>.Empty;

    /// <summary>When to try again; null: not unchanged.</summary>
    public TimeSpan? RetryAfter { get; init; }

    int? IStatusCodeHttpResult.StatusCode => Status;

    /// <summary>Bad input, with all that is wrong with it.</summary>
    public static HttpProblem BadInput(ImmutableArray<ValidationFailure> errors) =>
        new(StatusCodes.Status400BadRequest, "invalid", "The request has invalid values.", "The member 'errors' names each of them.")
        {
            Errors = errors,
        };

    /// <summary>The tenant has stored as much as it may.</summary>
    internal static HttpProblem StorageFull(long stored, long maximum) => new(
        StatusCodes.Status507InsufficientStorage, "storage-full", "The tenant has stored as much as it may.",
        string.Create(CultureInfo.InvariantCulture, $"It has stored {stored} bytes; the limit is {maximum}. Nothing was stored. Ask an operator for more."))
    {
        Facts = HttpFacts.Of(("storedBytes", stored), ("maximum", maximum)),
    };

    /// <summary>The problem that a bare status stands for.</summary>
    public static HttpProblem OfStatus(int status, string? detail = null) => status switch
    {
        400 => new(status, "bad-request", "The request is malformed.", detail),
        401 => new(status, "unauthorized", "A valid access token is needed.", detail ?? "Send one in the header Authorization: Bearer …"),
        403 => new(status, "forbidden", "The caller may not do this.", detail),
        404 => new(status, "not-found", "There is nothing at this address.", detail),
        405 => new(status, "method-not-allowed", "This address doesn't take this method.", detail ?? "The header Allow names those that it takes."),
        408 => new(status, "request-timeout", "The request came too slowly.", detail),
        413 => new(status, "body-too-large", "The body is too large.", detail),
        415 => new(status, "unsupported-media-type", "The body has a type that isn't understood.",
            detail ?? "Send JSON, with Content-Type: application/json."),
        500 => new(status, "internal-error", "Something went wrong on the server.", detail ?? "It has been logged under the traceId."),
        _ => new(status, $"http-{status.ToString(CultureInfo.InvariantCulture)}", "The request failed.", detail),
    };

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var body = new ProblemDetails { Type = $"urn:tallystick:problem:{Code}", Title = title, Status = Status, Detail = detail };
        body.Extensions["code"] = Code;
        foreach (var (name, value) in Facts.OrderBy(fact => fact.Key, StringComparer.Ordinal))
            body.Extensions[name] = value;
        if (!Errors.IsEmpty)
        {
            body.Extensions["errors"] = Errors.GroupBy(error => error.Field)
                .ToDictionary(field => field.Key, field => field.Select(error => error.Message).Distinct().ToArray());
        }

        body.Extensions["traceId"] = Activity.Current?.Id ?? httpContext.TraceIdentifier;
        var response = httpContext.Response;
        response.StatusCode = Status;
        response.Headers.CacheControl = "no-store";
        if (RetryAfter is { } after)
            response.Headers.RetryAfter = Math.Ceiling(after.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return response.WriteAsJsonAsync(body, options: null, ContentType, httpContext.RequestAborted);
    }
}
