using Sample.Users;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Pipeline;
using Tallystick.Storage;

namespace Sample.Orders;

/// <summary>
/// Who orders must be a registered user: a rule that spans two streams. The user's stream is read, and the commit demands that it is still at the
/// version on which this was decided. If it has moved on, the command is decided again.
/// </summary>
public sealed class CustomerMustExist(IStore store) : IPipelineStep<CommandRequest, CommandResult>
{
    public async ValueTask<CommandResult> InvokeAsync(
        CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken)
    {
        if (request.Command is not PlaceOrder place)
            return await next(request, cancellationToken);

        if (!StreamIds.TryMake(UserDecider.StreamCategory, place.CustomerId, out var customer))
            return Unknown(place);
        var version = await store.ReadStreamVersionAsync(request.Tenant, customer, cancellationToken);
        if (version == StreamVersion.None)
            return Unknown(place);
        request.Expect(customer, ExpectedVersion.Exactly(version));
        return await next(request, cancellationToken);
    }

    private static CommandResult.Rejected Unknown(PlaceOrder place) =>
        new(new Rejection("customer-unknown", $"'{place.CustomerId}' is no registered user. Register it by POST /users first."));
}
