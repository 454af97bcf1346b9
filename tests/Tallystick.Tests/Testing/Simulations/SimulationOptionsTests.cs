using System.Globalization;
using Tallystick.Testing;
using Tallystick.Testing.Simulations;

namespace Tallystick.Tests.Testing.Simulations;

/// <summary>Every world that can be asked for runs, the others are refused, and what the application throws is told with its seed.</summary>
public sealed class SimulationOptionsTests
{
    public static TheoryData<string, SimulationOptions> OutOfRange => new()
    {
        { "NodesMax", new SimulationOptions { NodesMax = 0 } },
        { "Tenants", new SimulationOptions { Tenants = 0 } },
        { "Tenants", new SimulationOptions { Tenants = 27 } },
        { "Clients", new SimulationOptions { Clients = 0 } },
        { "Operations", new SimulationOptions { Operations = -1 } },
        { "StepsMax", new SimulationOptions { StepsMax = 0 } },
        { "ShrinkRunsMax", new SimulationOptions { ShrinkRunsMax = -1 } },
        { "StuckAfter", new SimulationOptions { StuckAfter = TimeSpan.Zero } },
        { "Given", new SimulationOptions { Given = default } },
        { "Deployments", new SimulationOptions { Deployments = [null!] } },
        { "Generation", new SimulationOptions { Generation = null! } },
    };

    public static TheoryData<SimulationOptions> AtTheEdge => new()
    {
        new SimulationOptions { NodesMax = 1 },
        new SimulationOptions { NodesMax = 5 },
        new SimulationOptions { Tenants = 1 },
        new SimulationOptions { Tenants = 26, Operations = 2 },
        new SimulationOptions { Clients = 1 },
        new SimulationOptions { Operations = 0 },
    };

    [Theory]
    [MemberData(nameof(OutOfRange), DisableDiscoveryEnumeration = true)]
    public void An_option_out_of_its_range_is_refused(string name, SimulationOptions options)
    {
        Assert.Equal(name, Assert.ThrowsAny<ArgumentException>(() => Simulation.Run(1, AddTills, options: options)).ParamName);
        Assert.Equal(name, Assert.ThrowsAny<ArgumentException>(() => Simulation.RunMany(1, 2, AddTills, options: options, cancellationToken: TestContext.Current.CancellationToken)).ParamName);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, -1)]
    [InlineData(long.MaxValue, 2)]
    public void A_range_without_seeds_is_refused(long first, int count) =>
        Assert.ThrowsAny<ArgumentException>(() => Simulation.RunMany(first, count, AddTills, cancellationToken: TestContext.Current.CancellationToken));

    [Theory]
    [MemberData(nameof(AtTheEdge), DisableDiscoveryEnumeration = true)]
    public void A_world_at_the_edge_runs(SimulationOptions options) => Assert.True(Simulation.RunMany(1, 3, AddTills, options: options, cancellationToken: TestContext.Current.CancellationToken) > 0);

    [Fact]
    public void An_application_that_can_not_be_built_is_told_of() => Fails(
        "Seed 7: The application can't be built: System.InvalidOperationException: no, thanks", _ => throw new InvalidOperationException("no, thanks"));

    [Fact]
    public void An_application_that_can_not_start_is_told_of() => Fails(
        "Seed 7: node-1 can't start: System.ArgumentException: ", tally => tally.AddDecider<TillDecider>().AddDecider<TillDecider>());

    [Fact]
    public void An_application_without_rules_is_told_what_to_do() => Fails("say in SimulationOptions.Workload what its clients do", _ => { });

    [Fact]
    public void What_a_workload_throws_is_told() => Fails(
        "Seed 7: The workload of client-", AddTills, options: new SimulationOptions { Workload = _ => throw new InvalidOperationException("lost") });

    [Fact]
    public void What_an_invariant_throws_is_told() => Fails(
        "Seed 7: What must hold in the end doesn't: System.InvalidOperationException: lost", AddTills, _ => throw new InvalidOperationException("lost"));

    /// <summary>Many say what they expect by Assert, not by Demand.</summary>
    [Fact]
    public void What_an_assertion_of_an_invariant_says_is_told() => Fails("Assert.Equal() Failure", AddTills, _ => Assert.Equal(1, 2));

    [Fact]
    public void A_run_does_not_depend_on_the_culture()
    {
        var (before, elsewhere) = (CultureInfo.CurrentCulture, (CultureInfo)CultureInfo.InvariantCulture.Clone());
        (elsewhere.NumberFormat.NegativeSign, elsewhere.NumberFormat.NumberDecimalSeparator, elsewhere.DateTimeFormat.ShortDatePattern) = ("minus ", ",", "d.M.yy");
        SimulationRun[] expected = [.. Enumerable.Range(1, 5).Select(seed => Simulation.Run(seed, AddTills))];
        Assert.Contains(expected.SelectMany(run => run.Trace), line => line.Contains("= -", StringComparison.Ordinal));
        try
        {
            CultureInfo.CurrentCulture = elsewhere;
            Assert.All(expected, run => Assert.Equal(run.Hash, Simulation.Run(run.Seed, AddTills).Hash));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    /// <summary>What the compiler inlines differs from run to run, and with it every stack.</summary>
    [Fact]
    public void A_trace_has_no_stack() => Assert.DoesNotContain(
        Simulation.Try(7, AddTills, _ => throw new InvalidOperationException("lost")).Trace, line => line.Contains("   at ", StringComparison.Ordinal));

    private static void AddTills(TallystickBuilder tally) => tally.AddDecider<TillDecider>().AddProjection<Tills>();

    private static void Fails(string expected, Action<TallystickBuilder> application, Action<SimulatedWorld>? invariants = null, SimulationOptions? options = null)
    {
        Assert.Contains(expected, Assert.Throws<CheckFailedException>(() => Simulation.Run(7, application, invariants, options)).Message, StringComparison.Ordinal);
        Assert.Contains(expected, Assert.Throws<CheckFailedException>(() => Simulation.RunMany(7, 2, application, invariants, options)).Message, StringComparison.Ordinal);
    }
}
