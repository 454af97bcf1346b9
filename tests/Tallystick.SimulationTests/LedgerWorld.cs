using System.Collections.Immutable;
using System.Text;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing;
using Tallystick.Testing.Randomness;
using Tallystick.Testing.Simulations;

namespace Tallystick.SimulationTests;

/// <summary>The ledger in a simulated world.</summary>
public static class LedgerWorld
{
    private static readonly string[] Accounts = ["x", "y"];

    public static SimulationOptions Options { get; } = new()
    {
        Workload = ActAsync,
        Deployments = [tally => tally.AddDecider<AccountsInUnits>(), tally => tally.AddDecider<AccountsInHundredths>()],
        Given = [.. new[] { "tenant-a", "tenant-b" }.SelectMany(tenant => Accounts.Select(account => OldDeposit(TenantId.Parse(tenant), account)))],
    };

    public static void AddLedger(this TallystickBuilder tally) => tally
        .AddDecider<FreezeDecider>()
        .AddUpcaster<CentsToAmount>()
        .AddEvents(typeof(StatementLine))
        .AddStep<NoWithdrawalWhileFrozen>("no-withdrawal-while-frozen")
        .AddProjection<Balances>()
        .AddSubscription<Statements>();

    public static void LedgerHolds(this SimulatedWorld world)
    {
        foreach (var tenant in world.Tenants)
        {
            var (balances, frozen, withdrawals, lines) = (new Dictionary<string, int>(), new HashSet<string>(), 0, 0);
            foreach (var (recorded, e) in world.Events(tenant))
            {
                var account = recorded.Stream.Key;
                switch (e)
                {
                    case Deposited deposited:
                        balances[account] = balances.GetValueOrDefault(account) + deposited.Amount;
                        break;
                    case Withdrawn withdrawn:
                        withdrawals++;
                        balances[account] = balances.GetValueOrDefault(account) - withdrawn.Amount;
                        SimulatedWorld.Demand(balances[account] >= 0, $"{tenant}: account {account} is overdrawn at position {recorded.Position}.");
                        SimulatedWorld.Demand(!frozen.Contains(account), $"{tenant}: something was withdrawn from the frozen account {account} at position {recorded.Position}.");
                        break;
                    case Frozen:
                        frozen.Add(account);
                        break;
                    case Thawed:
                        frozen.Remove(account);
                        break;
                    case StatementLine:
                        lines++;
                        break;
                }
            }

            var listed = world.Documents<Balance>(tenant);
            foreach (var (account, amount) in balances.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                SimulatedWorld.Demand(listed[account].Amount == amount, $"{tenant}: the balance of {account} is listed as {listed[account].Amount}, but it is {amount}.");
            SimulatedWorld.Demand(lines == withdrawals, $"{tenant}: {withdrawals} withdrawals, but {lines} lines.");
        }
    }

    /// <summary>12.00 in the shape of version 1.</summary>
    private static Commit OldDeposit(TenantId tenant, string account) => Commit.For(tenant).Append(
        new StreamId("account", account), ExpectedVersion.NoStream,
        ImmutableArray.Create(new NewEvent(
            new Guid(tenant.Value[^1], 0, 0, [1, 2, 3, 4, 5, 6, 7, (byte)account[0]]), "account.deposited", 1, Encoding.UTF8.GetBytes("""{"cents":1200}"""), [])));

    private static async Task ActAsync(SimulatedClient client)
    {
        var random = client.Randomness;
        var tenant = random.Pick(client.Tenants);
        var account = random.Pick(Accounts);
        var stream = new StreamId("account", account);
        switch (random.Next(8))
        {
            case 0:
                await client.FindAsync<Balance>(tenant, account, client.Token(tenant));
                break;
            case 1:
                await client.ExecuteAsync(tenant, new StreamId("freeze", account), new Freeze(account));
                break;
            case 2:
                await client.ExecuteAsync(tenant, new StreamId("freeze", account), new Thaw(account));
                break;
            case 3:
                await client.StateAsync<Account>(tenant, stream);
                break;
            default:
                if (await client.ExecuteAsync(tenant, stream, Next(random)) is not null && random.Chance(0.5))
                    await client.FindAsync<Balance>(tenant, account, client.Token(tenant));
                break;
        }
    }

    private static AccountCommand Next(SeededEntropy random) =>
        random.Chance(0.45) ? new Deposit(random.Next(1, 9)) : new Withdraw(random.Next(1, 13));
}
