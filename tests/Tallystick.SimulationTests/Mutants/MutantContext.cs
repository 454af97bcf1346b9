using System.Reflection;
using System.Runtime.Loader;

namespace Tallystick.SimulationTests.Mutants;

/// <summary>A second copy of everything that uses a library, bound to the mutant of that library.</summary>
internal sealed class MutantContext(string project, byte[] mutant) : AssemblyLoadContext($"mutant of {project}", isCollectible: true)
{
    private static readonly string[] Copied = ["Tallystick", "Tallystick.AspNetCore", "Tallystick.Sqlite", "Tallystick.Testing", "Orders", "Tallystick.SimulationTests"];

    /// <summary>Runs seeds until one fails: its number and the failure, or null.</summary>
    public string? FirstFailure(string world, long firstSeed, int count)
    {
        var tests = LoadFromAssemblyName(new AssemblyName("Tallystick.SimulationTests"));
        var method = tests.GetType(typeof(MutantRuns).FullName!)!.GetMethod(nameof(MutantRuns.FirstFailure))!;
        return (string?)method.Invoke(null, [world, firstSeed, count]);
    }

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        if (assemblyName.Name == project)
            return LoadFromStream(new MemoryStream(mutant));
        return Copied.Contains(assemblyName.Name) ? LoadFromAssemblyPath(Path.Combine(AppContext.BaseDirectory, assemblyName.Name + ".dll")) : null;
    }
}
