using System.Globalization;

namespace Tallystick.SimulationTests.Mutants;

/// <summary>The simulation finds faults: each deliberate bug within its number of seeds, and for what it is.</summary>
[Trait("Speed", "Slow")]
public sealed class MutantTests(ITestOutputHelper output)
{
    public static TheoryData<string> Names => [.. Catalog.All.Select(mutant => mutant.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_deliberate_bug_is_found(string name)
    {
        var mutant = Catalog.All.Single(one => one.Name == name);
        var context = new MutantContext(mutant.Project, MutantCompiler.Compile(mutant));
        var found = context.FirstFailure(mutant.World, Seeds.First, mutant.SeedsMax);
        context.Unload();
        Assert.True(found is not null, $"'{name}' wasn't found within {mutant.SeedsMax} seeds from {Seeds.First}.");
        var (seeds, failure) = (found[..found.IndexOf('|', StringComparison.Ordinal)], found[(found.IndexOf('|', StringComparison.Ordinal) + 1)..]);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"found by seed number {seeds} of at most {mutant.SeedsMax}: {failure}"));
        Assert.Contains(mutant.Findings, finding => failure.Contains(finding, StringComparison.Ordinal));
    }

    /// <summary>Or else a failure would prove nothing.</summary>
    [Theory]
    [InlineData("Tallystick")]
    [InlineData("Tallystick.Testing")]
    public void Without_a_bug_nothing_is_found(string project)
    {
        var context = new MutantContext(project, MutantCompiler.Compile(new Mutant("nothing", "orders", 20) { Edits = [Catalog.NoEdit(project)] }));
        Assert.Null(context.FirstFailure("orders", Seeds.First, 20));
        Assert.Null(context.FirstFailure("ledger", Seeds.First, 20));
        Assert.Null(context.FirstFailure("random", Seeds.First, 20));
        Assert.Null(context.FirstFailure("moves", Seeds.First, 20));
        context.Unload();
    }
}
