using Tallystick.IntegrationTests.Postgres;
using Tallystick.Postgres;
using Tallystick.Testing.Linearizability;

namespace Tallystick.IntegrationTests.Linearizability;

/// <summary>Two nodes on one schema, whose writers lose their connections again and again; what their clients see is one history.</summary>
public static class LossyNodes
{
    private const int MessagesMax = 250;

    /// <param name="schema">The schema, which nobody has used.</param>
    /// <param name="seed">Decides what is called and when connections are lost.</param>
    /// <param name="flaw">What is wrong with both stores.</param>
    /// <param name="stop">Ends the test.</param>
    /// <returns>What was recorded, and how often a connection was lost.</returns>
    public static async Task<(History<TenantCall, TenantAnswer> History, int Cuts)> RecordAsync(
        PostgresSchema schema, int seed, Flaw flaw, CancellationToken stop)
    {
        await using var one = new CuttingProxy(schema.Server.Port);
        await using var other = new CuttingProxy(schema.Server.Port);
        await using var patient = PostgresStore.Open(schema.RequestConnectionTo(one.Port), schema.Options);
        // It doesn't look up how a commit has ended, so that some outcomes stay unknown.
        await using var hasty = PostgresStore.Open(schema.RequestConnectionTo(other.Port), schema.Options with { RetryTimeout = TimeSpan.Zero });
        one.CutRepeatedly(seed, MessagesMax);
        other.CutRepeatedly(seed + 1_000, MessagesMax);
        await using var projecting = schema.Open();
        var history = await new TenantWorkload(seed).RunAsync(
            [new FlawedStore(patient, flaw), new FlawedStore(hasty, flaw)], projecting, flaw == Flaw.ReportsTokensEarly, stop);
        return (history, one.Cuts + other.Cuts);
    }
}
