using System.Globalization;
using Tallystick.Sqlite;

namespace Tallystick.IntegrationTests.Durability;

/// <summary>
/// A child process that writes as fast as it can is killed over and over (SIGKILL), at moments drawn from a printed seed: under load, while
/// it opens, and while it closes. To repeat a run's draws, set <c>TALLYSTICK_SEED</c>.
/// </summary>
public sealed class CrashLoopTests
{
    private const int Rounds = 9;

    private static readonly SqliteStoreOptions Usual = new();

    public static TheoryData<string, int, int> Shapes() => new()
    {
        { "the defaults", Usual.TailEventsMax, Usual.CheckpointPages },
        { "an index that is flushed all the time", 20, Usual.CheckpointPages },
        { "a write-ahead log that is copied all the time", Usual.TailEventsMax, 8 },
        { "both", 64, 30 },
    };

    [Theory]
    [Trait("Speed", "Slow")]
    [MemberData(nameof(Shapes))]
    public async Task Everything_acknowledged_outlives_kill_minus_nine_in_a_loop_with(string shape, int tailEventsMax, int checkpointPages)
    {
        var stop = TestContext.Current.CancellationToken;
        var seed = Environment.GetEnvironmentVariable("TALLYSTICK_SEED") is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture)
            : Random.Shared.Next();
        var output = TestContext.Current.TestOutputHelper!;
        output.WriteLine($"TALLYSTICK_SEED={seed} ({shape})");
        var random = new Random(seed);
        await using var file = new StoreFile();
        var book = new CrashBook();
        for (var round = 1; round <= Rounds; round++)
        {
            await using (var child = ChildProcess.Start(
                "load", file.Path, Text(random.Next()), Text(tailEventsMax), Text(checkpointPages)))
            {
                await KillAtRandomAsync(child, random, stop);
                book.Add(child.Lines);
                output.WriteLine($"round {round}: killed after {child.Lines.Count} lines, the last '{child.Lines.LastOrDefault()?.Split('\t')[0]}'; {book.Count} acknowledged");
            }

            // Now and then the next child is the one that recovers.
            if (round < Rounds && random.Next(3) == 0)
                continue;
            await using var store = SqliteStore.Open(file.Path, new SqliteStoreOptions { TailEventsMax = tailEventsMax, CheckpointPages = checkpointPages });
            await book.CheckAsync(store, stop);
        }

        Assert.True(book.Count > 1000, $"only {book.Count} commits were acknowledged: no load");
        Assert.True(book.RowsCompared > 100, $"only {book.RowsCompared} rows of the projection were compared");
    }

    private static async Task KillAtRandomAsync(ChildProcess child, Random random, CancellationToken stop)
    {
        await child.UntilAsync("opening", stop);
        switch (random.Next(8))
        {
            case 0:
                // In the middle of opening and recovering, or a little later.
                Spin(random.Next(60));
                break;
            case 1:
                await child.UntilAsync("ready", stop);
                await child.AcknowledgedAsync(random.Next(1, 1500), stop);
                child.TellToClose();
                await child.UntilAsync("closing", stop);
                Spin(random.Next(20));
                break;
            default:
                await child.UntilAsync("ready", stop);
                await child.AcknowledgedAsync(random.Next(1, 3000), stop);
                break;
        }

        await child.KillAsync();
    }

    /// <summary>Lets the child run on for a moment; nothing is awaited, so there is no signal for it.</summary>
    private static void Spin(int milliseconds)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(started).TotalMilliseconds < milliseconds)
            Thread.SpinWait(100);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
