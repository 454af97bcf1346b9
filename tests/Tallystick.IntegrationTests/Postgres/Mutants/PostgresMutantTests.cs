using Tallystick.SimulationTests.Mutants;

namespace Tallystick.IntegrationTests.Postgres.Mutants;

/// <summary>The checks against a real server find faults: each deliberate bug of the shared store, and for what it is.</summary>
[Trait("Speed", "Slow")]
public sealed class PostgresMutantTests(ITestOutputHelper output)
{
    public static TheoryData<string> Names => [.. PostgresMutants.All.Select(mutant => mutant.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_deliberate_bug_is_found(string name)
    {
        var server = await SharedServer.GetAsync();
        var mutant = PostgresMutants.All.Single(one => one.Name == name);
        var context = new PostgresMutantContext(MutantCompiler.Compile(mutant));
        string? found = null;
        var seed = 0;
        while (found is null && seed < mutant.SeedsMax)
            found = await context.RunAsync(mutant.World, await server.NewSchemaAsync(), ++seed, patience: 3);
        context.Unload();
        Assert.True(found is not null, $"'{name}' wasn't found within {mutant.SeedsMax} seeds.");
        output.WriteLine($"found by seed {seed}: {found}");
        Assert.Contains(mutant.Findings, finding => found.Contains(finding, StringComparison.Ordinal));
    }

    /// <summary>Or else a finding would prove nothing.</summary>
    [Fact]
    public async Task Without_a_bug_nothing_is_found()
    {
        var server = await SharedServer.GetAsync();
        var context = new PostgresMutantContext(MutantCompiler.Compile(PostgresMutants.None));
        foreach (var check in PostgresChecks.All)
            Assert.Null(await context.RunAsync(check, await server.NewSchemaAsync(), seed: 1, patience: 90));
        context.Unload();
    }
}
