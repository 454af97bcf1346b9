using Tallystick.Pipeline;
using Tallystick.Tenancy;
using Tallystick.Tenancy.Databases;

namespace Tallystick.Commands;

/// <summary>
/// Holds each tenant to its commands in a second, before anything is done for them. Each node counts for itself: tenants that are served by
/// several nodes may come to as many times the limit.
/// </summary>
internal sealed class RateStep(TenantDirectory directory, TimeProvider time) : IPipelineStep<CommandRequest, CommandResult>
{
    public ValueTask<CommandResult> InvokeAsync(
        CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken) =>
        request.Tenant == TenantId.Platform ? next(request, cancellationToken)
        : directory.TryFind(request.Tenant) is { } entry ? Pass(entry, request, next, cancellationToken)
        : FindAndPassAsync(request, next, cancellationToken);

    private async ValueTask<CommandResult> FindAndPassAsync(
        CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken) =>
        await Pass(await directory.FindAsync(request.Tenant, cancellationToken), request, next, cancellationToken);

    private ValueTask<CommandResult> Pass(
        TenantEntry entry, CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken) =>
        directory.LimitsOf(entry).CommandsPerSecond is not { } limit || entry.Rate.TryTake(limit, time, out var retryAfter)
            ? next(request, cancellationToken)
            : new(new CommandResult.TooMany(limit, retryAfter));
}

/// <summary>Refuses commands of tenants that have stored as much as they may.</summary>
internal sealed class StorageStep(StorageLimit limit) : IPipelineStep<CommandRequest, CommandResult>
{
    public ValueTask<CommandResult> InvokeAsync(
        CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken) =>
        limit.IsFree(request.Tenant) ? next(request, cancellationToken) : CheckAsync(request, next, cancellationToken);

    private async ValueTask<CommandResult> CheckAsync(
        CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken) =>
        await limit.FindExcessAsync(request.Tenant, cancellationToken) is var (stored, maximum)
            ? new CommandResult.StorageFull(stored, maximum)
            : await next(request, cancellationToken);
}
