using Microsoft.Extensions.Logging;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy.Databases;
using Tallystick.Tenancy.Moving;

namespace Tallystick.Tenancy;

// The catalog is the queue: what is asked of a move, and how far it is, are events there, and everything else is read from the two stores. So
// any node takes up what another has left. A lease in the main database keeps two nodes from working at the same move; it saves work, and
// nothing depends on it: of two movers that run all the same, the later takes over the copy, and the catalog takes each step once.

/// <summary>Moves tenants as the catalog says: forwards, and what confirming, undoing and abandoning a move leave to be done.</summary>
internal sealed partial class TenantMover(
    PlacedStore store, TenantDirectory directory, Func<string, TenantId, CancellationToken, ValueTask> removeFilesAsync, TenantOptions options, MoveLeases leases,
    TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1), RetryDelayMax = TimeSpan.FromMinutes(1);

    private readonly MoveQueue _queue = new(time);

    /// <summary>Takes note of what a tenant's move needs now.</summary>
    public void Note(TenantId tenant, TenantRecord record) => _queue.Note(tenant, StepToDo(record), DueOf(record));

    /// <summary>What this node does for a tenant's move; null if nothing.</summary>
    public MoveWork? WorkFor(TenantId tenant) => _queue.WorkFor(tenant);

    /// <summary>Works at one move after the other, until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        while (true)
        {
            using var turn = await _queue.TakeAsync(cancellationToken);
            await TryAsync(turn, cancellationToken);
        }
    }

    private async Task TryAsync(MoveTurn turn, CancellationToken cancellationToken)
    {
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, turn.Overtaken);
            if (await leases.RunAsync(turn.Tenant, token => WorkAsync(turn, token), either.Token) is { } heldFor)
                turn.TryAgainIn(heldFor);
            else
                turn.Done();
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            if (turn.Overtaken.IsCancellationRequested)
                return; // The catalog says something else by now, and it is done next.
            var delay = Delay(turn.Failures + 1);
            LogMoveFailed(error, turn.Tenant, delay);
            turn.Fail(error.Message, delay);
        }
    }

    /// <summary>Does all that there is to do now; a step that others have to ask for, or that isn't due, ends it.</summary>
    private async Task WorkAsync(MoveTurn turn, CancellationToken cancellationToken)
    {
        while (true)
        {
            turn.Look();
            var (record, _) = await directory.ReadAsync(turn.Tenant, cancellationToken);
            if (StepToDo(record) is not { } step || record.Move is not { } move)
                return;
            if (DueOf(record) is { } due && due > time.GetUtcNow())
            {
                _queue.Note(turn.Tenant, step, due);
                return;
            }

            await StepAsync(turn, move, cancellationToken);
        }
    }

    private async Task StepAsync(MoveTurn turn, MoveInProgress move, CancellationToken cancellationToken)
    {
        var tenant = turn.Tenant;
        switch (move.Step)
        {
            case MoveStep.Begun or MoveStep.Switched:
                await MoveAsync(turn, move.Source, move.Target, cancellationToken);
                break;
            case MoveStep.Undoing or MoveStep.SwitchedBack:
                await MoveAsync(turn, move.Target, move.Source, cancellationToken);
                break;
            case MoveStep.Confirming:
                await WithBothAsync(tenant, move.Source, move.Target, (source, target) => MoverOf(turn, source, target).ConfirmAsync(cancellationToken), cancellationToken);
                await EndAsync(tenant, move.Source, cancellationToken);
                break;
            case MoveStep.Undone:
                await WithBothAsync(tenant, move.Target, move.Source, (source, target) => MoverOf(turn, source, target).ConfirmAsync(cancellationToken), cancellationToken);
                await EndAsync(tenant, move.Target, cancellationToken);
                break;
            case MoveStep.Abandoning:
                await WithBothAsync(
                    tenant, move.Source, move.Target,
                    // The catalog never said that the tenant is elsewhere, so there is nothing to take back.
                    (source, target) => MoverOf(turn, source, target).AbandonAsync(static _ => ValueTask.CompletedTask, cancellationToken), cancellationToken);
                await EndAsync(tenant, move.Target, cancellationToken);
                break;
            default:
                throw new InvalidOperationException($"A move at step {move.Step} has nothing to be done.");
        }
    }

    private async Task MoveAsync(MoveTurn turn, Placement from, Placement to, CancellationToken cancellationToken)
    {
        var result = default(TenantMoveResult);
        await WithBothAsync(
            turn.Tenant, from, to,
            async (source, target) => result = await MoverOf(turn, source, target).RunAsync(token => SwitchAsync(turn.Tenant, token), cancellationToken), cancellationToken);
        await RecordAsync(
            turn.Tenant, new TenantCommand.SettleMove(new MoveOutcome(time.GetUtcNow(), result!.Position.Value, result.FencedFor)), cancellationToken);
        LogMoved(turn.Tenant, from, to, result.Position, result.FencedFor);
    }

    private async ValueTask SwitchAsync(TenantId tenant, CancellationToken cancellationToken) =>
        await RecordAsync(tenant, new TenantCommand.SwitchMove(), cancellationToken);

    /// <summary>The copy at a place is erased; if the place is the tenant's own, its files go too, and the move is over.</summary>
    private async Task EndAsync(TenantId tenant, Placement left, CancellationToken cancellationToken)
    {
        if (left is Placement.Dedicated(var kind))
            await removeFilesAsync(kind, tenant, cancellationToken);
        await RecordAsync(tenant, new TenantCommand.EndMove(), cancellationToken);
        LogEnded(tenant, left);
    }

    private async Task RecordAsync(TenantId tenant, TenantCommand command, CancellationToken cancellationToken)
    {
        if (await directory.RecordAsync(tenant, command, cancellationToken) is null)
            throw new TallystickException($"The catalog rejects '{command}' for tenant '{tenant}': another node, or an operator, was faster.", isTransient: true);
    }

    private async Task WithBothAsync(
        TenantId tenant, Placement from, Placement to, Func<IStore, IStore, ValueTask> workAsync, CancellationToken cancellationToken)
    {
        using var source = await store.UseAsync(from, tenant, cancellationToken);
        using var target = await store.UseAsync(to, tenant, cancellationToken);
        await workAsync(source.Store!, target.Store!);
    }

    private TenantMove MoverOf(MoveTurn turn, IStore source, IStore target) =>
        new(source, target, turn.Tenant, new TenantMoveOptions { FenceTimeout = options.FenceTimeout, Time = time }, turn);

    /// <summary>The step at which the runtime has to do something; null if it is an operator's turn.</summary>
    private static MoveStep? StepToDo(TenantRecord record) => record.Move is { Step: not MoveStep.Settled and var step } ? step : null;

    /// <summary>When that may be done; null: now.</summary>
    private DateTimeOffset? DueOf(TenantRecord record) => record.Move is { Step: MoveStep.Confirming or MoveStep.Undone, Outcome: { } outcome }
        ? outcome.At + options.MovedCopyKeptFor : null;

    private static TimeSpan Delay(int failures)
    {
        var delay = RetryDelay * Math.Pow(2, Math.Min(failures - 1, 10));
        return delay < RetryDelayMax ? delay : RetryDelayMax;
    }

    [LoggerMessage(1030, LogLevel.Information, "Tenant '{Tenant}' was moved from '{From}' to '{To}' at position {Position}; writers waited {Waited}.")]
    private partial void LogMoved(TenantId tenant, Placement from, Placement to, LogPosition position, TimeSpan waited);

    [LoggerMessage(1031, LogLevel.Information, "The move of tenant '{Tenant}' is over: its copy in '{Left}' is erased.")]
    private partial void LogEnded(TenantId tenant, Placement left);

    [LoggerMessage(1032, LogLevel.Error, "The move of tenant '{Tenant}' failed; trying again in {Delay}.")]
    private partial void LogMoveFailed(Exception error, TenantId tenant, TimeSpan delay);
}
