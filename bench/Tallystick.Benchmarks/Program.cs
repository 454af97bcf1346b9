using System.Globalization;
using Tallystick.Benchmarks;

// Usage: dotnet run -c Release --project bench/Tallystick.Benchmarks -- [appends|reads|...] [--seconds N]
var time = TimeSpan.FromSeconds(3);
var suites = new List<string>();
for (var i = 0; i < args.Length; i++)
{
    if (args[i] == "--seconds")
        time = TimeSpan.FromSeconds(double.Parse(args[++i], CultureInfo.InvariantCulture));
    else
        suites.Add(args[i]);
}

bool Wanted(string suite) => suites.Count == 0 || suites.Contains(suite);

if (suites.Contains("batches"))
    await AppendRuns.RunBatchesAsync(time);
if (Wanted("appends"))
    await AppendRuns.RunAsync(time);
if (Wanted("fairness"))
    await FairnessRuns.RunAsync(time);
if (Wanted("reads"))
    await ReadRuns.RunAsync();
if (Wanted("rebuild"))
    await ReadRuns.RunRebuildAsync();
if (Wanted("commands"))
    await CommandRuns.RunAsync();
if (Wanted("million"))
    await MillionRuns.RunAsync();
if (Wanted("postgres"))
    await PostgresRuns.RunAsync(time);
if (Wanted("idle"))
    await IdleRuns.RunAsync();
if (Wanted("kit"))
    KitRuns.Run();
