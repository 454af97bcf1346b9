using System.Collections.Immutable;
using Tallystick.Storage;
using Tallystick.Testing.Generation;

namespace Tallystick.Testing.Simulations;

/// <summary>How a simulated world is made. The defaults suit most applications.</summary>
public sealed record SimulationOptions
{
    private const int TenantsMax = 26;

    /// <summary>
    /// The most processes that run the application. Each run draws how many it has; with one, the database lives in it and dies with it, with more
    /// it is a server of its own. At least 1; default 2.
    /// </summary>
    public int NodesMax { get; init; } = 2;

    /// <summary>How many tenants there are: <c>tenant-a</c>, <c>tenant-b</c> and so on. 1 to 26; default 2.</summary>
    public int Tenants { get; init; } = 2;

    /// <summary>How many clients use the application at the same time. At least 1; default 3.</summary>
    public int Clients { get; init; } = 3;

    /// <summary>How often each client does something; 0 or more. Default 12.</summary>
    public int Operations { get; init; } = 12;

    /// <summary>
    /// What a client does, once for each of its operations; everything random in it comes from <see cref="SimulatedClient.Randomness"/>. Null (the
    /// default): it gives a random command to one of the application's deciders, or reads a state or a document.
    /// </summary>
    public Func<SimulatedClient, Task>? Workload { get; init; }

    /// <summary>What is stored before anything runs: for example events in the shape of an older version.</summary>
    public ImmutableArray<Commit> Given { get; init; } = [];

    /// <summary>
    /// Parts in which deployments of the application differ: whenever a process starts, it draws one of them and adds it to the application, so that old
    /// and new code take turns and run side by side. Default: none.
    /// </summary>
    public ImmutableArray<Action<TallystickBuilder>> Deployments { get; init; } = [];

    /// <summary>How the random commands of the default workload are made. Default: from their types and their validation alone.</summary>
    public GenerationOptions Generation { get; init; } = GenerationOptions.Default;

    /// <summary>After how many steps a run is given up as one that never ends. Default 500,000.</summary>
    public int StepsMax { get; init; } = 500_000;

    /// <summary>How many runs may be spent on finding a shorter schedule that fails as well. Default 400.</summary>
    public int ShrinkRunsMax { get; init; } = 400;

    /// <summary>
    /// After how long, in real time, a single piece of work is given up as one that blocks or runs in circles. Such a thread can't be ended; it is left
    /// behind. Default 1 minute.
    /// </summary>
    public TimeSpan StuckAfter { get; init; } = TimeSpan.FromMinutes(1);

    internal void Demand()
    {
        AtLeast(NodesMax, 1, nameof(NodesMax));
        AtLeast(Tenants, 1, nameof(Tenants));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Tenants, TenantsMax, nameof(Tenants));
        AtLeast(Clients, 1, nameof(Clients));
        AtLeast(Operations, 0, nameof(Operations));
        AtLeast(StepsMax, 1, nameof(StepsMax));
        AtLeast(ShrinkRunsMax, 0, nameof(ShrinkRunsMax));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(StuckAfter, TimeSpan.Zero, nameof(StuckAfter));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(StuckAfter, TimeSpan.FromDays(1), nameof(StuckAfter));
        ArgumentNullException.ThrowIfNull(Generation);
        if (Given.IsDefault || Given.Contains(null!))
            throw new ArgumentException("SimulationOptions.Given has no value, or a null in it; nothing is [].", nameof(Given));
        if (Deployments.IsDefault || Deployments.Contains(null!))
            throw new ArgumentException("SimulationOptions.Deployments has no value, or a null in it; none is [].", nameof(Deployments));
    }

    private static void AtLeast(int value, int least, string name) => ArgumentOutOfRangeException.ThrowIfLessThan(value, least, name);
}
