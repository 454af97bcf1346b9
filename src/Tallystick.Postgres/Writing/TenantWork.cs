using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Writing;

/// <summary>
/// One tenant within a batch: what was stored of it when its head was locked, as far as the batch's commits ask for it, and what they have
/// changed since. It is dropped if the transaction fails.
/// </summary>
internal sealed class TenantWork(TenantId id, LogPosition position, long timeTicks, MerkleFrontier tree)
{
    public TenantId Id { get; } = id;

    /// <summary>Where the log ends with the batch's commits so far.</summary>
    public LogPosition Position { get; set; } = position;

    public long TimeTicks { get; set; } = timeTicks;

    public MerkleFrontier Tree { get; } = tree;

    /// <summary>Where the log ended before.</summary>
    public LogPosition Stored { get; } = position;

    /// <summary>The versions of the streams that the commits name.</summary>
    public Dictionary<StreamId, long> Versions { get; } = [];

    /// <summary>The checkpoints that the commits ask for or save; null: there is none.</summary>
    public Dictionary<string, LogPosition?> Checkpoints { get; } = [];

    /// <summary>The names of the checkpoints that the commits have changed.</summary>
    public HashSet<string> ChangedCheckpoints { get; } = [];

    /// <summary>The remembered results of the commits' keys.</summary>
    public Dictionary<string, RememberedCommit> Remembered { get; } = [];

    /// <summary>The events of the batch's commits, for the conditions of later ones.</summary>
    public List<(NewEvent Event, LogPosition Position)> Events { get; } = [];

    /// <summary>The generations to activate.</summary>
    public Dictionary<string, int> Activated { get; } = [];

    /// <summary>The first event of this batch after a position that matches, or null.</summary>
    public LogPosition? FirstMatch(EventQuery query, LogPosition after)
    {
        foreach (var (e, position) in Events)
        {
            if (position > after && query.Matches(e.Type, e.Tags))
                return position;
        }

        return null;
    }
}
