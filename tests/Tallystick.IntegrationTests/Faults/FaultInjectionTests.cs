using System.Text;
using Tallystick.IntegrationTests.Durability;

namespace Tallystick.IntegrationTests.Faults;

/// <summary>
/// A real store on a real file, in a process of its own, in which strace makes the system calls on the store's files fail, each in turn:
/// the first write, the second, and so on until a run has no such write; or kills the process there. After each run the file must hold all
/// that was acknowledged, the process must have told what happened, and a restart must work without help.
/// </summary>
/// <remarks>
/// The workloads are in Tallystick.Crasher (<c>FaultWorkload</c>): a file is made, or recovered after a kill, and takes commits on the
/// caller's thread; or commits come in groups on the writer's thread, which brings the index up to date and closes. After each batch the
/// write-ahead log is copied into the file. By default an error that lasts is injected at every fifth write only, at all else always;
/// <c>TALLYSTICK_FAULTS=all</c> takes every one.
/// </remarks>
public abstract class FaultInjectionTests(string workload, bool recovers) : IAsyncDisposable
{
    private static readonly bool All = Environment.GetEnvironmentVariable("TALLYSTICK_FAULTS") == "all";

    /// <summary>The calls that change something in the system, or might: none of them may be forgotten.</summary>
    private static readonly string[] Changing =
    [
        "openat", "open", "creat", "mkdir", "mkdirat", "unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat", "write", "writev",
        "pwrite64", "pwritev", "pwritev2", "fsync", "fdatasync", "sync_file_range", "syncfs", "ftruncate", "truncate", "fallocate", "copy_file_range",
    ];

    private readonly FaultRunner _runner = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tallystick-faults-");
    private string[] _left = [];
    private int _runs;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>The kinds of calls that this workload makes.</summary>
    protected abstract string[] Calls { get; }

    public async ValueTask DisposeAsync()
    {
        await _runner.DisposeAsync();
        _folder.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Every_kind_of_call_that_changes_something_is_made_to_fail()
    {
        var run = await RunAsync(Strace.AllCalls, null);

        Assert.DoesNotContain(run.Reports, report => report.IsFailure);
        var made = run.Calls.Select(call => call[..call.IndexOf('(', StringComparison.Ordinal)]).Where(Changing.Contains).Distinct();
        Assert.Equal(Calls.Order(StringComparer.Ordinal), made.Order(StringComparer.Ordinal));
        await FaultVerdict.OnFileAsync(run.StorePath, [.. _left, .. run.Lines], Stop);
    }

    protected Task FailsAsync(string call, string error) => InTurnAsync(ordinal => new Fault(call, error, ordinal, Lasts: false), step: 1);

    protected Task FailsFromThenOnAsync(string call, string error) =>
        InTurnAsync(ordinal => new Fault(call, error, ordinal, Lasts: true), step: call == "pwrite64" && !All ? 5 : 1);

    protected Task IsKilledAsync(string call) => InTurnAsync(ordinal => new Fault(call, "SIGKILL", ordinal, Lasts: false), step: 1);

    private async Task InTurnAsync(Func<int, Fault> faultAt, int step)
    {
        var met = 0;
        var told = new SortedSet<string>(StringComparer.Ordinal);
        for (var ordinal = 1; ; ordinal += step)
        {
            var fault = faultAt(ordinal);
            var run = await RunAsync(fault.Call, fault.Injection);
            try
            {
                var isMet = fault.Kills ? run.Ended is not null : run.Injected.Length > 0;
                if (!isMet)
                    Assert.DoesNotContain(run.Reports, report => report.IsFailure);
                if (!fault.Kills)
                    FaultVerdict.OnReports(run);
                await FaultVerdict.OnFileAsync(run.StorePath, [.. _left, .. run.Lines], Stop);
                if (!isMet)
                    break;
                met++;
                told.UnionWith(run.Reports.Where(report => report.IsFailure)
                    .Select(report => $"{report.What}: {report.Message.Replace(run.StorePath, "…", StringComparison.Ordinal)}"));
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                throw new InvalidOperationException(Describe(fault, run, error), error);
            }
        }

        var output = TestContext.Current.TestOutputHelper!;
        output.WriteLine($"{met} runs met their fault");
        foreach (var message in told)
            output.WriteLine(message);
        Assert.True(met > 0, "No run met its fault: the workload makes no such call.");
    }

    private async Task<FaultRun> RunAsync(string calls, string? injection)
    {
        var folder = Path.Combine(_folder.FullName, $"{++_runs}");
        var path = Path.Combine(folder, "new", "store.db");
        if (recovers)
            await CopyLeftAsync(Path.GetDirectoryName(path)!);
        else
            Directory.CreateDirectory(folder);
        return await _runner.RunAsync(workload, path, calls, injection, Stop);
    }

    private async Task CopyLeftAsync(string folder)
    {
        var left = Path.Combine(_folder.FullName, "left");
        if (_left.Length == 0)
            _left = await FaultRunner.LeaveAsync(Path.Combine(left, "store.db"), Stop);
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(left))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
    }

    private static string Describe(Fault fault, FaultRun run, Exception error)
    {
        var text = new StringBuilder($"With {fault} on {run.StorePath}: {error.Message}\n");
        foreach (var line in run.Lines.TakeLast(12))
            text.AppendLine($"  child: {line}");
        var at = Math.Max(Array.FindIndex(run.Calls, call => call.Contains("INJECTED", StringComparison.Ordinal)), 0);
        foreach (var call in run.Calls.Skip(Math.Max(at - 4, 0)).Take(10))
            text.AppendLine($"  call: {(call.Length > 150 ? $"{call[..60]} … {call[^80..]}" : call)}");
        return text.ToString();
    }
}
