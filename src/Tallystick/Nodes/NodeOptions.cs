using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Nodes;

/// <summary>
/// How the processes that share a database divide the work of their projections and subscriptions. Of no effect with a store that one
/// process has for itself.
/// </summary>
public sealed record NodeOptions
{
    /// <summary>The most partitions that a database's work can have.</summary>
    public const int WorkPartitionsMax = 1000;

    /// <summary>
    /// The name of this process among those that share the database: unique, and another one whenever the process starts. Null (the default):
    /// the machine's name and random characters.
    /// </summary>
    public string? NodeId { get; init; }

    /// <summary>
    /// How often the process renews its leases and looks for free ones: one read and one commit, however many tenants there are. Default 2 s.
    /// </summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// After how long without a renewal others take over, and the process stops what it ran by itself. At least twice
    /// <see cref="HeartbeatInterval"/>, at most <see cref="LeaseChange.DurationMax"/>. Default 6 s.
    /// </summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>
    /// Into how many parts the work is divided: the most processes that can share it. Fixed for a database when it is first used; another
    /// number is refused. 1 to <see cref="WorkPartitionsMax"/>; default 32.
    /// </summary>
    public int WorkPartitions { get; init; } = 32;

    /// <summary>These options, checked, with a name.</summary>
    internal NodeOptions For(StoreLimits limits, Entropy entropy)
    {
        if (HeartbeatInterval <= TimeSpan.Zero)
            throw new ArgumentException($"NodeOptions.HeartbeatInterval is {HeartbeatInterval}; it must be more than 0.");
        if (LeaseDuration < HeartbeatInterval * 2 || LeaseDuration > LeaseChange.DurationMax)
        {
            throw new ArgumentException(
                $"NodeOptions.LeaseDuration is {LeaseDuration}; it must be at least twice the HeartbeatInterval of {HeartbeatInterval}, so that one lost beat loses nothing, and at most {LeaseChange.DurationMax.TotalDays:0} day.");
        }

        // Each beat changes the leases of all partitions that the process has, and its own sign of life.
        var partitionsMax = Math.Min(WorkPartitionsMax, limits.LeasesPerCommitMax - 1);
        if (WorkPartitions < 1 || WorkPartitions > partitionsMax)
            throw new ArgumentException($"NodeOptions.WorkPartitions is {WorkPartitions}; it must be 1 to {partitionsMax}.");
        var id = NodeId ?? NewId(entropy);
        return id.Length == 0 || id.Length > limits.NameLengthMax
            ? throw new ArgumentException($"NodeOptions.NodeId '{id}' has {id.Length} characters; it must have 1 to {limits.NameLengthMax}.")
            : this with { NodeId = id };
    }

    private static string NewId(Entropy entropy)
    {
        Span<byte> random = stackalloc byte[6];
        entropy.Fill(random);
        return $"{Environment.MachineName}-{Convert.ToHexStringLower(random)}";
    }
}
