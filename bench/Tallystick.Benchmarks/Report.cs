using System.Globalization;

namespace Tallystick.Benchmarks;

/// <summary>Prints figures, the ratio first.</summary>
internal static class Report
{
    public static void Title(string text) => Console.WriteLine($"\n## {text}\n");

    public static void Ratio(string name, double ours, double bare, string unit) => Console.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"{ours / bare,6:0.00}  {name,-42} {ours,12:#,0} {unit}   (bare {bare:#,0})"));

    public static void Figure(string name, double value, string unit) => Console.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"        {name,-42} {value,12:#,0.##} {unit}"));
}

/// <summary>A folder under the system's temporary path that is removed at the end.</summary>
internal sealed class Folder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("tally-bench-").FullName;

    public string File(string name) => Path.Combine(_path, name);

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
