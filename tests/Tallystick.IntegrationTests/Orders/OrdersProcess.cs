using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Tallystick.IntegrationTests.Orders;

/// <summary>The built sample as a process of its own, on a free port. It is killed when the test ends, however it ends.</summary>
public sealed class OrdersProcess : IAsyncDisposable
{
    private const int Terminate = 15, Halt = 19, GoOn = 18;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource<Uri> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private OrdersProcess(string data, string environment, string[] options)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[PathOfSample(), "--urls", "http://127.0.0.1:0", "--Data", data, .. options])
            start.ArgumentList.Add(argument);
        start.Environment["ASPNETCORE_ENVIRONMENT"] = environment;
        start.Environment["DOTNET_ENVIRONMENT"] = environment;
        start.Environment["HOME"] = data;
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Read(line.Data);
        _process.ErrorDataReceived += (_, line) => Read(line.Data);
        _process.Exited += (_, _) => _ready.TrySetException(new InvalidOperationException("The sample ended before it was ready:\n" + Output));
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>Starts the sample, and waits until it says that it is ready.</summary>
    public static async Task<(OrdersProcess Process, OrdersClient Client)> StartAsync(string data, params string[] options)
    {
        var process = new OrdersProcess(data, "Development", options);
        try
        {
            var client = new OrdersClient(await process._ready.Task.WaitAsync(Deadline));
            return (process, client);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the sample where it can't run; gives its exit code and what it said.</summary>
    public static async Task<(int ExitCode, string Output)> RunToEndAsync(string data, string environment, params string[] options)
    {
        await using var process = new OrdersProcess(data, environment, options);
        _ = process._ready.Task.Exception;
        return (await process.WaitForExitAsync(), process.Output);
    }

    /// <summary>Asks the process to stop as a service manager would; gives its exit code.</summary>
    public Task<int> StopAsync()
    {
        Assert.Equal(0, Signal(_process.Id, Terminate));
        return WaitForExitAsync();
    }

    /// <summary>Stops it in its tracks, as a machine that is overloaded or moved would.</summary>
    public void Pause() => Assert.Equal(0, Signal(_process.Id, Halt));

    /// <summary>Lets it go on after <see cref="Pause"/>.</summary>
    public void Continue() => Assert.Equal(0, Signal(_process.Id, GoOn));

    public Task KillAsync()
    {
        _process.Kill(entireProcessTree: true);
        return WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    private async Task<int> WaitForExitAsync()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        await _process.WaitForExitAsync(deadline.Token);
        return _process.ExitCode;
    }

    private void Read(string? line)
    {
        if (line is null)
            return;
        lock (_output)
            _output.AppendLine(line);
        const string Ready = "Orders is ready: ";
        if (line.StartsWith(Ready, StringComparison.Ordinal))
            _ready.TrySetResult(new Uri(line[Ready.Length..]));
    }

    private static string PathOfSample()
    {
        var bin = new DirectoryInfo(AppContext.BaseDirectory);
        var root = bin;
        while (!File.Exists(Path.Combine(root.FullName, "Tallystick.slnx")))
            root = root.Parent ?? throw new InvalidOperationException($"Tallystick.slnx is above none of {bin}.");
        return Path.Combine(root.FullName, "samples/Orders/bin", bin.Parent!.Name, bin.Name, "Orders.dll");
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Signal(int process, int signal);
}

/// <summary>One running sample for the tests of a class, with data of its own.</summary>
public sealed class OrdersFixture : IAsyncLifetime
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("tallystick-orders-");
    private OrdersProcess? _process;

    public OrdersClient Client { get; private set; } = null!;

    public string Output => _process!.Output;

    public async ValueTask InitializeAsync() =>
        (_process, Client) = await OrdersProcess.StartAsync(_data.FullName, "--Limits:ReadDeadline", "00:00:01");

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        Client?.Dispose();
        _data.Delete(recursive: true);
    }
}
