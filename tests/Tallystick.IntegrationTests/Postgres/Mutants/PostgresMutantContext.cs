using System.Reflection;
using System.Runtime.Loader;

namespace Tallystick.IntegrationTests.Postgres.Mutants;

/// <summary>A second copy of these tests, bound to a mutant of the shared store.</summary>
internal sealed class PostgresMutantContext(byte[] mutant) : AssemblyLoadContext("mutant of Tallystick.Postgres", isCollectible: true)
{
    private const string Mutated = "Tallystick.Postgres", Tests = "Tallystick.IntegrationTests";

    /// <summary>Runs a check there; what it found, or null.</summary>
    public async Task<string?> RunAsync(string check, PostgresSchema schema, int seed, int patience)
    {
        var method = LoadFromAssemblyName(new AssemblyName(Tests)).GetType(typeof(PostgresChecks).FullName!)!.GetMethod(nameof(PostgresChecks.RunAsync))!;
        return await (Task<string?>)method.Invoke(null, [check, schema.Server.Host, schema.Server.Port, schema.Name, seed, patience])!;
    }

    protected override Assembly? Load(AssemblyName assemblyName) => assemblyName.Name switch
    {
        Mutated => LoadFromStream(new MemoryStream(mutant)),
        Tests => LoadFromAssemblyPath(Path.Combine(AppContext.BaseDirectory, Tests + ".dll")),
        _ => null,
    };
}
