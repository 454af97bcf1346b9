using System.Diagnostics;
using System.Threading.Channels;

namespace Tallystick.IntegrationTests.Durability;

/// <summary>A run of Tallystick.Crasher, whose lines are read as they come. Disposing kills it.</summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly Task _reading;
    private readonly Task<string> _errors;

    private ChildProcess(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
        _reading = ReadAsync();
    }

    /// <summary>All complete lines so far; a line that the kill has cut off never counts.</summary>
    public List<string> Lines { get; } = [];

    public int Id => _process.Id;

    public static ChildProcess Start(params string[] arguments) => Start("dotnet", [Path.Combine(AppContext.BaseDirectory, "Tallystick.Crasher.dll"), .. arguments]);

    /// <summary>Starts it as a user who isn't root, if this one is: root may write everywhere.</summary>
    public static ChildProcess StartAsNobody(params string[] arguments)
    {
        if (!Environment.IsPrivilegedProcess)
            return Start(arguments);
        string[] all = ["dotnet", Path.Combine(ReadableCopy.Value, "Tallystick.Crasher.dll"), .. arguments];
        return Start("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", .. all]);
    }

    /// <summary>The tests' folder may lie where another user can't look (a clone in a private folder), so that user gets a copy.</summary>
    private static readonly Lazy<string> ReadableCopy = new(() =>
    {
        var copy = Directory.CreateTempSubdirectory("tallystick-crasher-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(copy, recursive: true);
        var paths = Directory.EnumerateFileSystemEntries(AppContext.BaseDirectory, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal);
        foreach (var path in paths.Prepend(AppContext.BaseDirectory))
        {
            var target = Path.Combine(copy, Path.GetRelativePath(AppContext.BaseDirectory, path));
            if (Directory.Exists(path))
                Directory.CreateDirectory(target);
            else
                File.Copy(path, target);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(target, (UnixFileMode)493); // rwxr-xr-x
        }

        return copy;
    });

    /// <summary>Reads on until a line begins so.</summary>
    public async Task<string> UntilAsync(string beginning, CancellationToken cancellationToken) =>
        await FindAsync(beginning, cancellationToken)
        ?? throw new InvalidOperationException($"The child ended without a line '{beginning}': {string.Join('\n', Lines.TakeLast(5))}\n{await _errors}");

    /// <summary>Reads on until a line begins so; null if the child ends before.</summary>
    public async Task<string?> FindAsync(string beginning, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Deadline);
        while (await _lines.Reader.WaitToReadAsync(deadline.Token))
        {
            while (_lines.Reader.TryRead(out var line))
            {
                Lines.Add(line);
                if (line.StartsWith(beginning, StringComparison.Ordinal))
                    return line;
            }
        }

        return null;
    }

    /// <summary>Reads on until it has acknowledged so many commits.</summary>
    public async Task AcknowledgedAsync(int count, CancellationToken cancellationToken)
    {
        for (var i = 0; i < count; i++)
            await UntilAsync("ack", cancellationToken);
    }

    /// <summary>Writes a line to its input.</summary>
    public Task TellAsync(string line) => _process.StandardInput.WriteLineAsync(line);

    /// <summary>Ends its input, which tells it to close.</summary>
    public void TellToClose() => _process.StandardInput.Close();

    /// <summary>SIGKILL. Everything that it has printed is in <see cref="Lines"/> afterwards.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await EndAsync();
    }

    /// <summary>Awaits its end.</summary>
    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Deadline);
        await _reading.WaitAsync(Deadline);
        while (_lines.Reader.TryRead(out var line))
            Lines.Add(line);
        return _process.ExitCode;
    }

    public async Task<string> ErrorsAsync() => await _errors;

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await EndAsync();
        _process.Dispose();
    }

    /// <summary>Starts it where .NET locks no files.</summary>
    public static ChildProcess StartWithoutLocks(params string[] arguments) =>
        Start("env", ["DOTNET_SYSTEM_IO_DISABLEFILELOCKING=1", "dotnet", Path.Combine(AppContext.BaseDirectory, "Tallystick.Crasher.dll"), .. arguments]);

    private static ChildProcess Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            Environment = { ["DOTNET_TieredPGO"] = "0", ["DOTNET_TieredCompilation"] = "1", ["DOTNET_CLI_HOME"] = Path.GetTempPath() },
        };
        return new ChildProcess(Process.Start(start)!);
    }

    private async Task ReadAsync()
    {
        var line = new System.Text.StringBuilder();
        var buffer = new char[16 * 1024];
        while (await _process.StandardOutput.ReadAsync(buffer) is var count and > 0)
        {
            foreach (var c in buffer.AsMemory(0, count).ToArray())
            {
                if (c != '\n')
                {
                    line.Append(c);
                    continue;
                }

                _lines.Writer.TryWrite(line.ToString());
                line.Clear();
            }
        }

        _lines.Writer.Complete();
    }
}
