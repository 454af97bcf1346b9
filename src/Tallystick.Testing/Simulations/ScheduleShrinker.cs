using System.Collections.Immutable;

namespace Tallystick.Testing.Simulations;

/// <summary>
/// Finds a shorter schedule that fails as well: leaves out ever smaller parts of what may deviate, and keeps what still fails (delta debugging:
/// Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input, 2002).
/// </summary>
internal static class ScheduleShrinker
{
    public static SimulationRun Shrink(SimulationRunner runner, SimulationRun failed)
    {
        var best = failed;
        var runs = 0;
        var parts = 1;
        while (!best.Schedule.IsEmpty && runs < runner.ShrinkRunsMax)
        {
            var all = best.Schedule.Sort();
            var length = Math.Max(1, all.Length / parts);
            var shrunk = false;
            for (var from = 0; from < all.Length && runs < runner.ShrinkRunsMax; from += length)
            {
                var rest = all.RemoveRange(from, Math.Min(length, all.Length - from)).ToHashSet();
                runs++;
                var run = runner.Run(failed.Seed, rest);
                if (run.Failure is null || run.Schedule.Length >= best.Schedule.Length)
                    continue;
                (best, shrunk) = (run, true);
                break;
            }

            if (shrunk)
                parts = Math.Max(1, parts - 1);
            else if (length == 1)
                break;
            else
                parts = Math.Min(all.Length, parts * 2);
        }

        return best with { DeviationsAtFirst = failed.Schedule.Length };
    }
}
