namespace Tallystick.Testing.Leaks;

/// <summary>Something that can be done as a tenant.</summary>
/// <param name="Name">Its name, as messages and excuses write it.</param>
/// <param name="IsRead">Whether it changes nothing, so that it can be run as both tenants in turn and compared.</param>
/// <param name="RunAsync">Does it as a tenant, knowing the other; gives all that came out, as text.</param>
internal sealed record LeakOperation(string Name, bool IsRead, Func<Twin, Twin, CancellationToken, Task<string>> RunAsync)
{
    /// <summary>Whether it asks for what the other has, so that the answer may change with the other.</summary>
    public bool AsksForOther { get; init; }
}
