using Npgsql;
using Tallystick.Postgres.Connections;
using Tallystick.Postgres.Reading;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Writing;

/// <summary>Writes all rows of a batch and commits, in one round trip. Each kind of row is one statement, however many there are.</summary>
internal static class BatchSave
{
    private const string Events = """
        INSERT INTO events(position, version, time, schema, id, causation, tenant, stream, type, tags, correlation, trace, user_id, salt, hashes, payload)
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        """;

    private const string Tags = "INSERT INTO tags(position, tenant, tag) SELECT * FROM unnest($1, $2, $3)";

    private const string SaveCheckpoints = """
        INSERT INTO checkpoints(position, tenant, name) SELECT * FROM unnest($1, $2, $3)
        ON CONFLICT (tenant, name) DO UPDATE SET position = excluded.position
        """;

    private const string ForgetCheckpoints = """
        DELETE FROM checkpoints c USING unnest($1, $2) k(tenant, name) WHERE c.tenant = k.tenant AND c.name = k.name
        """;

    private const string Remember = "INSERT INTO commits(first, last, tenant, key, fingerprint, streams) SELECT * FROM unnest($1, $2, $3, $4, $5, $6)";

    private const string RememberInstead = $"""
        {Remember} ON CONFLICT (tenant, key)
        DO UPDATE SET first = excluded.first, last = excluded.last, fingerprint = excluded.fingerprint, streams = excluded.streams
        """;

    private const string Journal = "INSERT INTO journal(number, tenant, entry) SELECT * FROM unnest($1, $2, $3)";

    private const string Activate = """
        INSERT INTO collections(generation, tenant, name) SELECT * FROM unnest($1, $2, $3)
        ON CONFLICT (tenant, name) DO UPDATE SET generation = excluded.generation
        """;

    private const string Heads = """
        UPDATE heads h SET position = k.position, time = k.time, frontier = k.frontier, bytes = k.bytes
        FROM unnest($1, $2, $3, $4, $5) k(tenant, position, time, frontier, bytes) WHERE h.tenant = k.tenant
        """;

    private const string Lives = """
        UPDATE heads h SET fence = k.fence, journal_start = k.journal_start, journal_head = k.journal_head, erasing = k.erasing
        FROM unnest($1, $2, $3, $4, $5) k(tenant, fence, journal_start, journal_head, erasing) WHERE h.tenant = k.tenant
        """;

    /// <summary>When this returns, the batch is durable. When it fails by anything but the server's refusal, it may be or not.</summary>
    public static void Run(NpgsqlConnection connection, Batch batch)
    {
        using var statements = new NpgsqlBatch(connection);
        AddEvents(statements, batch.Events);
        AddCheckpoints(statements, batch);
        AddRemembered(statements, batch);
        DocumentSave.AddTo(statements, batch);
        AddActivated(statements, batch);
        LeaseRows.Save(statements, batch.Leases);
        AddJournal(statements, batch);
        AddHeads(statements, batch);
        AddLives(statements, batch);
        statements.Add("COMMIT");
        statements.ExecuteNonQuery();
    }

    private static void AddEvents(NpgsqlBatch statements, EventColumns rows)
    {
        if (rows.Position.Count == 0)
            return;
        statements.Add(Events).Bind(rows.Position).Bind(rows.Version).Bind(rows.Time).Bind(rows.Schema).Bind(rows.Id).Bind(rows.Causation)
            .Bind(rows.Tenant).Bind(rows.Stream).Bind(rows.Type).BindNullable(rows.Tags).BindNullable(rows.Correlation)
            .BindNullable(rows.Trace).BindNullable(rows.User).Bind(rows.Salt).Bind(rows.Hashes).Bind(rows.Payload);
        if (rows.Tag.Count > 0)
            statements.Add(Tags).Bind(rows.TagPosition).Bind(rows.TagTenant).Bind(rows.Tag);
    }

