using Microsoft.Extensions.Logging;

namespace Tallystick.Nodes;

/// <summary>The log messages of the division of work among processes.</summary>
internal static partial class NodeLog
{
    [LoggerMessage(2101, LogLevel.Information, "Node {Node} has {Count} more partitions of the work: {Partitions}")]
    public static partial void Gained(ILogger logger, string node, int count, string partitions);

    [LoggerMessage(2102, LogLevel.Information, "Node {Node} gives {Count} partitions up, since {Alive} nodes share the work: {Partitions}")]
    public static partial void GivesUp(ILogger logger, string node, int count, int alive, string partitions);

    [LoggerMessage(2103, LogLevel.Warning, "Node {Node} has lost {Count} partitions of the work to others: {Partitions}")]
    public static partial void Lost(ILogger logger, string node, int count, string partitions);

    [LoggerMessage(2104, LogLevel.Error, "Node {Node} couldn't renew its leases for {Duration} and stops its {Count} partitions of the work, which others may have now")]
    public static partial void Expired(ILogger logger, string node, int count, TimeSpan duration);

    [LoggerMessage(2105, LogLevel.Warning, "Node {Node} couldn't renew its leases; it tries again every {Interval}")]
    public static partial void BeatFailed(ILogger logger, string node, TimeSpan interval, Exception error);

    [LoggerMessage(2106, LogLevel.Debug, "Another node was faster than {Node}, which reads the leases again, for the {Attempt}. time: {Reason}")]
    public static partial void BeatRefused(ILogger logger, string node, int attempt, string reason);
}
