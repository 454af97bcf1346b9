using Tallystick.IntegrationTests.Postgres;
using Tallystick.Testing.Linearizability;

namespace Tallystick.IntegrationTests.Linearizability;

/// <summary>Two nodes are one tenant's store: also while connections are lost, and where nobody knows whether a commit took effect.</summary>
[Trait("Speed", "Slow")]
public sealed class LossyNodesTests(ITestOutputHelper output)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Calls_over_two_nodes_that_lose_their_connections_are_linearizable(int seed)
    {
        seed = int.TryParse(Environment.GetEnvironmentVariable("TALLYSTICK_SEED"), out var given) ? given : seed;
        var (history, cuts) = await RecordAsync(seed, Flaw.None);

        output.WriteLine(
            $"seed {seed} (TALLYSTICK_SEED gives another): {history.Operations.Length} calls, {cuts} connections lost, {history.Operations.Count(operation => operation.IsUnseen)} outcomes unknown");
        history.Check(new TenantModel(), cancellationToken: Stop).Demand();
        Assert.InRange(cuts, 5, int.MaxValue);
        Assert.Contains(history.Operations, operation => operation.IsUnseen);
        Assert.Contains(history.Operations, operation => operation.Output is TenantAnswer.WrongVersion);
        Assert.Contains(history.Operations, operation => operation.Output is TenantAnswer.Matched);
        Assert.Contains(history.Operations, operation => operation.Output is TenantAnswer.Committed { IsReplay: true });
    }

    [Theory]
    [InlineData(Flaw.IgnoresVersions)]
    [InlineData(Flaw.ForgetsKeys)]
    [InlineData(Flaw.LosesCommits)]
    public async Task A_flaw_is_found_among_lost_connections_too(Flaw flaw)
    {
        var (history, _) = await RecordAsync(seed: 1, flaw);

        output.WriteLine(Assert.IsType<LinearizabilityVerdict.Violated>(history.Check(new TenantModel(), cancellationToken: Stop)).Proof);
    }

    private static async Task<(History<TenantCall, TenantAnswer> History, int Cuts)> RecordAsync(int seed, Flaw flaw) =>
        await LossyNodes.RecordAsync(await (await SharedServer.GetAsync()).NewSchemaAsync(), seed, flaw, Stop);
}
