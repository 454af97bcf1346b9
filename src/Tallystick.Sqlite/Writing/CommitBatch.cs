using Tallystick.Events;
using Tallystick.Sqlite.Index;
using Tallystick.Sqlite.Reading;
using Tallystick.Tenancy;

namespace Tallystick.Sqlite.Writing;

/// <summary>
/// What the commits of one transaction have changed so far, in memory. It becomes visible to others only when the transaction is
/// durable, and is simply dropped if it fails.
/// </summary>
internal sealed class CommitBatch(long lastSeq)
{
    private long _lastSeq = lastSeq;

    /// <summary>The heads of the tenants touched, private to this batch.</summary>
    public Dictionary<TenantId, TenantHead> Heads { get; } = [];

    /// <summary>Where the logs of the tenants touched end without this batch.</summary>
    public Dictionary<TenantId, LogPosition> DurablePositions { get; } = [];

    /// <summary>The versions of the streams appended to.</summary>
    public Dictionary<(int Tenant, StreamId Stream), long> Versions { get; } = [];

    /// <summary>The events inserted.</summary>
    public List<TailEntry> Entries { get; } = [];

    /// <summary>The checkpoints saved.</summary>
    public List<(TenantId Tenant, string Name, LogPosition Position)> Checkpoints { get; } = [];

    /// <summary>The tenants that were being erased before this batch.</summary>
    public HashSet<TenantId> Marked { get; } = [];

    /// <summary>The tenants of which nothing is left.</summary>
    public Dictionary<TenantId, TenantHead> Erased { get; } = [];

    public long NextSeq() => ++_lastSeq;

    /// <summary>The first event of this batch after a position that matches, or null.</summary>
    public LogPosition? FirstMatch(int tenant, EventQuery query, LogPosition after)
    {
        foreach (var entry in Entries)
        {
            if (entry.Tenant == tenant && entry.Position > after.Value && query.Matches(entry.Type, entry.Tags.IsDefault ? [] : entry.Tags))
                return LogPosition.Of(entry.Position);
        }

        return null;
    }
}
