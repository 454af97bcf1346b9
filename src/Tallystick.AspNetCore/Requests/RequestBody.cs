using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Tallystick.AspNetCore.Requests;

/// <summary>The whole body of a request in memory, bounded, to be read again by the endpoint.</summary>
internal static class RequestBody
{
    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>
    /// Sets the server's limit; false if the announced body is already over it. A body that is refused is still taken in by the server, which
    /// bounds that by time: a client that is in the middle of sending would otherwise see a broken connection and not the answer.
    /// </summary>
    public static bool TryLimit(HttpContext context, long bytesMax, bool isReadHere)
    {
        var isOver = context.Request.ContentLength > bytesMax;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
            feature.MaxRequestBodySize = isOver || isReadHere ? null : bytesMax;
        return !isOver;
    }

    /// <summary>Reads the body; null if it is over the limit.</summary>
    public static async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(HttpRequest request, int bytesMax, CancellationToken cancellationToken)
    {
        var buffer = new byte[request.ContentLength is { } announced ? (int)announced + 1 : 4096];
        var length = 0;
        while (true)
        {
            var read = await request.Body.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
                break;
            length += read;
            if (length > bytesMax)
                return null;
            if (length == buffer.Length)
                Array.Resize(ref buffer, (int)Math.Min(buffer.Length * 2L, bytesMax + 1L));
        }

        var body = buffer.AsMemory(0, length);
        if (body.Span.StartsWith(ByteOrderMark))
            body = body[ByteOrderMark.Length..];
        request.Body = new MemoryStream(buffer, length - body.Length, body.Length, writable: false);
        return body;
    }
}
