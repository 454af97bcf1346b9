using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Pipeline;
using Tallystick.Storage;

namespace Sample.Users;

/// <summary>
/// No two users of a tenant have the same e-mail address. No single stream can know that, so the log is asked by the events' tags, and the commit
/// demands that the answer still holds: of two who register the same address at the same moment, one is refused by the store, is tried
/// again, and finds the other.
/// </summary>
public sealed class UniqueEmail(IStore store) : IPipelineStep<CommandRequest, CommandResult>
{
    public async ValueTask<CommandResult> InvokeAsync(
        CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken)
    {
        if (request.Command is not RegisterUser register)
            return await next(request, cancellationToken);

        var sameEmail = EventQuery.Tagged($"email:{UserRegistered.KeyOf(register.Email)}").OfType<UserRegistered>();
        var found = await store.ReadLogAsync(request.Tenant, new LogRead(LogPosition.Start, 1, sameEmail), cancellationToken);
        if (!found.Events.IsEmpty)
            return new CommandResult.Rejected(new Rejection("email-taken", "Another user has this e-mail address."));
        request.Require(sameEmail, noneAfter: LogPosition.Start);
        return await next(request, cancellationToken);
    }
}
