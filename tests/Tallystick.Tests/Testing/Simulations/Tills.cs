using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Pipeline;
using Tallystick.Projections;
using Tallystick.Subscriptions;

namespace Tallystick.Tests.Testing.Simulations;

public sealed record PayIn(int Amount);

[EventType("till.paid")]
public sealed record PaidIn(int Amount);

public sealed record Till(long Total);

public sealed class TillDecider : Decider<PayIn, PaidIn, Till>
{
    public override string Category => "till";

    public override Till InitialState => new(0);

    public override Decision<PaidIn> Decide(PayIn command, Till till) => Accept(new PaidIn(command.Amount));

    public override Till Evolve(Till till, PaidIn @event) => new(till.Total + @event.Amount);
}

public sealed class Tills : Projection<Till>
{
    public Tills()
        : base("tills", version: 1) =>
        Upsert<PaidIn>((_, at) => at.Stream.Key, (till, e, _) => new Till((till?.Total ?? 0) + e.Amount));
}

/// <summary>What the application does where it has an effect.</summary>
public sealed record Effect(Func<CancellationToken, Task> RunAsync);

public sealed class Effects : Subscription
{
    public Effects(Effect effect)
        : base("effects") =>
        On<PaidIn>(async (_, _, cancellationToken) =>
        {
            await effect.RunAsync(cancellationToken);
            return new Verdict.Complete();
        });
}

public sealed class EffectStep(Effect effect) : IPipelineStep<CommandRequest, CommandResult>
{
    public async ValueTask<CommandResult> InvokeAsync(CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken)
    {
        if (request.Command is PayIn)
            await effect.RunAsync(cancellationToken);
        return await next(request, cancellationToken);
    }
}