    private static void AddCheckpoints(NpgsqlBatch statements, Batch batch)
    {
        List<long> positions = [];
        List<string> tenants = [], names = [], forgottenTenants = [], forgotten = [];
        foreach (var tenant in batch.Tenants.Values)
        {
            foreach (var name in tenant.ChangedCheckpoints)
            {
                if (tenant.Checkpoints[name] is { } position)
                {
                    positions.Add(position.Value);
                    tenants.Add(tenant.Id.Value);
                    names.Add(name);
                }
                else
                {
                    forgottenTenants.Add(tenant.Id.Value);
                    forgotten.Add(name);
                }
            }
        }

        if (names.Count > 0)
            statements.Add(SaveCheckpoints).Bind(positions).Bind(tenants).Bind(names);
        if (forgotten.Count > 0)
            statements.Add(ForgetCheckpoints).Bind(forgottenTenants).Bind(forgotten);
    }

    private static void AddRemembered(NpgsqlBatch statements, Batch batch)
    {
        AddRemembered(statements, Remember, [.. batch.NewlyRemembered.Where(static one => !one.Value.MayReplace)]);
        AddRemembered(statements, RememberInstead, [.. batch.NewlyRemembered.Where(static one => one.Value.MayReplace)]);
    }

    private static void AddRemembered(
        NpgsqlBatch statements, string sql, List<KeyValuePair<(TenantId Tenant, string Key), (RememberedCommit Commit, bool MayReplace)>> rows)
    {
        if (rows.Count == 0)
            return;
        statements.Add(sql)
            .Bind(rows.ConvertAll(row => row.Value.Commit.Result.FirstPosition.Value)).Bind(rows.ConvertAll(row => row.Value.Commit.Result.Position.Value))
            .Bind(rows.ConvertAll(row => row.Key.Tenant.Value)).Bind(rows.ConvertAll(row => row.Key.Key))
            .Bind(rows.ConvertAll(row => row.Value.Commit.Key.Fingerprint)).Bind(rows.ConvertAll(row => CommitRecords.Write(row.Value.Commit.Result.Streams)));
    }

    private static void AddActivated(NpgsqlBatch statements, Batch batch)
    {
        List<int> generations = [];
        List<string> tenants = [], names = [];
        foreach (var tenant in batch.Tenants.Values)
        {
            foreach (var (name, generation) in tenant.Activated)
            {
                generations.Add(generation);
                tenants.Add(tenant.Id.Value);
                names.Add(name);
            }
        }

        if (names.Count > 0)
            statements.Add(Activate).Bind(generations).Bind(tenants).Bind(names);
    }

    private static void AddHeads(NpgsqlBatch statements, Batch batch)
    {
        var grown = batch.Tenants.Values.Where(tenant => tenant.HasGrown).ToList();
        if (grown.Count == 0)
            return;
        statements.Add(Heads).Bind(grown.ConvertAll(tenant => tenant.Id.Value)).Bind(grown.ConvertAll(tenant => tenant.Position.Value))
            .Bind(grown.ConvertAll(tenant => tenant.TimeTicks)).Bind(grown.ConvertAll(tenant => (ReadOnlyMemory<byte>)tenant.Tree.ToBytes()))
            .Bind(grown.ConvertAll(tenant => tenant.Bytes));
    }

    private static void AddLives(NpgsqlBatch statements, Batch batch)
    {
        var changed = batch.Tenants.Values.Where(tenant => tenant.HasNewLife).ToList();
        if (changed.Count == 0)
            return;
        statements.Add(Lives).Bind(changed.ConvertAll(tenant => tenant.Id.Value)).BindNullable(changed.ConvertAll(tenant => tenant.Life.Fence))
            .Bind(changed.ConvertAll(tenant => tenant.Life.JournalStart)).Bind(changed.ConvertAll(tenant => tenant.Life.JournalHead))
            .Bind(changed.ConvertAll(tenant => tenant.Life.IsErasing));
    }

    private static void AddJournal(NpgsqlBatch statements, Batch batch)
    {
        var rows = batch.Tenants.Values.SelectMany(tenant => tenant.Journal, (tenant, row) => (Tenant: tenant.Id.Value, row.Number, row.Entry)).ToList();
        if (rows.Count > 0)
        {
            statements.Add(Journal).Bind(rows.ConvertAll(row => row.Number)).Bind(rows.ConvertAll(row => row.Tenant))
                .Bind(rows.ConvertAll(row => (ReadOnlyMemory<byte>)row.Entry));
        }
    }
}
