using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Tallystick.Commands;
using Tallystick.Events;
using Tallystick.Pipeline;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Subscriptions;

namespace Tallystick.SimulationTests;

// A small application with what the sample doesn't have: snapshots, two deployments whose states differ in meaning, events of an older shape, and a
// rule that is checked by a query over the whole log.
public abstract record AccountCommand;

public sealed record Deposit(int Amount) : AccountCommand;

public sealed record Withdraw(int Amount) : AccountCommand;

public abstract record AccountEvent;

/// <summary>Version 1 had cents.</summary>
[EventType("account.deposited", Version = 2)]
public sealed record Deposited(int Amount) : AccountEvent;

[EventType("account.withdrawn")]
public sealed record Withdrawn(int Amount) : AccountEvent;

public sealed class CentsToAmount() : Upcaster("account.deposited", from: 1, to: 2)
{
    public override JsonObject Upcast(JsonObject payload) => new() { ["amount"] = payload["cents"]!.GetValue<int>() / 100 };
}

/// <summary>A balance in whole units, or, in the later deployment, in hundredths: whoever takes the one for the other is wrong by a hundred.</summary>
public sealed record Account(int Balance);

public abstract class AccountDecider(int scale) : Decider<AccountCommand, AccountEvent, Account>
{
    public override string Category => "account";

    public override int SnapshotEvery => 3;

    public override int StateVersion => scale;

    public override Account InitialState => new(0);

    public override Decision<AccountEvent> Decide(AccountCommand command, Account account) => command switch
    {
        Deposit deposit => Accept(new Deposited(deposit.Amount)),
        Withdraw withdraw when withdraw.Amount * scale > account.Balance => Reject("not-enough", "There isn't so much in the account."),
        Withdraw withdraw => Accept(new Withdrawn(withdraw.Amount)),
        _ => Reject("unknown", "Unknown."),
    };

    public override Account Evolve(Account account, AccountEvent @event) => @event switch
    {
        Deposited e => new Account(account.Balance + (e.Amount * scale)),
        Withdrawn e => new Account(account.Balance - (e.Amount * scale)),
        _ => account,
    };
}

public sealed class AccountsInUnits() : AccountDecider(1);

public sealed class AccountsInHundredths() : AccountDecider(100);

public abstract record FreezeCommand;

public sealed record Freeze(string Account) : FreezeCommand;

public sealed record Thaw(string Account) : FreezeCommand;

public abstract record FreezeEvent([property: EventTag("account")] string Account);

[EventType("account.frozen")]
public sealed record Frozen(string Account) : FreezeEvent(Account);

[EventType("account.thawed")]
public sealed record Thawed(string Account) : FreezeEvent(Account);

public sealed record FreezeState(bool IsFrozen);

public sealed class FreezeDecider : Decider<FreezeCommand, FreezeEvent, FreezeState>
{
    public override string Category => "freeze";

    public override FreezeState InitialState => new(false);

    public override Decision<FreezeEvent> Decide(FreezeCommand command, FreezeState state) => command switch
    {
        Freeze freeze when !state.IsFrozen => Accept(new Frozen(freeze.Account)),
        Thaw thaw when state.IsFrozen => Accept(new Thawed(thaw.Account)),
        _ => Accept(),
    };

    public override FreezeState Evolve(FreezeState state, FreezeEvent @event) => new(@event is Frozen);
}

/// <summary>Nothing is withdrawn from a frozen account: what was read of the log must be all that there is when the withdrawal is committed.</summary>
public sealed class NoWithdrawalWhileFrozen(IStore store) : IPipelineStep<CommandRequest, CommandResult>
{
    public async ValueTask<CommandResult> InvokeAsync(
        CommandRequest request, PipelineNext<CommandRequest, CommandResult> next, CancellationToken cancellationToken)
    {
        if (request.Command is not Withdraw)
            return await next(request, cancellationToken);
        var query = EventQuery.Tagged($"account:{request.Stream.Key}").OfType("account.frozen").OfType("account.thawed");
        var (seen, frozen) = (LogPosition.Start, false);
        while (true)
        {
            var page = await store.ReadLogAsync(request.Tenant, new LogRead(seen, 2, query), cancellationToken);
            if (!page.Events.IsEmpty)
                frozen = page.Events[^1].Type == "account.frozen";
            if (page.Through == seen)
                break;
            seen = page.Through;
        }

        if (frozen)
            return new CommandResult.Rejected(new Rejection("frozen", "The account is frozen."));
        request.Require(query, noneAfter: seen);
        return await next(request, cancellationToken);
    }
}

public sealed record Balance(int Amount, int Movements);

/// <summary>Adds up: an event that is folded twice, or not at all, shows.</summary>
public sealed class Balances : Projection<Balance>
{
    public Balances()
        : base("balances", version: 1)
    {
        Index(balance => balance.Amount);
        Upsert<Deposited>((_, at) => at.Stream.Key, (balance, e, _) => new Balance((balance?.Amount ?? 0) + e.Amount, (balance?.Movements ?? 0) + 1));
        Upsert<Withdrawn>((_, at) => at.Stream.Key, (balance, e, _) => new Balance((balance?.Amount ?? 0) - e.Amount, (balance?.Movements ?? 0) + 1));
    }
}

[EventType("statement.line")]
public sealed record StatementLine(string Account, int Amount);

/// <summary>Writes a line for each withdrawal, once.</summary>
public sealed class Statements : Subscription
{
    public Statements()
        : base("statements") =>
        On<Withdrawn>((e, context, _) => new(new Verdict.Complete(context.BeginCommit().Append(
            new StreamId("statement", context.At.Stream.Key), ExpectedVersion.Any, ImmutableArray.Create(context.NewEvent(new StatementLine(context.At.Stream.Key, e.Amount)))))));
}
