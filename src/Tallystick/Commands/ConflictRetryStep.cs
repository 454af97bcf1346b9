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
        return first.IsCompletedSuccessfully && first.Result is var result
            ? ShallRetry(request, result) ? RetryAsync(request, next, new(result), outerAmendments, cancellationToken) : new(result)
            : RetryAsync(request, next, first, outerAmendments, cancellationToken);
    }

    private async ValueTask<CommandResult> RetryAsync(
        CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, ValueTask<CommandResult> first, int outerAmendments,
        CancellationToken cancellationToken)
    {
        var result = await first;
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
        && (request.ExpectedVersion == ExpectedVersion.Any || conflict.Stream != request.Stream || conflict.Reason is not Refusal.WrongVersion);

    private TimeSpan DelayBefore(int attempt)
    {
        // Doubled at most 30 times: the factor stays an exact double, far beyond any sensible maximum.
        var longest = Math.Min(_delay.TotalMilliseconds * Math.Pow(2, Math.Min(attempt - 3, 30)), _delayMax.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(longest * (1 - (_entropy.NextDouble() / 2)));
    }
}
