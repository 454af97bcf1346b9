namespace Tallystick.Tests;

/// <summary>Finds test data that lie beside the repository, in <c>shared/data</c>, and are too foreign to be part of it.</summary>
/// <remarks>
/// The environment variable <c>TALLYSTICK_SHARED_DATA</c> names the data folder. Without it, <c>shared/data</c> is looked for in every
/// folder above the test assembly's, which finds it in the folder that holds the repository.
/// </remarks>
internal static class SharedData
{
    private const string Variable = "TALLYSTICK_SHARED_DATA";

    /// <summary>The path of a folder of shared data; skips the running test, with the reason, where there are none.</summary>
    /// <param name="name">The folder's name below the data folder: <c>merkle</c>.</param>
    /// <returns>A path that exists.</returns>
    public static string FolderOrSkip(string name)
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            // Who names a folder wants its tests to run: a wrong name must not look like a pass.
            var folder = Path.Combine(named, name);
            Assert.True(Directory.Exists(folder), $"{Variable} is '{named}', but there is no folder '{folder}'.");
            return folder;
        }

        for (var above = new DirectoryInfo(AppContext.BaseDirectory); above is not null; above = above.Parent)
        {
            var folder = Path.Combine(above.FullName, "shared", "data", name);
            if (Directory.Exists(folder))
            {
                return folder;
            }
        }

        Assert.Skip($"No shared/data/{name} in any folder above {AppContext.BaseDirectory}, and {Variable} isn't set.");
        return "";
    }
}
