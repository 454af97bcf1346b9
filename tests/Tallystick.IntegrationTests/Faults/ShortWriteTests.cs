namespace Tallystick.IntegrationTests.Faults;

/// <summary>
/// Writes that the system cuts short: no file may grow beyond a number of bytes, for every number around the ends of pages, and of the
/// headers and frames of the write-ahead log.
/// </summary>
/// <remarks>
/// By RLIMIT_FSIZE, which writes what fits and then fails with EFBIG, as a full disk does with ENOSPC. Not by strace: it can make a call
/// return less than it was asked to write, but the part that it says was written isn't, which no store could notice.
/// </remarks>
public sealed class ShortWriteTests : IAsyncDisposable
{
    private const int PageBytes = 4096, LogHeaderBytes = 32, FrameHeaderBytes = 24, FrameBytes = FrameHeaderBytes + PageBytes;

    private readonly FaultRunner _runner = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tallystick-faults-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _runner.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Wherever_a_write_is_cut_nothing_acknowledged_is_lost_and_nothing_is_there_in_part()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "RLIMIT_FSIZE is Linux's here.");
        var met = 0;
        foreach (var limit in Enumerable.Range(0, int.MaxValue).SelectMany(LimitsAt))
        {
            var path = Path.Combine(_folder.FullName, $"{limit}", "store.db");
            var run = await _runner.RunWithLimitAsync(limit, path, Stop);
            try
            {
                var failures = run.Reports.Count(report => report.IsFailure);
                FaultVerdict.OnReports(run);
                // The second session has no limit.
                Assert.Equal(["opened", "ack", "ack", "ack", "closed", "done"], run.Reports.TakeLast(6).Select(report => report.What));
                await FaultVerdict.OnFileAsync(path, run.Lines, Stop);
                if (failures == 0)
                    break;
                met++;
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                throw new InvalidOperationException($"With files of at most {limit} bytes: {error.Message}\n{string.Join('\n', run.Lines)}", error);
            }
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"{met} runs met the limit");
        Assert.True(met > 100, $"Only {met} runs met the limit.");
    }

    private static IEnumerable<long> LimitsAt(int page)
    {
        long end = (long)page * PageBytes, frame = LogHeaderBytes + ((long)page * FrameBytes);
        long[] limits = page == 0 ? [0, 1, LogHeaderBytes - 1] : [end - 1, end, end + 1];
        return [.. limits, frame, frame + 1, frame + FrameHeaderBytes - 1, frame + FrameHeaderBytes, frame + FrameHeaderBytes + 1, frame + (FrameBytes / 2)];
    }
}
