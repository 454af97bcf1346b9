using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Tenancy.Databases;

/// <summary>
/// What this node knows of tenants by heart: where each is and what it may use. Read from the catalog on first use; kept fresh by whoever
/// reads or follows the catalog. Bounded; the least recently used goes first.
/// </summary>
internal sealed class TenantDirectory(IStore main, EventSerializer serializer, TenantOptions options, TenantShares shares)
{
    private readonly TenantDecider _decider = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<TenantId, LinkedListNode<TenantEntry>> _entries = [];
    private readonly LinkedList<TenantEntry> _byUse = new();

    /// <summary>The tenant if it is known by heart.</summary>
    public TenantEntry? TryFind(TenantId tenant)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(tenant, out var node))
                return null;
            if (node.Next is not null)
            {
                _byUse.Remove(node);
                _byUse.AddLast(node);
            }

            return node.Value;
        }
    }

    /// <summary>The tenant, from the catalog if need be. One that doesn't exist isn't kept.</summary>
    public async ValueTask<TenantEntry> FindAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (TryFind(tenant) is { } known)
            return known;
        var (record, version) = await ReadAsync(tenant, cancellationToken);
        return Observe(tenant, record, version);
    }

    /// <summary>What a tenant may use.</summary>
    public TenantLimits LimitsOf(TenantEntry entry) => entry.Record.Limits.Or(options.Limits);

    /// <summary>Takes over what was read from the catalog, unless something newer is known.</summary>
    public TenantEntry Observe(TenantId tenant, TenantRecord record, StreamVersion version, bool isOnlyIfKnown = false)
    {
        TenantEntry? moved = null, evicted = null;
        TenantEntry entry;
        lock (_lock)
        {
            if (_entries.TryGetValue(tenant, out var node))
            {
                entry = node.Value;
                if (entry.Version >= version || entry.TryUpdate(record, version))
                    return Weigh(entry);
                moved = entry;
                node.Value = entry = new TenantEntry(tenant, record, version) { Rate = moved.Rate };
            }
            else
            {
                entry = new TenantEntry(tenant, record, version);
                if (record.Exists && !isOnlyIfKnown)
                {
                    _entries.Add(tenant, _byUse.AddLast(entry));
                    evicted = Evict();
                }
            }
        }

        moved?.TellMoved();
        evicted?.TellMoved(); // Whoever waits there looks it up anew.
        return Weigh(entry);
    }

    /// <summary>A tenant's record in the catalog, and its version.</summary>
    public async ValueTask<(TenantRecord Record, StreamVersion Version)> ReadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var (record, version) = (TenantRecord.None, StreamVersion.None);
        while (true)
        {
            var read = new StreamRead(StreamOf(tenant), version.Next(), Math.Min(500, main.Limits.PageLengthMax));
            var page = await main.ReadStreamAsync(TenantId.Platform, read, cancellationToken);
            if (page.IsEmpty)
                return (record, version);
            foreach (var recorded in page)
                (record, version) = (Evolve(record, recorded), recorded.Version);
        }
    }

    /// <summary>Waits until the catalog has something newer of a tenant, and takes it over.</summary>
    public async ValueTask WaitForChangeAsync(TenantEntry known, CancellationToken cancellationToken)
    {
        while (true)
        {
            var head = await main.ReadHeadAsync(TenantId.Platform, cancellationToken);
            var (record, version) = await ReadAsync(known.Tenant, cancellationToken);
            if (version > known.Version)
            {
                Observe(known.Tenant, record, version);
                return;
            }

            await main.WaitForPositionAsync(TenantId.Platform, head.Position.Next(), cancellationToken);
        }
    }

    /// <summary>
    /// Records a step that the runtime itself takes, past the policies, which are for callers. What the rules reject gives null.
    /// </summary>
    /// <exception cref="TallystickException">The store failed, or others changed the tenant again and again.</exception>
    public async ValueTask<TenantEntry?> RecordAsync(TenantId tenant, TenantCommand command, CancellationToken cancellationToken)
    {
        const int AttemptsMax = 10;
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            var (record, version) = await ReadAsync(tenant, cancellationToken);
            var decision = _decider.Decide(command, record);
            if (decision.IsRejected)
                return null;
            var events = decision.Events.Select(e => serializer.Serialize(e)).ToArray();
            var commit = Commit.For(TenantId.Platform).Append(StreamOf(tenant), ExpectedVersion.Exactly(version), events);
            if (await main.CommitAsync(commit, cancellationToken) is CommitResult.Committed)
                return Observe(tenant, decision.Events.Aggregate(record, _decider.Evolve), StreamVersion.Of(version.Value + events.Length));
        }

        throw new TallystickException($"Tenant '{tenant}' was changed by others {AttemptsMax} times in a row. Try again.", isTransient: true);
    }

    /// <summary>Folds one event of the catalog.</summary>
    public TenantRecord Evolve(TenantRecord record, RecordedEvent recorded) =>
        serializer.Deserialize(recorded) is TenantEvent e ? _decider.Evolve(record, e) : record;

    private static StreamId StreamOf(TenantId tenant) => new(TenantDecider.StreamCategory, tenant.Value);

    private TenantEntry Weigh(TenantEntry entry)
    {
        if (entry.Record.Exists)
            shares.Set(entry.Tenant, LimitsOf(entry).QueueShare ?? 1);
        return entry;
    }

    private TenantEntry? Evict()
    {
        if (_entries.Count <= options.CachedTenantsMax)
            return null;
        var oldest = _byUse.First!.Value;
        _byUse.RemoveFirst();
        _entries.Remove(oldest.Tenant);
        return oldest;
    }
}
