using Npgsql;
using Tallystick.Postgres.Connections;
using Tallystick.Postgres.Reading;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Writing;

/// <summary>Reads the leases that a batch's commits name, and writes those that they change.</summary>
/// <remarks>
/// A tenant's leases only change under the lock of its head. So those of the batch's own tenants can't change any more once the heads are
/// locked. A commit under a lease of the platform doesn't take the platform's head, for which all tenants would queue: it locks the
/// lease's row against changes (FOR SHARE), so that a takeover waits until this transaction has ended, or this one sees the takeover. No circle can
/// come of that: rows of leases are locked after all heads and, here as where they are changed, in the order of their names; and whoever waits
/// for such a row holds no head that the one who has it still wants.
/// </remarks>
internal sealed class LeaseRows
{
    private const string Clock = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

    private const string Own = """
        SELECT l.tenant, l.name, l.owner, l.epoch, l.until FROM unnest($1, $2) k(tenant, name)
        JOIN leases l ON l.tenant = k.tenant AND l.name = k.name
        """;

    private const string OfPlatform = """
        SELECT tenant, name, owner, epoch, until FROM leases WHERE tenant = $1 AND name = ANY($2) ORDER BY name FOR SHARE
        """;

    private const string Store = """
        INSERT INTO leases(epoch, until, tenant, name, owner)
        SELECT * FROM unnest($1, $2, $3, $4, $5) k(epoch, until, tenant, name, owner) ORDER BY k.tenant COLLATE "C", k.name COLLATE "C"
        ON CONFLICT (tenant, name) DO UPDATE SET epoch = excluded.epoch, until = excluded.until, owner = excluded.owner
        """;

    private readonly HashSet<LeaseId> _own = [];
    private readonly HashSet<string> _ofPlatform = [];
    private bool _asksClock;

    /// <summary>Takes note of what the batch's commits ask for.</summary>
    public void Collect(IReadOnlyList<PendingCommit> commits)
    {
        foreach (var pending in commits)
        {
            var commit = pending.Prepared.Commit;
            foreach (var change in commit.Leases)
            {
                _own.Add(new LeaseId(commit.Tenant, change.Name));
                _asksClock = true;
            }

            foreach (var fence in commit.Fences)
            {
                if (fence.Tenant == commit.Tenant)
                    _own.Add(new LeaseId(fence.Tenant, fence.Name));
                else
                    _ofPlatform.Add(fence.Name);
            }
        }

        // With the platform's head locked, its leases are like those of every other tenant of the batch.
        if (_ofPlatform.Count > 0 && commits.Any(static one => one.Prepared.Commit.Tenant == TenantId.Platform))
        {
            _own.UnionWith(_ofPlatform.Select(static name => new LeaseId(TenantId.Platform, name)));
            _ofPlatform.Clear();
        }
    }

    /// <summary>Adds what asks for them, after the statement that locks the heads.</summary>
    public void Ask(NpgsqlBatch statements)
    {
        if (_own.Count > 0)
            statements.Add(Own).Bind([.. _own.Select(static id => id.Tenant.Value)]).Bind([.. _own.Select(static id => id.Name)]);
        if (_ofPlatform.Count > 0)
        {
            statements.Add(Sql.NameFences).Bind(TenantId.Platform.Value);
            statements.Add(OfPlatform).Bind(TenantId.Platform.Value).Bind([.. _ofPlatform]);
        }

        if (_asksClock)
            statements.Add(Clock);
    }

    /// <summary>Reads the answers, from the next result on.</summary>
    public void Read(NpgsqlDataReader reader, LeaseWork leases)
    {
        if (_own.Count > 0)
            ReadEntries(reader, leases);
        if (_ofPlatform.Count > 0)
        {
            reader.NextResult();
            ReadEntries(reader, leases);
        }

        if (!_asksClock)
            return;
        reader.NextResult();
        reader.Read();
        leases.Now = reader.GetInt64(0);
    }

    public static void Save(NpgsqlBatch statements, LeaseWork leases)
    {
        var changed = leases.Changed.ToList();
        if (changed.Count == 0)
            return;
        statements.Add(Store).Bind(changed.ConvertAll(one => one.Entry.Epoch)).Bind(changed.ConvertAll(one => one.Entry.Until))
            .Bind(changed.ConvertAll(one => one.Id.Tenant.Value)).Bind(changed.ConvertAll(one => one.Id.Name))
            .BindNullable(changed.ConvertAll(one => one.Entry.Owner));
    }

    private static void ReadEntries(NpgsqlDataReader reader, LeaseWork leases)
    {
        reader.NextResult();
        while (reader.Read())
        {
            var (entry, name) = (LeaseRecords.Read(reader, 2, reader.GetString(1)), reader.GetString(1));
            leases.Found(new LeaseId(TenantId.FromStored(reader.GetString(0)), name), entry);
        }
    }
}
