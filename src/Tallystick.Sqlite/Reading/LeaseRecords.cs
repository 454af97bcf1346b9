using System.Collections.Immutable;
using Tallystick.Sqlite.Interop;
using Tallystick.Storage;

namespace Tallystick.Sqlite.Reading;

/// <summary>
/// The leases; only the writer's connection changes them. A row is never removed, since its epoch must outlive its holder. Times are ticks of
/// the store's clock, in UTC.
/// </summary>
internal sealed class LeaseRecords(SqliteDatabase database)
{
    private readonly record struct Entry(string? Owner, long Epoch, long UntilTicks)
    {
        public TimeSpan Remaining(long nowTicks) => Owner is not null && UntilTicks > nowTicks ? TimeSpan.FromTicks(UntilTicks - nowTicks) : TimeSpan.Zero;
    }

    /// <summary>Why a lease isn't held as its owner believes, or null.</summary>
    public Refusal.LeaseLost? Lost(int? tenant, Lease lease)
    {
        var entry = tenant is { } number ? Find(number, lease.Name) : default;
        return entry.Owner == lease.Owner && entry.Epoch == lease.Epoch ? null : new Refusal.LeaseLost(lease, entry.Owner, entry.Epoch);
    }

    /// <summary>Why a change can't be made, or null.</summary>
    public Refusal? Objection(int tenant, LeaseChange change, long nowTicks) => change switch
    {
        LeaseChange.Acquire acquire => Held(tenant, acquire, nowTicks),
        LeaseChange.Renew renew => Lost(tenant, renew.Held),
        LeaseChange.Release release => Lost(tenant, release.Held),
        _ => throw new InvalidOperationException($"LeaseChange is a closed set, but here is a {change.GetType()}."),
    };

    /// <summary>Makes a change that nothing objects to; gives the epoch that the lease is in then.</summary>
    public long Apply(int tenant, LeaseChange change, long nowTicks)
    {
        var entry = Find(tenant, change.Name);
        entry = change switch
        {
            LeaseChange.Acquire acquire => new Entry(
                acquire.Owner, entry.Owner == acquire.Owner ? entry.Epoch : entry.Epoch + 1, nowTicks + acquire.Duration.Ticks),
            LeaseChange.Renew renew => entry with { UntilTicks = nowTicks + renew.Duration.Ticks },
            _ => new Entry(null, entry.Epoch, nowTicks),
        };
        database.Statement(
                "INSERT INTO leases VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET owner=excluded.owner, epoch=excluded.epoch, until=excluded.until")
            .Bind(1, tenant).Bind(2, change.Name).Bind(3, entry.Owner).Bind(4, entry.Epoch).Bind(5, entry.UntilTicks).Run();
        return entry.Epoch;
    }

    /// <summary>Some of a tenant's leases.</summary>
    public ImmutableArray<LeaseState> Read(int tenant, LeaseRead read, long nowTicks)
    {
        var leases = ImmutableArray.CreateBuilder<LeaseState>();
        using var rows = database.Statement(
                "SELECT name, owner, epoch, until FROM leases WHERE tenant=?1 AND name>=?2 AND name>?3 ORDER BY name LIMIT ?4")
            .Bind(1, tenant).Bind(2, read.Prefix).Bind(3, read.After ?? "").Bind(4, read.Count).Rows();
        while (rows.Step())
        {
            var name = rows.Text(0);
            // Names that begin alike are neighbours.
            if (!name.StartsWith(read.Prefix, StringComparison.Ordinal))
                break;
            var entry = Read(rows, 1, name);
            leases.Add(new LeaseState(name, entry.Owner, entry.Epoch, entry.Remaining(nowTicks)));
        }

        return leases.ToImmutable();
    }

    private Refusal.LeaseHeld? Held(int tenant, LeaseChange.Acquire acquire, long nowTicks)
    {
        var entry = Find(tenant, acquire.Name);
        return entry.Owner is { } owner && owner != acquire.Owner && entry.UntilTicks > nowTicks
            ? new Refusal.LeaseHeld(acquire.Name, owner, entry.Epoch, entry.Remaining(nowTicks))
            : null;
    }

    private Entry Find(int tenant, string name)
    {
        using var rows = database.Statement("SELECT owner, epoch, until FROM leases WHERE tenant=?1 AND name=?2").Bind(1, tenant).Bind(2, name).Rows();
        return rows.Step() ? Read(rows, 0, name) : default;
    }

    private Entry Read(Statement.RowReader row, int column, string name)
    {
        var entry = new Entry(row.IsNull(column) ? null : row.Text(column), row.Int64(column + 1), row.Int64(column + 2));
        return entry.Epoch >= 1
            ? entry
            : throw new TallystickException($"{database.Path} is damaged: lease '{name}' is in epoch {entry.Epoch}. Restore it from a backup.");
    }
}
