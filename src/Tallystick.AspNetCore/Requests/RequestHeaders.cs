using System.Diagnostics;
using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.AspNetCore.Requests;

/// <summary>Reads the headers that condition a request. What is wrong with them is added to the errors.</summary>
internal static class RequestHeaders
{
    public const string AtLeastPosition = "At-Least-Position";
    public const string CorrelationId = "X-Correlation-Id";
    public const string IdempotencyKey = "Idempotency-Key";
    public const string IdempotencyReplayed = "Idempotency-Replayed";
    public const string LogPosition = "Log-Position";

    /// <summary>
    /// One strong entity tag, which is a stream's version. <c>*</c> asks only that there is something, which commands on an entity ask anyway.
    /// </summary>
    public static ExpectedVersion ReadIfMatch(StringValues header, List<ValidationFailure> errors)
    {
        // One that is there but empty isn't the same as none: whoever sent it meant to be guarded.
        var text = header.ToString().Trim();
        if (header.Count == 0 || text == "*")
            return ExpectedVersion.Any;
        if (text.Length >= 3 && text[0] == '"' && text[^1] == '"' && TryReadCount(text[1..^1], out var version) && version > 0)
            return ExpectedVersion.Exactly(version);
        errors.Add(new ValidationFailure("If-Match", text.StartsWith("W/", StringComparison.Ordinal)
            ? "A weak entity tag can't guard a change. Send the strong one from the header ETag, such as \"3\"."
            : "Send one entity tag in quotes as the header ETag gave it, such as \"3\", or *."));
        return ExpectedVersion.Any;
    }

    /// <summary>
    /// The key under which the store remembers the result. It is a hash over the caller's key and all that it is valid for, so that the same
    /// key of another user or for another address is another key; its length is always the same.
    /// </summary>
    public static IdempotencyKey? ReadIdempotencyKey(
        HttpRequest request, ClaimsPrincipal user, ReadOnlyMemory<byte> body, int lengthMax, List<ValidationFailure> errors)
    {
        if (!request.Headers.TryGetValue(IdempotencyKey, out var header))
            return null;
        var text = header.ToString();
        if (header.Count > 1 || text.Length == 0 || text.Length > lengthMax || text.Any(c => c is <= ' ' or > '~'))
        {
            errors.Add(new ValidationFailure(IdempotencyKey, $"Use one key of 1 to {lengthMax} visible ASCII characters, such as a UUID."));
            return null;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        foreach (var part in (ReadOnlySpan<string>)[Origin.UserIdOf(user) ?? "", request.Method, request.PathBase + request.Path, text])
        {
            // Each part with its length, so that no two lists of parts give the same bytes.
            var bytes = Encoding.UTF8.GetBytes(part);
            BitConverter.TryWriteBytes(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }

        return new IdempotencyKey(Convert.ToHexStringLower(hash.GetHashAndReset()), Convert.ToHexStringLower(SHA256.HashData(body.Span)));
    }

    public static ReadFreshness ReadFreshness(StringValues header, TimeSpan deadline, List<ValidationFailure> errors)
    {
        if (header.Count == 0)
            return Projections.ReadFreshness.Any;
        if (TryReadCount(header.ToString(), out var position))
            return Projections.ReadFreshness.AtLeast(Events.LogPosition.Of(position), deadline);
        errors.Add(new ValidationFailure(AtLeastPosition, "Send a position as a whole number, as the header Log-Position gave it."));
        return Projections.ReadFreshness.Any;
    }

    /// <summary>
    /// What is stored with the request's events. The correlation id is the caller's own if it is fit to be stored, else the trace's.
    /// </summary>
    public static EventMetadata ReadMetadata(HttpContext context, int correlationLengthMax)
    {
        var given = context.Request.Headers[CorrelationId].ToString();
        var isFit = given.Length > 0 && given.Length <= correlationLengthMax && given.All(c => c is > ' ' and <= '~');
        var activity = Activity.Current;
        var trace = activity is { IdFormat: ActivityIdFormat.W3C } ? activity.Id : null;
        return new EventMetadata(isFit ? given : activity?.TraceId.ToHexString() ?? context.TraceIdentifier, TraceParent: trace);
    }

    private static bool TryReadCount(string text, out long value) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
