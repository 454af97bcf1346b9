using System.Collections.Immutable;
using Tallystick.Projections;

namespace Tallystick.AspNetCore;

/// <summary>The bounds of requests, and how business rejections are answered.</summary>
public sealed record WebOptions
{
    /// <summary>
    /// The most bytes of a request's body; a larger one is answered with 413. Default 1 MiB. An endpoint that reads its body itself, such as an upload,
    /// may have another limit (<c>IRequestSizeLimitMetadata</c>).
    /// </summary>
    public int BodyBytesMax { get; init; } = 1024 * 1024;

    /// <summary>The most levels of nesting in a JSON body. Default 32.</summary>
    public int BodyDepthMax { get; init; } = 32;

    /// <summary>The most errors that one answer names. Default 100.</summary>
    public int ErrorsMax { get; init; } = 100;

    /// <summary>How long a read waits for the position of <c>At-Least-Position</c> before it is answered with 503. Default 5 s.</summary>
    public TimeSpan ReadDeadline { get; init; } = ReadFreshness.DefaultDeadline;

    /// <summary>The most characters of an <c>Idempotency-Key</c>. Default 255.</summary>
    public int IdempotencyKeyLengthMax { get; init; } = 255;

    /// <summary>The most characters of an <c>X-Correlation-Id</c>; a longer or unprintable one is replaced. Default 128.</summary>
    public int CorrelationIdLengthMax { get; init; } = 128;

    /// <summary>What <c>Retry-After</c> tells when the store or a read model isn't ready. Default 1 s.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long <c>/health/ready</c> waits for the store. Default 2 s.</summary>
    public TimeSpan ReadyDeadline { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The status of rejections by their code, for those that aren't 422. Default: none.</summary>
    public ImmutableDictionary<string, int> RejectionStatuses { get; init; } = ImmutableDictionary<string, int>.Empty;

    /// <summary>
    /// Answers rejections with this code by another status than 422, for example those that say that there is no such entity by 404.
    /// </summary>
    /// <param name="code">The rejection's code.</param>
    /// <param name="status">400 to 499.</param>
    /// <exception cref="ArgumentOutOfRangeException">The status isn't one of a client's error.</exception>
    public WebOptions Reject(string code, int status)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 400);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 499);
        return this with { RejectionStatuses = RejectionStatuses.SetItem(code, status) };
    }

    internal WebOptions Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(BodyBytesMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(BodyDepthMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(ErrorsMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(ReadDeadline, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(IdempotencyKeyLengthMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(CorrelationIdLengthMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(RetryAfter, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ReadyDeadline, TimeSpan.Zero);
        return this;
    }
}
