using System.Diagnostics;
using System.Globalization;

namespace Tallystick.SimulationTests;

/// <summary>How many seeds are run: 2,000, or what <c>./test --simulate N</c> asks for.</summary>
public static class Seeds
{
    public static long First { get; } = Read("TALLYSTICK_FIRST_SEED", 1);

    public static int Count { get; } = (int)Read("TALLYSTICK_SEEDS", 2000);

    /// <summary>The ledger gets a quarter.</summary>
    public static int OfLedger => Math.Max(1, Count / 4);

    /// <summary>Moves get a twentieth: each seed moves a tenant four times, and compares everything after each.</summary>
    public static int OfMoves => Math.Max(1, Count / 20);

    /// <summary>Says what was done, for whoever has asked for it.</summary>
    public static void Tell(string world, int count, long steps) => Console.Error.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} seeds of {world} from {First}, {steps:N0} steps: everything holds."));

    private static long Read(string name, long otherwise) =>
        long.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}

/// <summary>A bar on the error output, if somebody looks at it.</summary>
public sealed class SeedProgress(int count) : IProgress<int>
{
    private const int Width = 40;

    private readonly Lock _lock = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private int _shown;

    public void Report(int value)
    {
        if (Console.IsErrorRedirected)
            return;
        lock (_lock)
        {
            if (value < count && value - _shown < Math.Max(1, count / 400))
                return;
            _shown = value;
            var elapsed = Stopwatch.GetElapsedTime(_start);
            var filled = (int)((long)Width * value / count);
            var left = TimeSpan.FromSeconds((int)(elapsed.TotalSeconds / value * (count - value)));
            Console.Error.Write($"\r[{new string('#', filled)}{new string('.', Width - filled)}] {value:N0} of {count:N0} seeds, {left} left  ");
            if (value == count)
                Console.Error.WriteLine();
        }
    }
}
