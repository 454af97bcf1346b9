using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Subscriptions;

/// <summary>The bounds of projections and subscriptions.</summary>
public sealed record SubscriptionOptions
{
    /// <summary>The most events that are read at once while a runner keeps up with the log. Default 1,000.</summary>
    public int LiveBatchLength { get; init; } = 1000;

    /// <summary>The most events that are read at once while a runner catches up or rebuilds. Default 5,000.</summary>
    public int CatchUpPageLength { get; init; } = 5000;

    /// <summary>The most events of one commit while a projection catches up or rebuilds. Default 50,000.</summary>
    public int CatchUpBatchLength { get; init; } = 50_000;

    /// <summary>A projection commits early when a batch has changed this many documents. Default 5,000.</summary>
    public int ChangedDocumentsMax { get; init; } = 5000;

    /// <summary>The most documents that a projection keeps in memory for each collection between batches. Default 20,000.</summary>
    public int CachedDocumentsMax { get; init; } = 20_000;

    /// <summary>
    /// After how many events that don't concern it a runner saves its checkpoint nevertheless, so that a restart needn't pass over them
    /// again. Until then they cause no write; readers who wait for such an event's position needn't wait for the checkpoint. Default 10,000.
    /// </summary>
    public int IdleCheckpointInterval { get; init; } = 10_000;

    /// <summary>How often an event is tried again after its handler failed, before the runner stops. Default 5.</summary>
    public int RetriesMax { get; init; } = 5;

    /// <summary>The delay before the first retry, doubled for each further one, and then up to halved by chance. Default 100 ms.</summary>
    public TimeSpan RetryDelayFirst { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest delay before a retry, of a handler as of the store. Default 30 s.</summary>
    public TimeSpan RetryDelayMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How many runners of a host may work on a batch at the same moment; the others wait, the tenants in turn. Default 8.</summary>
    public int ConcurrentBatchesMax { get; init; } = 8;

    /// <summary>How many commands (resume, skip, rebuild) may wait for one runner; a further one is refused. Default 16.</summary>
    public int CommandQueueLength { get; init; } = 16;

    /// <summary>How long stopping waits for handlers that don't return. Default 30 s.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The weights with which tenants take turns where their batches wait. Default: all the same.</summary>
    public TenantShares Shares { get; init; } = new();

    /// <summary>The clock. Default: the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The source of the jitter and of event ids. Default: the operating system's.</summary>
    public Entropy Entropy { get; init; } = Entropy.System;

    /// <summary>These options, checked and cut to what the store allows.</summary>
    internal SubscriptionOptions For(StoreLimits limits)
    {
        foreach (var (name, value) in new[]
        {
            (nameof(LiveBatchLength), LiveBatchLength), (nameof(CatchUpPageLength), CatchUpPageLength), (nameof(CatchUpBatchLength), CatchUpBatchLength),
            (nameof(ChangedDocumentsMax), ChangedDocumentsMax), (nameof(CachedDocumentsMax), CachedDocumentsMax),
            (nameof(IdleCheckpointInterval), IdleCheckpointInterval), (nameof(ConcurrentBatchesMax), ConcurrentBatchesMax),
            (nameof(CommandQueueLength), CommandQueueLength),
        })
        {
            if (value < 1)
                throw new ArgumentException($"SubscriptionOptions.{name} is {value}; it must be at least 1.");
        }

        if (RetriesMax < 0 || RetryDelayFirst < TimeSpan.Zero || RetryDelayMax < RetryDelayFirst || StopTimeout < TimeSpan.Zero)
            throw new ArgumentException($"SubscriptionOptions has a negative RetriesMax or duration, or a RetryDelayMax below RetryDelayFirst: {this}.");
        return this with
        {
            LiveBatchLength = Math.Min(LiveBatchLength, limits.PageLengthMax),
            CatchUpPageLength = Math.Min(CatchUpPageLength, limits.PageLengthMax),
            ChangedDocumentsMax = Math.Min(ChangedDocumentsMax, limits.DocumentChangesPerCommitMax),
        };
    }

    /// <summary>The delay before the n-th retry, counted from 1.</summary>
    internal TimeSpan Delay(int retry)
    {
        var longest = Math.Min(RetryDelayMax.TotalMilliseconds, RetryDelayFirst.TotalMilliseconds * Math.Pow(2, Math.Min(retry - 1, 30)));
        return TimeSpan.FromMilliseconds(longest * (0.5 + (Entropy.NextDouble() / 2)));
    }
}
