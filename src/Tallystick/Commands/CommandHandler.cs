using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Commands;

// One attempt: state, decision, commit. It never repeats anything itself: whatever it finds to be out of date comes back as a
// conflict, with the cache told what was learned, and the step around it decides whether to try again.
//
// With the state in the cache and a store that answers at once, nothing here is asynchronous; with a store that doesn't, the one
// state machine is AwaitCommitAsync's.

/// <summary>The end of the command pipeline: loads the state, lets the decider decide and commits.</summary>
internal sealed class CommandHandler(
    IStore store, Deciders deciders, EventSerializer serializer, StateCache cache, StateLoader loader, Snapshots snapshots)
{
    public ValueTask<CommandResult> HandleAsync(CommandRequest request, CancellationToken cancellationToken)
    {
        var decider = deciders.ForCommand(request.Command.GetType());
        if (decider.Category != request.Stream.Category)
        {
            throw new ArgumentException(
                $"The command {request.Command.GetType()} is for streams of category '{decider.Category}', not for {request.Stream}.");
        }

        var isUsable = cache.TryGet(request.Tenant, request.Stream, out var cached, out var isStale)
            && !isStale && request.ExpectedVersion.Allows(cached.Version);
        return isUsable
            ? DecideAsync(request, decider, cached, isCached: true, cancellationToken)
            : LoadAndDecideAsync(request, decider, cancellationToken);
    }

    private async ValueTask<CommandResult> LoadAndDecideAsync(CommandRequest request, Decider decider, CancellationToken cancellationToken)
    {
        var state = await loader.LoadAsync(request.Tenant, request.Stream, decider, cancellationToken);
        return request.ExpectedVersion.Allows(state.Version)
            ? await DecideAsync(request, decider, state, isCached: false, cancellationToken)
            : new CommandResult.Conflict(request.Stream, request.ExpectedVersion, state.Version);
    }

    private ValueTask<CommandResult> DecideAsync(
        CommandRequest request, Decider decider, StreamState<object> before, bool isCached, CancellationToken cancellationToken)
    {
        var decided = decider.Run(request.Command, before.State, serializer);
        if (decided.Rejection is { } rejection)
        {
            var rejected = new CommandResult.Rejected(rejection);
            return isCached ? RejectIfCurrentAsync(request, before.Version, rejected, cancellationToken) : new(rejected);
        }

        // Also without events: the store confirms that there was nothing to do in the state that the stream has now.
        var commit = Commit.For(request.Tenant)
            .Append(request.Stream, ExpectedVersion.Exactly(before.Version), decided.Events)
            .From(request.Metadata);
        if (request.IdempotencyKey is { } key)
            commit = commit.Once(key);
        commit = request.ApplyAmendments(commit);
        var after = new StreamState<object>(decided.State, StreamVersion.Of(before.Version.Value + decided.Events.Length));
        commit = snapshots.AddIfDue(commit, decider, request.Stream, before.Version, after);

        var pending = store.CommitAsync(commit, cancellationToken);
        return pending.IsCompletedSuccessfully
            ? new(Finish(request, before.Version, after, pending.Result))
            : AwaitCommitAsync(pending, request, before.Version, after);
    }

    private async ValueTask<CommandResult> AwaitCommitAsync(
        ValueTask<CommitResult> pending, CommandRequest request, StreamVersion before, StreamState<object> after) =>
        Finish(request, before, after, await pending);

    /// <summary>A rejection commits nothing that would check the version, so the version is read.</summary>
    private async ValueTask<CommandResult> RejectIfCurrentAsync(
        CommandRequest request, StreamVersion decidedOn, CommandResult.Rejected rejected, CancellationToken cancellationToken)
    {
        var actual = await store.ReadStreamVersionAsync(request.Tenant, request.Stream, cancellationToken);
        if (actual == decidedOn)
            return rejected;
        cache.Observe(request.Tenant, request.Stream, decidedOn, actual);
        return new CommandResult.Conflict(request.Stream, ExpectedVersion.Exactly(decidedOn), actual);
    }

    private CommandResult Finish(CommandRequest request, StreamVersion before, StreamState<object> after, CommitResult result)
    {
        switch (result)
        {
            // The store has done nothing now, so the state that was just computed isn't the stream's.
            case CommitResult.Committed { IsReplay: true } first:
                return CommandResult.Replay(request, first);

            case CommitResult.Committed committed:
                if (after.Version > StreamVersion.None)
                    cache.Put(request.Tenant, request.Stream, after);
                return new CommandResult.Accepted(request.Stream, after.Version, committed.Position, IsReplay: false);

            case CommitResult.Refused { Reason: Refusal.KeyReused reused }:
                return new CommandResult.KeyReused(reused.Key);

            case CommitResult.Refused { Reason: Refusal.WrongVersion wrong }:
                if (wrong.Stream == request.Stream)
                    cache.Observe(request.Tenant, request.Stream, before, wrong.Actual);
                return new CommandResult.Conflict(wrong.Stream, wrong.Expected, wrong.Actual) { Reason = wrong };

            // Nobody's decision is out of date: the tenant is being moved, or erased.
            case CommitResult.Refused { Reason: Refusal.Fenced or Refusal.Erasing }:
                result.Demand();
                goto default;

            case CommitResult.Refused refused:
                return new CommandResult.Conflict(request.Stream, ExpectedVersion.Exactly(before), before) { Reason = refused.Reason };

            default:
                throw new InvalidOperationException("CommitResult is a closed set.");
        }
    }
}
