using Tallystick.Events;
using Tallystick.Pipeline;
using Tallystick.Storage;

namespace Tallystick.Commands;

/// <summary>
/// Tries again when someone else was faster: at once, then after waits that double and are jittered, so that competitors part. Not when
/// the caller named the version that it has seen and the stream has another: then only the caller can decide anew.
/// </summary>
internal sealed class ConflictRetryStep(CommandOptions options) : IPipelineStep<CommandRequest, CommandResult>
{
    private readonly int _attemptsMax = options.AttemptsMax;
    private readonly TimeSpan _delay = options.RetryDelay;
    private readonly TimeSpan _delayMax = options.RetryDelayMax;
    private readonly TimeProvider _time = options.Time;
    private readonly Entropy _entropy = options.Entropy;

    public ValueTask<CommandResult> InvokeAsync(
        CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken)
    {
        var outerAmendments = request.AmendmentCount;
        var first = next(request, cancellationToken);
        if (!first.IsCompletedSuccessfully)
            return AwaitFirstAsync(first, request, next, outerAmendments, cancellationToken);
        var result = first.Result;
        return ShallRetry(request, result) ? RetryAsync(result, request, next, outerAmendments, cancellationToken) : new(result);
    }

    private async ValueTask<CommandResult> AwaitFirstAsync(
        ValueTask<CommandResult> first, CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, int outerAmendments,
        CancellationToken cancellationToken)
    {
        var result = await first;
        return ShallRetry(request, result) ? await RetryAsync(result, request, next, outerAmendments, cancellationToken) : result;
    }

    private async ValueTask<CommandResult> RetryAsync(
        CommandResult result, CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, int outerAmendments,
        CancellationToken cancellationToken)
    {
        for (var attempt = 2; attempt <= _attemptsMax && ShallRetry(request, result); attempt++)
        {
            if (attempt > 2)
                await Task.Delay(DelayBefore(attempt), _time, cancellationToken);
            request.ForgetAmendmentsAfter(outerAmendments);
            result = await next(request, cancellationToken);
        }

        return result;
    }

    private static bool ShallRetry(CommandRequest request, CommandResult result) =>
        result is CommandResult.Conflict conflict
        && (request.ExpectedVersion == ExpectedVersion.Any
            || conflict.Stream != request.Stream
            || conflict.Reason is not Refusal.WrongVersion);

    private TimeSpan DelayBefore(int attempt)
    {
        // Doubled at most 30 times: the factor stays an exact double, far beyond any sensible maximum.
        var longest = Math.Min(_delay.TotalMilliseconds * Math.Pow(2, Math.Min(attempt - 3, 30)), _delayMax.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(longest * (1 - (_entropy.NextDouble() / 2)));
    }
}
