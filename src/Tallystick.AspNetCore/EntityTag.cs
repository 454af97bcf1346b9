using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Primitives;
using Tallystick.AspNetCore.Requests;
using Tallystick.Events;

namespace Tallystick.AspNetCore;

/// <summary>Entity tags, which are the versions of streams in quotes: what <c>ETag</c> gives, <c>If-Match</c> takes.</summary>
public static class EntityTag
{
    /// <summary>The entity tag of a version.</summary>
    public static string Of(StreamVersion version) => string.Create(CultureInfo.InvariantCulture, $"\"{version.Value}\"");

    /// <summary>
    /// Answers with an entity, its <c>ETag</c> and <c>Log-Position</c>; with 304 if the caller's <c>If-None-Match</c> names this version.
    /// </summary>
    /// <param name="value">The entity.</param>
    /// <param name="version">Its version.</param>
    /// <param name="position">The position of the event that led to it.</param>
    public static VersionedResult<T> Answer<T>(T value, StreamVersion version, LogPosition position) => new(value, version, position);

    internal static bool Names(StringValues ifNoneMatch, StreamVersion version)
    {
        var tag = Of(version);
        return ifNoneMatch.SelectMany(header => (header ?? "").Split(',', StringSplitOptions.TrimEntries))
            .Any(one => one == "*" || one == tag || one == "W/" + tag);
    }
}

/// <summary>An entity with its version. See <see cref="EntityTag.Answer"/>.</summary>
public sealed class VersionedResult<T>(T value, StreamVersion version, LogPosition position)
    : IResult, IValueHttpResult<T>, IValueHttpResult, IStatusCodeHttpResult
{
    /// <summary>The entity.</summary>
    public T Value { get; } = value;

    T? IValueHttpResult<T>.Value => Value;

    object? IValueHttpResult.Value => Value;

    int? IStatusCodeHttpResult.StatusCode => StatusCodes.Status200OK;

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var headers = httpContext.Response.Headers;
        headers.ETag = EntityTag.Of(version);
        headers[RequestHeaders.LogPosition] = position.ToString();
        headers.CacheControl = "private, no-cache";
        if (!EntityTag.Names(httpContext.Request.Headers.IfNoneMatch, version))
            return TypedResults.Ok(Value).ExecuteAsync(httpContext);
        httpContext.Response.StatusCode = StatusCodes.Status304NotModified;
        return Task.CompletedTask;
    }
}
