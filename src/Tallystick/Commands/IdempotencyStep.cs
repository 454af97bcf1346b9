using Tallystick.Pipeline;
using Tallystick.Storage;

namespace Tallystick.Commands;

// The lookup before is only a shortcut; what makes the promise is the key in the commit, by which the store lets one of two racing
// executions win. The lookup afterwards is for the loser whose decision never got as far as a commit: it may have loaded the state after
// the winner's events, and then "already confirmed" would be the answer to a command that did take effect.

/// <summary>
/// Answers the repetition of a command with the first result. Only what was committed is remembered: a rejection, conflict or validation
/// failure has changed nothing, so its repetition is decided anew.
/// </summary>
internal sealed class IdempotencyStep(IStore store) : IPipelineStep<CommandRequest, CommandResult>
{
    public ValueTask<CommandResult> InvokeAsync(
        CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken) =>
        request.IdempotencyKey is { } key ? OnceAsync(request, key, next, cancellationToken) : next(request, cancellationToken);

    private async ValueTask<CommandResult> OnceAsync(
        CommandRequest request, IdempotencyKey key, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken)
    {
        if (await FindAsync(request, key, cancellationToken) is { } remembered)
            return remembered;
        var result = await next(request, cancellationToken);
        return result is CommandResult.Accepted or CommandResult.KeyReused
            ? result
            : await FindAsync(request, key, cancellationToken) ?? result;
    }

    private async ValueTask<CommandResult?> FindAsync(CommandRequest request, IdempotencyKey key, CancellationToken cancellationToken)
    {
        if (await store.FindCommitAsync(request.Tenant, key.Value, cancellationToken) is not { } remembered)
            return null;
        return key.IsSameChange(remembered.Key)
            ? CommandResult.Replay(request, remembered.Result)
            : new CommandResult.KeyReused(key.Value);
    }
}
