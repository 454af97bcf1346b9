using System.Collections.Immutable;
using System.Globalization;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Nodes;

/// <summary>What a process knows of its own partitions when it makes a plan.</summary>
/// <param name="NodeId">The process.</param>
/// <param name="Running">The partitions whose work runs here, and under which leases.</param>
/// <param name="Ending">The partitions whose work was told to end and hasn't ended.</param>
/// <param name="IsLeaving">Whether the process wants to have no work any more.</param>
internal sealed record NodeWork(string NodeId, SortedDictionary<int, Lease> Running, IReadOnlyCollection<int> Ending, bool IsLeaving);

/// <summary>
/// What one beat does, decided from one read of the leases and nothing else. Each process takes free partitions up to its fair share, the
/// partitions divided by the processes that are alive, rounded up; and ends and then gives back what it has too much. So work spreads
/// without anybody deciding for others.
/// </summary>
internal sealed class WorkPlan
{
    /// <summary>What the names of all leases of the division of work begin with, so that one read finds them.</summary>
    public const string Prefix = "work/";

    private const string Node = Prefix + "node-";

    private readonly Dictionary<int, LeaseState> _states = [];
    private readonly NodeWork _here;
    private readonly int _partitions;

    private WorkPlan(ImmutableArray<LeaseState> leases, int partitions, NodeWork here)
    {
        (_here, _partitions) = (here, partitions);
        var others = 0;
        LeaseState? own = null;
        HashSet<int> taken = [];
        foreach (var lease in leases)
        {
            if (PartitionOf(lease.Name) is { } partition)
                _states[partition] = lease;
            else if (lease.Name.StartsWith(Node, StringComparison.Ordinal) && Number(lease.Name[Node.Length..]) is { } place)
            {
                if (lease.Owner == here.NodeId)
                    own = lease;
                if (lease.IsFree || lease.Owner == here.NodeId)
                    continue;
                others++;
                taken.Add(place);
            }
        }

        Alive = here.IsLeaving ? others : others + 1;
        Life = own;
        Place = own is null ? Enumerable.Range(0, int.MaxValue).First(place => !taken.Contains(place)) : Number(own.Name[Node.Length..])!.Value;
        Decide();
    }

    /// <summary>How many processes share the work.</summary>
    public int Alive { get; }

    /// <summary>The most partitions that this process should have.</summary>
    public int Share => _here.IsLeaving ? 0 : (_partitions + Alive - 1) / Alive;

    /// <summary>The partitions that run here and whose lease someone else has, or had meanwhile.</summary>
    public ImmutableArray<int> Lost { get; private set; } = [];

    /// <summary>The partitions that run here over the fair share: their work has to end, and their leases are kept until it has.</summary>
    public ImmutableArray<int> Surplus { get; private set; } = [];

    /// <summary>The leases that are kept.</summary>
    public ImmutableArray<Lease> Kept { get; private set; } = [];

    /// <summary>The partitions that are taken.</summary>
    public ImmutableArray<int> Taken { get; private set; } = [];

    /// <summary>The leases that are given back.</summary>
    public ImmutableArray<Lease> Given { get; private set; } = [];

    /// <summary>Whether the process could have more than there is to take now.</summary>
    public bool HasRoom { get; private set; }

    /// <summary>The process's own sign of life as it was read; null if it has none.</summary>
    private LeaseState? Life { get; }

    /// <summary>
    /// The number in the name of the sign of life. Processes come and go with ever new names; places are used again, so that the leases of
    /// those that are gone don't pile up.
    /// </summary>
    private int Place { get; }

    /// <summary>Makes the plan.</summary>
    /// <param name="leases">All leases that begin with <see cref="Prefix"/>.</param>
    /// <param name="partitions">How many partitions there are.</param>
    /// <param name="here">What this process has.</param>
    public static WorkPlan Make(ImmutableArray<LeaseState> leases, int partitions, NodeWork here) => new(leases, partitions, here);

    /// <summary>The name of a partition's lease.</summary>
    public static string NameOf(int partition) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{partition:000}");

    /// <summary>The partition that a lease is for; null if it is for something else.</summary>
    public static int? PartitionOf(string name) => name.StartsWith(Prefix, StringComparison.Ordinal) ? Number(name[Prefix.Length..]) : null;

    /// <summary>Which other process has each partition; null: none.</summary>
    public ImmutableArray<string?> Others() =>
        [.. Enumerable.Range(0, _partitions).Select(partition => _states.GetValueOrDefault(partition) is { IsFree: false } state && !IsMine(partition) ? state.Owner : null)];

    /// <summary>The beat's commit; null if there is nothing to do.</summary>
    /// <param name="duration">For how long leases are held from now on.</param>
    /// <param name="takes">Whether free partitions are taken; else what is held is kept, which nobody can be in the way of.</param>
    public Commit? Commit(TimeSpan duration, bool takes)
    {
        var commit = Storage.Commit.For(TenantId.Platform);
        if (Life is { } life)
            commit = _here.IsLeaving ? commit.Release(Own(life)) : commit.Renew(Own(life), duration);
        else if (!_here.IsLeaving && takes)
            commit = commit.Acquire(string.Create(CultureInfo.InvariantCulture, $"{Node}{Place:000}"), _here.NodeId, duration);
        commit = Kept.Aggregate(commit, (commit, lease) => commit.Renew(lease, duration));
        commit = Given.Aggregate(commit, (commit, lease) => commit.Release(lease));
        if (takes)
            commit = Taken.Aggregate(commit, (commit, partition) => commit.Acquire(NameOf(partition), _here.NodeId, duration));
        return commit.Leases.IsEmpty ? null : commit;
    }

    private void Decide()
    {
        Lost = [.. _here.Running.Keys.Where(partition => !Runs(partition))];
        // Processes begin at different partitions, so that they are seldom in each other's way.
        var first = Place * Math.Max(1, Share) % _partitions;
        var inOrder = Enumerable.Range(0, _partitions).Select(i => (first + i) % _partitions).ToArray();
        var running = inOrder.Where(Runs).ToArray();
        Surplus = [.. running.Skip(Share)];
        var room = Share - running.Length;
        var (kept, taken, given) = (new List<Lease>(), new List<int>(), new List<Lease>());
        foreach (var partition in inOrder)
        {
            var state = _states.GetValueOrDefault(partition);
            var isMine = IsMine(partition);
            if (isMine && (_here.Running.ContainsKey(partition) || _here.Ending.Contains(partition)))
                kept.Add(Own(state!));
            else if (isMine)
            {
                // Also what could be taken up again: in a new epoch, what is still on its way of the old one can do no harm.
                given.Add(Own(state!));
            }
            else if (room > 0 && (state is null || state.IsFree))
            {
                taken.Add(partition);
                room--;
            }
        }

        (Kept, Taken, Given, HasRoom) = ([.. kept], [.. taken], [.. given], room > 0);
    }

    /// <summary>Whether a partition's work runs here by right.</summary>
    private bool Runs(int partition) =>
        IsMine(partition) && _here.Running.TryGetValue(partition, out var lease) && lease.Epoch == _states[partition].Epoch;

    private bool IsMine(int partition) => _states.GetValueOrDefault(partition)?.Owner == _here.NodeId;

    private Lease Own(LeaseState state) => new(TenantId.Platform, state.Name, _here.NodeId, state.Epoch);

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
