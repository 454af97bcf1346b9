using Tallystick.IntegrationTests.Conformance;
using Tallystick.Storage;
using Tallystick.Testing.Conformance;
using Tallystick.Testing.Linearizability;

namespace Tallystick.IntegrationTests.Linearizability;

/// <summary>
/// Our stores under real concurrent calls: appends with expected versions, conditions that span streams, idempotency keys, and reading one's
/// own writes by token from a read model that a projection keeps.
/// </summary>
public abstract class StoreLinearizability<THarness>(ITestOutputHelper output)
    where THarness : StoreHarness, new()
{
    private const string SeedVariable = "TALLYSTICK_SEED";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Concurrent_calls_of_one_tenant_are_linearizable(int seed)
    {
        seed = int.TryParse(Environment.GetEnvironmentVariable(SeedVariable), out var given) ? given : seed;
        output.WriteLine($"seed {seed} ({SeedVariable} gives another)");

        var history = await RecordAsync(seed, Flaw.None);
        var verdict = history.Check(new TenantModel(), cancellationToken: Stop);

        var kinds = history.Operations.CountBy(operation => $"{operation.Input.GetType().Name} -> {operation.Output?.GetType().Name}");
        output.WriteLine($"{history.Operations.Length} calls: {string.Join(", ", kinds.Select(kind => $"{kind.Value} {kind.Key}"))}");
        verdict.Demand();
        // Calls that never met would prove nothing.
        Assert.DoesNotContain(history.Operations, operation => operation.IsUnseen);
        Assert.Contains(history.Operations, operation => operation.Output is TenantAnswer.WrongVersion);
        Assert.Contains(history.Operations, operation => operation.Output is TenantAnswer.Matched);
        Assert.Contains(history.Operations, operation => operation.Output is TenantAnswer.Committed { IsReplay: true });
        Assert.Contains(history.Operations, operation => operation is { Input: TenantCall.Count, Output: TenantAnswer.Number { Value: > 0 } });
        Assert.Contains(history.Operations.Zip(history.Operations.Skip(1)), pair => pair.First.Returned > pair.Second.Called);
    }

    [Theory]
    [InlineData(Flaw.IgnoresVersions, "at version")]
    [InlineData(Flaw.IgnoresConditions, "refused, an event matches")]
    [InlineData(Flaw.ForgetsKeys, ", again")]
    [InlineData(Flaw.ReadsStaleVersions, "version of")]
    [InlineData(Flaw.LosesCommits, "committed")]
    [InlineData(Flaw.ReportsTokensEarly, "or later -> 0  --  it must give")]
    public async Task A_flaw_of_a_store_is_found_and_the_proof_names_it(Flaw flaw, string expected)
    {
        var history = await RecordAsync(seed: 1, flaw);

        var proof = Assert.IsType<LinearizabilityVerdict.Violated>(history.Check(new TenantModel(), cancellationToken: Stop)).Proof;

        output.WriteLine(proof);
        Assert.Contains(expected, proof, StringComparison.Ordinal);
    }

    private async Task<History<TenantCall, TenantAnswer>> RecordAsync(int seed, Flaw flaw)
    {
        await using var harness = new THarness();
        await using var store = await harness.OpenAsync("linearizability", new StoreOptions(), Stop);
        return await new TenantWorkload(seed).RunAsync([new FlawedStore(store, flaw)], store, flaw == Flaw.ReportsTokensEarly, Stop);
    }
}
