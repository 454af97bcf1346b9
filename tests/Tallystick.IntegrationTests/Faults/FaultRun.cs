using System.Globalization;
using Tallystick.Crasher;
using Tallystick.IntegrationTests.Durability;

namespace Tallystick.IntegrationTests.Faults;

/// <summary>One line that the child printed: what it did, and for a failure whether it passes by itself, why, and which commit.</summary>
public sealed record Report(string What, bool IsTransient, string Message, string Commit)
{
    public bool IsFailure => What is "failed" or "refused" or "unclosed";

    public static Report Parse(string line)
    {
        var parts = line.Split('\t');
        return parts[0] == Acknowledgement.Prefix || parts.Length < 3
            ? new Report(parts[0], false, "", parts.ElementAtOrDefault(1) ?? "")
            : new Report(parts[0], bool.Parse(parts[1]), parts[2], parts.ElementAtOrDefault(3) ?? "");
    }
}

/// <summary>What a workload did while a fault was injected.</summary>
/// <param name="StorePath">The store's file.</param>
/// <param name="Lines">What the child printed.</param>
/// <param name="Calls">The system calls on the store's files, as strace prints them.</param>
/// <param name="Ended">How the child ended; null if it lives.</param>
public sealed record FaultRun(string StorePath, string[] Lines, string[] Calls, int? Ended)
{
    public Report[] Reports => [.. Lines.Select(Report.Parse)];

    /// <summary>The calls that failed on purpose.</summary>
    public string[] Injected => [.. Calls.Where(call => call.Contains("(INJECTED)", StringComparison.Ordinal))];
}

/// <summary>Runs workloads in a child process, which lives on from one to the next unless it is killed.</summary>
public sealed class FaultRunner : IAsyncDisposable
{
    private ChildProcess? _child;

    /// <param name="workload">Its name in Tallystick.Crasher.</param>
    /// <param name="storePath">The store's file.</param>
    /// <param name="calls">Which system calls are looked at.</param>
    /// <param name="injection">What is done to them; null for nothing.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<FaultRun> RunAsync(string workload, string storePath, string calls, string? injection, CancellationToken stop)
    {
        var child = _child ??= ChildProcess.Start("faults");
        var before = child.Lines.Count;
        await child.TellAsync($"{workload}\t{storePath}");
        var armed = await child.UntilAsync("armed", stop);
        var thread = int.Parse(armed.Split('\t')[1], CultureInfo.InvariantCulture);
        await using var strace = await Strace.AttachAsync(thread, storePath, calls, injection);
        await child.TellAsync("go");
        var done = await child.FindAsync("done", stop);
        var traced = await strace.DetachAsync();
        int? ended = null;
        if (done is null)
        {
            ended = await child.EndAsync();
            _child = null;
        }

        var run = new FaultRun(storePath, [.. child.Lines.Skip(before)], traced, ended);
        if (done is null)
            await child.DisposeAsync();
        return run;
    }

    /// <summary>Runs the workload in which no file may grow beyond a number of bytes, without strace.</summary>
    public async Task<FaultRun> RunWithLimitAsync(long bytes, string storePath, CancellationToken stop)
    {
        var child = _child ??= ChildProcess.Start("faults");
        var before = child.Lines.Count;
        await child.TellAsync($"limit\t{storePath}\t{bytes}");
        await child.UntilAsync("done", stop);
        return new FaultRun(storePath, [.. child.Lines.Skip(before)], [], null);
    }

    /// <summary>What a child leaves behind that is killed with a store open, all of whose commits are in the write-ahead log alone.</summary>
    public static async Task<string[]> LeaveAsync(string storePath, CancellationToken stop)
    {
        await using var child = ChildProcess.Start("faults");
        await child.TellAsync($"leave\t{storePath}");
        await child.UntilAsync("armed", stop);
        await child.KillAsync();
        return [.. child.Lines];
    }

    /// <summary>Lets the child end by itself, so that what it ran can be counted.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_child is null)
            return;
        _child.TellToClose();
        await _child.EndAsync();
        await _child.DisposeAsync();
    }
}
