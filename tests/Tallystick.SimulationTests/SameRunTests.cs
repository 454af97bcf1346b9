using System.Diagnostics;
using System.Globalization;

namespace Tallystick.SimulationTests;

/// <summary>The same seed gives the same run: here, beside other runs, and in another process, where every string has another hash.</summary>
public sealed class SameRunTests(ITestOutputHelper output)
{
    private const string Count = "TALLYSTICK_PRINT_HASHES";
    private const int Seeds = 24;
    private const int SeedsAgain = 30;

    /// <summary>Not a test of its own: what <see cref="Another_process_has_the_same_runs"/> starts. Prints nothing unless it is asked to.</summary>
    [Fact]
    public void Hashes_are_printed_if_asked_for()
    {
        if (int.TryParse(Environment.GetEnvironmentVariable(Count), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            File.WriteAllLines(Environment.GetEnvironmentVariable(Count + "_TO")!, RunHashes.Of(SimulationTests.Seeds.First, count));
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Another_process_has_the_same_runs()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var file = Path.GetTempFileName();
        try
        {
            var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
            if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
                start.ArgumentList.Add(typeof(SameRunTests).Assembly.Location);
            start.ArgumentList.Add("-method");
            start.ArgumentList.Add($"{typeof(SameRunTests).FullName}.{nameof(Hashes_are_printed_if_asked_for)}");
            (start.Environment[Count], start.Environment[Count + "_TO"]) = (Seeds.ToString(CultureInfo.InvariantCulture), file);
            // Other code is made from the same source, and the clock on the wall shows another hour.
            (start.Environment["DOTNET_TieredCompilation"], start.Environment["TZ"]) = ("0", "Asia/Kathmandu");
            using var process = Process.Start(start)!;
            var said = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var complained = process.StandardError.ReadToEndAsync(cancellationToken);
            string[] expected = [.. RunHashes.Of(SimulationTests.Seeds.First, Seeds)];
            await process.WaitForExitAsync(cancellationToken);
            output.WriteLine(await said + await complained);
            Assert.Equal(expected, await File.ReadAllLinesAsync(file, cancellationToken));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public void The_same_seeds_have_the_same_runs_also_side_by_side()
    {
        string[] alone = [.. RunHashes.Of(SimulationTests.Seeds.First, SeedsAgain)];
        var beside = Enumerable.Range(0, SeedsAgain).Reverse().AsParallel().WithDegreeOfParallelism(4)
            .SelectMany(i => RunHashes.Of(SimulationTests.Seeds.First + i, 1)).ToArray();
        Assert.Equal(alone.Order(StringComparer.Ordinal), beside.Order(StringComparer.Ordinal));
    }
}
