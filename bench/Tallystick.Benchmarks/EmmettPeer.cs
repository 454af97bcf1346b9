using System.Diagnostics;
using System.Globalization;

namespace Tallystick.Benchmarks;

/// <summary>emmett's PostgreSQL event store on node, as a process for each run (<c>bench/peers/emmett</c>).</summary>
internal sealed class EmmettPeer
{
    private readonly string _folder;
    private readonly string _url;

    private EmmettPeer(string folder, string url) => (_folder, _url) = (folder, url);

    /// <summary>Installs it; null, with the reason printed, where that can't be done.</summary>
    public static async Task<EmmettPeer?> PrepareAsync(BenchCluster cluster)
    {
        var folder = Path.Combine(ProgramOutput.Root(), "bench", "peers", "emmett");
        try
        {
            if (!Directory.Exists(Path.Combine(folder, "node_modules")))
                await ProgramOutput.LastLineAsync("npm", "install", "--prefix", folder, "--no-audit", "--no-fund");
            await cluster.RunAsync("CREATE DATABASE emmett");
            return new EmmettPeer(folder, cluster.Url("emmett"));
        }
        catch (Exception error) when (error is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            Console.WriteLine($"Without emmett, since it can't be installed: {error.Message}");
            return null;
        }
    }

    public async Task<double> AppendsAsync(int writers, int events, TimeSpan time) => double.Parse(
        await ProgramOutput.LastLineAsync(
            "node", Path.Combine(_folder, "appends.js"), _url, Text(writers), Text(events), time.TotalSeconds.ToString(CultureInfo.InvariantCulture)),
        CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Other programs that benchmarks need.</summary>
internal static class ProgramOutput
{
    /// <summary>Runs a program to its end; gives the last line of what it printed.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message has what it printed.</exception>
    public static async Task<string> LastLineAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? output.TrimEnd().Split('\n')[^1]
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{output}{await errors}");
    }

    /// <summary>The folder of the whole project.</summary>
    public static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Tallystick.slnx")))
            folder = folder.Parent ?? throw new InvalidOperationException($"Tallystick.slnx is above none of {AppContext.BaseDirectory}.");
        return folder.FullName;
    }
}
