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
        ArgumentNullException.ThrowIfNull(application);
        var runner = new SimulationRunner(application, invariants, options ?? new SimulationOptions());
        var run = runner.Run(seed, null);
        return run.Failure is null ? run : ScheduleShrinker.Shrink(runner, run);
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
    public static long RunMany(
        long firstSeed, int count, Action<TallystickBuilder> application, Action<SimulatedWorld>? invariants = null, SimulationOptions? options = null,
        IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(application);
        var runner = new SimulationRunner(application, invariants, options ?? new SimulationOptions());
        var (done, steps, failed) = (0, 0L, long.MaxValue);
        Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount }, (i, loop) =>
        {
            var run = runner.Run(firstSeed + i, null);
            Interlocked.Add(ref steps, run.Steps);
            progress?.Report(Interlocked.Increment(ref done));
            if (run.Failure is null)
                return;
            // The lowest, whichever thread came first: the same command then tells of the same seed.
            loop.Break();
            InterlockedMin(ref failed, firstSeed + i);
        });
        return failed == long.MaxValue ? steps : throw new CheckFailedException(Try(failed, application, invariants, options).Describe());
    }

    private static void InterlockedMin(ref long target, long value)
    {
        for (var seen = Volatile.Read(ref target); value < seen; seen = Volatile.Read(ref target))
        {
            if (Interlocked.CompareExchange(ref target, value, seen) == seen)
                return;
        }
    }
}
