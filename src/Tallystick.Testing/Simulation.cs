using Tallystick.Testing.Simulations;

namespace Tallystick.Testing;

/// <summary>
/// Runs a whole application (commands, caches, subscriptions, projections, rebuilds) on one thread, in virtual time, under a scheduler that draws
/// everything from a seed, over a store and a network that crash, lose, delay, repeat and reorder. The same seed gives the same run.
/// </summary>
/// <remarks>
/// All the while an independent model checks what Tallystick promises: what was acknowledged is stored, commits are whole, positions have no gaps, rows
/// agree with their checkpoint, no tenant sees another, no read is older than its token, every state is the fold of its events, a repetition is answered
/// as the first time, and everything comes up again by itself. An application adds what it promises itself.
/// </remarks>
public static class Simulation
{
    /// <summary>Runs one seed. If it fails, looks for a short schedule that fails as well, and tells of it.</summary>
    /// <param name="seed">Any number.</param>
    /// <param name="application">The application, without its store.</param>
    /// <param name="invariants">What must hold when everything has settled; throws if it doesn't. Null: nothing of its own.</param>
    /// <param name="options">How the world is made; null: the defaults.</param>
    /// <exception cref="CheckFailedException">Something doesn't hold; the message has the seed, the schedule and a trace.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static SimulationRun Run(
        long seed, Action<TallystickBuilder> application, Action<SimulatedWorld>? invariants = null, SimulationOptions? options = null)
    {
        var run = Try(seed, application, invariants, options);
        return run.Failure is null ? run : throw new CheckFailedException(run.Describe());
    }

    /// <summary>Runs one seed and gives what came of it, also if it failed; then with the shortest schedule that was found.</summary>
    /// <inheritdoc cref="Run"/>
    public static SimulationRun Try(
        long seed, Action<TallystickBuilder> application, Action<SimulatedWorld>? invariants = null, SimulationOptions? options = null)
    {
        var runner = MakeRunner(application, invariants, options);
        return Shortest(runner, runner.Run(seed, null));
    }

    /// <summary>Runs many seeds, on as many threads as there are processors, and stops at the first that fails.</summary>
    /// <param name="firstSeed">The first seed; the others follow it.</param>
    /// <param name="count">How many.</param>
    /// <param name="application">The application, without its store.</param>
    /// <param name="invariants">What must hold when everything has settled; throws if it doesn't. Null: nothing of its own.</param>
    /// <param name="options">How the worlds are made; null: the defaults.</param>
    /// <param name="progress">Told how many are done; null: nobody.</param>
    /// <param name="cancellationToken">Cancels between two runs.</param>
    /// <returns>How many steps were run in all.</returns>
    /// <exception cref="CheckFailedException">A seed failed; the message has the seed, the schedule and a trace.</exception>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no seed to run.</exception>
    public static long RunMany(
        long firstSeed, int count, Action<TallystickBuilder> application, Action<SimulatedWorld>? invariants = null, SimulationOptions? options = null,
        IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstSeed, long.MaxValue - count);
        var runner = MakeRunner(application, invariants, options);
        var (done, steps) = (0, 0L);
        SimulationRun? failed = null;
        var failedLock = new Lock();
        Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount }, (i, loop) =>
        {
            var run = runner.Run(firstSeed + i, null);
            Interlocked.Add(ref steps, run.Steps);
            progress?.Report(Interlocked.Increment(ref done));
            if (run.Failure is null)
                return;
            // The lowest, whichever thread came first: the same command then tells of the same seed.
            loop.Break();
            lock (failedLock)
                failed = failed is null || run.Seed < failed.Seed ? run : failed;
        });
        return failed is null ? steps : throw new CheckFailedException(Shortest(runner, failed).Describe());
    }

    private static SimulationRunner MakeRunner(Action<TallystickBuilder> application, Action<SimulatedWorld>? invariants, SimulationOptions? options)
    {
        ArgumentNullException.ThrowIfNull(application);
        var chosen = options ?? new SimulationOptions();
        chosen.Demand();
        return new SimulationRunner(application, invariants, chosen);
    }

    private static SimulationRun Shortest(SimulationRunner runner, SimulationRun run) =>
        run.Failure is null || !run.IsRepeatable ? run : ScheduleShrinker.Shrink(runner, run);
}
