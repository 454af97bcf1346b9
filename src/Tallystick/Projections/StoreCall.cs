namespace Tallystick.Projections;

/// <summary>
/// Marks failures of the store that happen while a handler runs, so that they are not taken for the handler's fault: the store's
/// failures are retried without end, the handler's only a few times.
/// </summary>
internal static class StoreCall
{
    public static async ValueTask<T> RunAsync<T>(ValueTask<T> call)
    {
        try
        {
            return await call;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw new StoreCallException(error);
        }
    }
}

/// <summary>The store failed while a handler ran.</summary>
internal sealed class StoreCallException(Exception cause) : Exception(cause.Message, cause);
