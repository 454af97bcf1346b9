using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tallystick.IntegrationTests.Faults;

/// <summary>
/// An strace attached to one thread of another process, looking only at system calls on the files of one store. It can make the n-th
/// call of a kind fail, or kill the process there.
/// </summary>
/// <remarks>
/// One thread, since strace counts the calls of each thread for itself: with all threads traced, "the third write" would be several. The
/// files are given by name, which covers calls by path and calls on handles of these files, also of files that are made later.
/// </remarks>
public sealed class Strace : IAsyncDisposable
{
    private const int Terminate = 15;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);
    private static readonly string[] Endings = ["", "-wal", "-shm", "-journal", ".lock", ".pid"];

    private readonly Process _process;
    private readonly Task<string> _output;

    private Strace(Process process)
    {
        _process = process;
        _output = process.StandardOutput.ReadToEndAsync();
    }

    /// <summary>All calls that change something or might: on handles, and on names.</summary>
    public static string AllCalls => "%desc,%file";

    /// <param name="thread">The thread, by its number in the system.</param>
    /// <param name="storePath">The store's file, or where it will be.</param>
    /// <param name="calls">Which calls are traced.</param>
    /// <param name="injection">What is done to them (strace's <c>inject</c>), or null.</param>
    public static async Task<Strace> AttachAsync(int thread, string storePath, string calls, string? injection)
    {
        var folder = Path.GetDirectoryName(storePath)!;
        string[] files = [Path.GetDirectoryName(folder)!, folder, .. Endings.Select(ending => storePath + ending)];
        string[] arguments =
        [
            "-y", "-o", "/dev/stdout", "-p", $"{thread}", "-e", $"trace={calls}",
            .. injection is null ? Array.Empty<string>() : ["-e", $"inject={injection}"],
            .. files.SelectMany(file => new[] { "-P", file }),
        ];
        Process? process = null;
        try
        {
            process = Process.Start(new ProcessStartInfo("strace", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        }
        catch (Win32Exception error)
        {
            Assert.Skip($"strace can't be started ({error.Message}). On Debian: apt-get install strace.");
        }

        var strace = new Strace(process);
        var said = new List<string>();
        while (await process.StandardError.ReadLineAsync().WaitAsync(Deadline) is { } line)
        {
            if (line.EndsWith("attached", StringComparison.Ordinal))
            {
                _ = process.StandardError.ReadToEndAsync();
                return strace;
            }

            said.Add(line);
        }

        await strace.DisposeAsync();
        Assert.SkipWhen(said.Any(line => line.Contains("not permitted", StringComparison.Ordinal)), $"No process may be traced here: {string.Join(' ', said)}");
        throw new InvalidOperationException($"strace ended before it was attached: {string.Join('\n', said)}");
    }

    /// <summary>Lets the thread run on alone, and gives the calls that were seen.</summary>
    public async Task<string[]> DetachAsync()
    {
        // Not SIGKILL: strace may be in the middle of changing a call, and has lines to write.
        if (!_process.HasExited)
            _ = kill(_process.Id, Terminate);
        await _process.WaitForExitAsync().WaitAsync(Deadline);
        var output = await _output.WaitAsync(Deadline);
        return [.. output.Split('\n').Where(line => line.Contains('(', StringComparison.Ordinal))];
    }

    public async ValueTask DisposeAsync()
    {
        await DetachAsync();
        _process.Dispose();
    }

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int process, int signal);
}
