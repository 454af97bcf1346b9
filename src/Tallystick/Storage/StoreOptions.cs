using Tallystick.Events;

namespace Tallystick.Storage;

/// <summary>What every store needs from outside.</summary>
public record StoreOptions
{
    /// <summary>What the store accepts.</summary>
    public StoreLimits Limits { get; init; } = StoreLimits.Default;

    /// <summary>The clock that stamps events and that leases run by. Default: the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The source of the salt that is hashed with each payload. Default: the operating system's.</summary>
    public Entropy Entropy { get; init; } = Entropy.System;

    /// <summary>The weights with which tenants take turns where their commits wait. Default: all the same.</summary>
    public TenantShares Shares { get; init; } = new();

    /// <summary>How long a commit waits for a place in a full queue before it fails as transient. Default 30 s.</summary>
    public TimeSpan CommitQueueTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
