using System.Collections.Immutable;
using Tallystick.Storage;

namespace Tallystick.Nodes;

/// <summary>What a <see cref="WorkCoordinator"/> starts and ends: the work of a database, in partitions. It calls one method at a time.</summary>
internal interface IPartitionWork
{
    /// <summary>Starts a partition's work; each commit of it must be made under the lease. What is still ending of it from before ends first.</summary>
    void Start(int partition, Lease lease);

    /// <summary>Tells a partition's work to end, at once; completes when all of it has ended, and never fails.</summary>
    Task EndAsync(int partition);

    /// <summary>Tells which other process has each partition; null: none.</summary>
    void Seen(ImmutableArray<string?> others);
}
