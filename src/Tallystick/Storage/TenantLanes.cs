using System.Diagnostics.CodeAnalysis;
using Tallystick.Tenancy;

namespace Tallystick.Storage;

// Deficit round robin ("Efficient Fair Queuing Using Deficit Round-Robin", Shreedhar and Varghese, 1996), in the form in which a turn may
// overdraw its credit and the debt is taken off the next ones: so an item needn't be looked at before it is taken, and its cost may be
// any. What a lane costs beyond its turn it pays back before it is served again.

/// <summary>
/// What waits, in a lane for each tenant, served in turn: as many items of a tenant in a turn as its share says, the oldest first. Holds
/// lanes only of tenants for which something waits. Not safe for concurrent use; whoever has it locks.
/// </summary>
internal sealed class TenantLanes<T>(TenantShares shares)
{
    private const int SparesMax = 16;

    private readonly Dictionary<TenantId, Lane> _lanes = [];
    private readonly LinkedList<Lane> _round = new();
    private readonly Stack<Lane> _spares = new();

    /// <summary>How many items wait.</summary>
    public int Count { get; private set; }

    /// <summary>The shares of the tenants that wait, together.</summary>
    public int ShareSum { get; private set; }

    public int CountOf(TenantId tenant) => _lanes.TryGetValue(tenant, out var lane) ? lane.Items.Count : 0;

    /// <summary>A tenant's share if something of it waits.</summary>
    public int ShareOf(TenantId tenant) => _lanes.TryGetValue(tenant, out var lane) ? lane.Share : 0;

    /// <param name="tenant">Whose.</param>
    /// <param name="item">What waits.</param>
    /// <param name="cost">How much of the tenant's turn it takes; at least 1.</param>
    public void Add(TenantId tenant, T item, int cost = 1)
    {
        if (!_lanes.TryGetValue(tenant, out var lane))
        {
            if (!_spares.TryPop(out lane))
                lane = new Lane();
            (lane.Tenant, lane.Share, lane.Credit) = (tenant, shares.Of(tenant), 0);
            _lanes.Add(tenant, lane);
            _round.AddLast(lane.Place);
            ShareSum += lane.Share;
        }

        lane.Items.Enqueue((item, cost));
        Count++;
    }

    /// <summary>Takes the next item in turn.</summary>
    public bool TryTake(out TenantId tenant, [MaybeNullWhen(false)] out T item)
    {
        while (_round.First is { Value: var lane } first)
        {
            // Alone, it has nobody to pay a debt back to.
            lane.Credit = _round.Count == 1 ? lane.Share : lane.Credit <= 0 ? lane.Credit + lane.Share : lane.Credit;
            if (lane.Credit <= 0)
            {
                Rotate(first);
                continue;
            }

            (tenant, item) = (lane.Tenant, Take(lane));
            if (lane.Items.Count > 0 && lane.Credit <= 0)
                Rotate(first);
            return true;
        }

        (tenant, item) = (default, default);
        return false;
    }

    /// <summary>Takes the oldest item of the first tenant in turn for which a condition holds.</summary>
    public bool TryTakeOf(Func<TenantId, bool> isWanted, out TenantId tenant, [MaybeNullWhen(false)] out T item)
    {
        for (var node = _round.First; node is not null; node = node.Next)
        {
            if (!isWanted(node.Value.Tenant))
                continue;
            (tenant, item) = (node.Value.Tenant, Take(node.Value));
            if (node.Value.Items.Count > 0)
            {
                _round.Remove(node);
                _round.AddLast(node);
            }

            return true;
        }

        (tenant, item) = (default, default);
        return false;
    }

    /// <summary>Drops what isn't waited for any more.</summary>
    public void RemoveWhere(Func<T, bool> isDone)
    {
        for (var (node, next) = (_round.First, _round.First?.Next); node is not null; (node, next) = (next, next?.Next))
        {
            var lane = node.Value;
            for (var left = lane.Items.Count; left > 0; left--)
            {
                var entry = lane.Items.Dequeue();
                if (isDone(entry.Item))
                    Count--;
                else
                    lane.Items.Enqueue(entry);
            }

            if (lane.Items.Count == 0)
                Close(lane);
        }
    }

    private T Take(Lane lane)
    {
        var (item, cost) = lane.Items.Dequeue();
        Count--;
        lane.Credit -= cost;
        if (lane.Items.Count == 0)
            Close(lane);
        return item;
    }

    private void Rotate(LinkedListNode<Lane> first)
    {
        _round.RemoveFirst();
        _round.AddLast(first);
    }

    private void Close(Lane lane)
    {
        _lanes.Remove(lane.Tenant);
        _round.Remove(lane.Place);
        ShareSum -= lane.Share;
        if (_spares.Count < SparesMax)
            _spares.Push(lane);
    }

    private sealed class Lane
    {
        public Lane() => Place = new LinkedListNode<Lane>(this);

        public LinkedListNode<Lane> Place { get; }

        public Queue<(T Item, int Cost)> Items { get; } = new();

        public TenantId Tenant { get; set; }

        public int Share { get; set; }

        public int Credit { get; set; }
    }
}
