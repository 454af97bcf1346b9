using System.Collections.Immutable;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Writing;

/// <summary>
/// One tenant within a batch: what was stored of it when its head was locked, as far as the batch's commits ask for it, and what they have
/// changed since. It is dropped if the transaction fails.
/// </summary>
internal sealed class TenantWork(TenantId id, LogPosition position, long timeTicks, MerkleFrontier tree, long bytes, TenantLife life)
{
    private readonly TenantLife _storedLife = life;
    private readonly long _storedBytes = bytes;

    public TenantId Id { get; } = id;

    /// <summary>Where the log ends with the batch's commits so far.</summary>
    public LogPosition Position { get; set; } = position;

    public long TimeTicks { get; set; } = timeTicks;

    public MerkleFrontier Tree { get; set; } = tree;

    /// <summary>The bytes of all payloads and bodies.</summary>
    public long Bytes { get; set; } = bytes;

    public TenantLife Life { get; set; } = life;

    /// <summary>Where the log ended before.</summary>
    public LogPosition Stored { get; } = position;

    /// <summary>Whether the log or the bytes have changed.</summary>
    public bool HasGrown => Position != Stored || Bytes != _storedBytes;

    public bool HasNewLife => Life != _storedLife;

    /// <summary>The versions of the streams that the commits name.</summary>
    public Dictionary<StreamId, long> Versions { get; } = [];

    /// <summary>The checkpoints that the commits ask for or save; null: there is none.</summary>
    public Dictionary<string, LogPosition?> Checkpoints { get; } = [];

    /// <summary>The names of the checkpoints that the commits have changed.</summary>
    public HashSet<string> ChangedCheckpoints { get; } = [];

    /// <summary>The remembered results of the commits' keys.</summary>
    public Dictionary<string, RememberedCommit> Remembered { get; } = [];

    /// <summary>The events of the batch's commits, for the conditions of later ones.</summary>
    public List<(string Type, ImmutableArray<string> Tags, LogPosition Position)> Events { get; } = [];

    /// <summary>The new entries of its journal, as bytes.</summary>
    public List<(long Number, byte[] Entry)> Journal { get; } = [];

    /// <summary>The generations to activate.</summary>
    public Dictionary<string, int> Activated { get; } = [];

    /// <summary>The first event of this batch after a position that matches, or null.</summary>
    public LogPosition? FirstMatch(EventQuery query, LogPosition after)
    {
        foreach (var (type, tags, position) in Events)
        {
            if (position > after && query.Matches(type, tags))
                return position;
        }

        return null;
    }
}
