using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing;
using Tallystick.Testing.Conformance;
using Tallystick.Testing.Stores;
using Tallystick.Testing.Time;

namespace Tallystick.Tests.Testing.Conformance;

/// <summary>The suite itself: what it has, how it is run without a test runner, and what its failures say.</summary>
public sealed class ConformanceSuiteTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void Every_marked_method_of_every_area_is_a_test_with_a_name_of_its_own()
    {
        var all = StoreConformance.All;
        var areas = typeof(ConformanceArea).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(ConformanceArea))).ToArray();
        var marked = areas.SelectMany(area => area.GetMethods()).Where(method => method.IsDefined(typeof(ConformanceAttribute), false));

        Assert.Equal(
            marked.Select(method => method.Name.Replace('_', ' ')).Order(StringComparer.Ordinal),
            all.Select(test => test.Name.Split(" (")[0]).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(areas.Length, all.Select(test => test.Area).Distinct().Count());
        Assert.Equal(all.Length, all.Select(test => test.ToString()).Distinct().Count());
        Assert.True(all.Length >= 340, $"{all.Length} tests");
        Assert.All(all, test => Assert.Same(test, StoreConformance.Get(test.ToString())));
        Assert.Contains("'<area>: <name>'", Assert.Throws<ArgumentException>(() => StoreConformance.Get("none")).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task A_loop_without_a_test_runner_prints_that_a_faulty_store_without_faults_conforms()
    {
        var printed = new List<string>();
        foreach (var test in StoreConformance.All)
        {
            await using var harness = new WrappingHarness(options => new FaultyStore(new InMemoryStore(options)));
            if (test.SkipReason(harness) is { } reason)
            {
                printed.Add($"skipped  {test}: {reason}");
                continue;
            }

            try
            {
                await test.RunAsync(harness, cancellationToken: Stop);
                printed.Add($"passed   {test}");
            }
            catch (CheckFailedException failed)
            {
                printed.Add($"FAILED   {test}: {failed.Message}");
            }
        }

        Assert.DoesNotContain(printed, line => line.StartsWith("FAILED", StringComparison.Ordinal));
        Assert.Equal(
            ["skipped  Lifetime: Everything is there byte for byte after reopening and goes on from there: This store keeps nothing when it is closed."],
            printed.Where(line => line.StartsWith("skipped  Lifetime", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task One_harness_may_serve_many_tests()
    {
        await using var harness = new WrappingHarness(options => new InMemoryStore(options));
        foreach (var test in StoreConformance.All.Where(test => test.Area == "Checkpoint"))
            await test.RunAsync(harness, cancellationToken: Stop);

        Assert.True(harness.Databases.Count > 5);
        Assert.Equal(harness.Databases.Count, harness.Databases.Distinct().Count());
    }

    [Fact]
    public async Task A_test_that_needs_more_than_a_provider_has_says_so_and_refuses_to_run()
    {
        var harness = new WrappingHarness(options => new InMemoryStore(options));
        var durable = StoreConformance.All.Single(test => test.Name.StartsWith("Everything is there", StringComparison.Ordinal));
        var crash = StoreConformance.All.First(test => test.Area == "Crash");

        Assert.Equal("This store keeps nothing when it is closed.", durable.SkipReason(harness));
        Assert.Null(durable.SkipReason(new RestartableHarness()));
        Assert.NotNull(crash.SkipReason(harness));
        var misuse = await Assert.ThrowsAsync<InvalidOperationException>(() => crash.RunAsync(harness, cancellationToken: Stop));
        Assert.Contains("Ask SkipReason first", misuse.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_names_the_test_what_is_instead_and_the_seed_with_which_it_fails_again()
    {
        var harness = new WrappingHarness(options => new ChangesCommits(new InMemoryStore(options), Commits.WithoutExpectedVersions));
        var test = StoreConformance.All.First(test => test.Name.StartsWith("A random run with a new seed", StringComparison.Ordinal));
        List<string> log = [];

        var first = await Assert.ThrowsAsync<CheckFailedException>(() => test.RunAsync(harness, new ConformanceOptions { Log = log.Add }, Stop));

        Assert.StartsWith($"The store doesn't conform. {test}", first.Message, StringComparison.Ordinal);
        Assert.Contains(" expected Refused", first.Message, StringComparison.Ordinal);
        var seed = long.Parse(Assert.Single(log)["seed ".Length..], null);
        Assert.Contains($"new ConformanceOptions {{ Seed = {seed} }}", first.Message, StringComparison.Ordinal);
        var again = await Assert.ThrowsAsync<CheckFailedException>(() => test.RunAsync(harness, new ConformanceOptions { Seed = seed }, Stop));
        Assert.Equal(first.Message, again.Message);
    }

    [Fact]
    public async Task A_cancelled_test_is_cancelled_and_not_failed()
    {
        using var giveUp = new CancellationTokenSource();
        await using var harness = new WrappingHarness(options => new FaultyStore(new InMemoryStore(options)) { Before = _ => new(giveUp.CancelAsync()) });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => StoreConformance.All[0].RunAsync(harness, cancellationToken: giveUp.Token));
    }

    [Theory]
    [InlineData("a lost signal", "Signal: Waiters are woken when their position is reached and not before")]
    [InlineData("a call that blocks its thread", "Read: The head of an unknown tenant is empty")]
    public async Task A_store_that_never_answers_fails_the_test_at_the_deadline(string fault, string test)
    {
        var (time, hung) = (new ManualTime(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        using var over = new ManualResetEventSlim();
        await using var harness = new WrappingHarness(options => fault == "a lost signal"
            ? new LosesSignals(new InMemoryStore(options), hung)
            : new BlocksItsThread(new InMemoryStore(options), hung, over));

        var running = StoreConformance.Get(test).RunAsync(harness, new ConformanceOptions { Time = time, Deadline = TimeSpan.FromSeconds(5) }, Stop);
        await hung.Task.WaitAsync(Stop);
        time.Advance(TimeSpan.FromSeconds(5));
        var failed = await Assert.ThrowsAsync<CheckFailedException>(() => running);

        Assert.Contains("It hasn't ended after 5 s", failed.Message, StringComparison.Ordinal);
        over.Set();
    }
}

/// <summary>Stores in memory, each made by a test.</summary>
internal sealed class WrappingHarness(Func<StoreOptions, IStore> open) : StoreHarness
{
    public List<string> Databases { get; } = [];

    public override ValueTask<IStore> OpenAsync(string database, StoreOptions options, CancellationToken cancellationToken)
    {
        Databases.Add(database);
        return new(open(options));
    }
}

/// <summary>Stores in memory that outlive their closing; what a crash leaves, a test says.</summary>
internal sealed class RestartableHarness(Func<Journal, ValueTask>? crash = null) : StoreHarness
{
    private readonly Dictionary<string, Journal> _databases = [];

    public override StoreCapabilities Capabilities => StoreCapabilities.Durable | StoreCapabilities.Crash;

    public override ValueTask<IStore> OpenAsync(string database, StoreOptions options, CancellationToken cancellationToken)
    {
        if (!_databases.TryGetValue(database, out var journal))
            _databases.Add(database, journal = new Journal(options));
        return new(new KeepsJournal(journal));
    }

    public override ValueTask CrashAsync(string database, IStore store, CancellationToken cancellationToken) =>
        crash?.Invoke(_databases[database]) ?? ValueTask.CompletedTask;
}
