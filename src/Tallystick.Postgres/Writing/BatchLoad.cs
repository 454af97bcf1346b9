using System.Globalization;
using Npgsql;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Postgres.Connections;
using Tallystick.Postgres.Reading;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Writing;

/// <summary>
/// Begins a batch's transaction: names its tenants, takes the writer's row and the tenants' heads, in the order of the tenants, and reads all
/// that the commits ask for. One round trip, as long as no other node has written to the same tenants and no tenant is new.
/// </summary>
/// <remarks>
/// What is read is read by statements of their own after the one that locks: in READ COMMITTED each statement sees what was committed when
/// it began, so these see all that the last holder of the locks has written.
/// </remarks>
internal sealed class BatchLoad(NpgsqlConnection connection, Guid writer, TenantMemory memory)
{
    private const string AddHeads = """
        INSERT INTO heads(tenant, position, time, frontier)
        SELECT t, 0, 0, $2 FROM unnest($1) t ORDER BY t COLLATE "C" ON CONFLICT DO NOTHING
        """;

    // The row is inserted again should somebody have tidied it away.
    private const string TakeWriter = """
        INSERT INTO writers(writer, batch, at) VALUES($1, $2, now())
        ON CONFLICT (writer) DO UPDATE SET batch = excluded.batch, at = excluded.at
        RETURNING set_config('tallystick.tenants', $3, true)
        """;

    private const string LockHeads = """
        SELECT tenant, position, time, frontier, bytes, fence, journal_start, journal_head, erasing FROM heads WHERE tenant = ANY($1) ORDER BY tenant COLLATE "C" FOR NO KEY UPDATE
        """;

    private const string Versions = """
        SELECT k.n, (SELECT e.version FROM events e WHERE e.tenant = k.tenant AND e.stream = k.stream ORDER BY e.version DESC LIMIT 1)
        FROM unnest($1, $2) WITH ORDINALITY k(tenant, stream, n)
        """;

    private const string Checkpoints = """
        SELECT k.n, c.position FROM unnest($1, $2) WITH ORDINALITY k(tenant, name, n)
        JOIN checkpoints c ON c.tenant = k.tenant AND c.name = k.name
        """;

    private const string Entries = """
        SELECT k.n, d.entries, octet_length(d.body) FROM unnest($1, $2, $3, $4) WITH ORDINALITY k(tenant, collection, generation, key, n)
        JOIN documents d ON d.tenant = k.tenant AND d.collection = k.collection AND d.generation = k.generation AND d.key = k.key
        """;

    private readonly List<(TenantId Tenant, StreamId Stream)> _streams = [];
    private readonly List<(TenantId Tenant, string Name)> _checkpoints = [];
    private readonly List<(TenantId Tenant, string Key)> _keys = [];
    private readonly List<DocumentId> _documents = [];
    private readonly LeaseRows _leases = new();

    /// <summary>Begins the transaction with this number and reads.</summary>
    /// <returns>
    /// False if a tenant's head has gone meanwhile, or if the batch is to erase a tenant that isn't there; the transaction is of no use then.
    /// </returns>
    public bool Run(Batch batch, long number)
    {
        var tenants = batch.Commits.Select(commit => commit.Prepared.Commit.Tenant).Distinct().OrderBy(tenant => tenant.Value, StringComparer.Ordinal).ToArray();
        if (!batch.IsToErase)
            AddMissing(tenants);
        Collect(batch);
        using (var statements = new NpgsqlBatch(connection))
        {
            var names = Array.ConvertAll(tenants, tenant => tenant.Value);
            statements.Add("BEGIN");
            statements.Add(TakeWriter).Bind(writer).Bind(number).Bind(string.Join(',', names));
            statements.Add(LockHeads).Bind(names);
            Ask(statements, batch);
            using var reader = statements.ExecuteReader();
            reader.NextResult();
            ReadHeads(reader, batch);
            if (batch.Tenants.Count < tenants.Length)
            {
                foreach (var gone in tenants.Where(tenant => !batch.Tenants.ContainsKey(tenant.Value)))
                    memory.Forget(gone);
                return false;
            }

            ReadAnswers(reader, batch);
        }

        FillVersions(batch);
        return true;
    }

    /// <summary>
    /// Makes the heads of tenants that this writer doesn't know, in a transaction of its own: one that inserts while it holds heads could wait
    /// for another that waits for these.
    /// </summary>
    private void AddMissing(TenantId[] tenants)
    {
        var missing = tenants.Where(tenant => !memory.Knows(tenant)).Select(tenant => tenant.Value).ToArray();
        if (missing.Length == 0)
            return;
        using var statements = new NpgsqlBatch(connection);
        statements.Add(Sql.NameTenants).Bind(string.Join(',', missing));
        statements.Add(AddHeads).Bind(missing).Bind(new MerkleFrontier().ToBytes());
        statements.ExecuteNonQuery();
    }

    private void Collect(Batch batch)
    {
        var streams = new HashSet<(TenantId, StreamId)>();
        var checkpoints = new HashSet<(TenantId, string)>();
        var keys = new HashSet<(TenantId, string)>();
        foreach (var pending in batch.Commits)
        {
            var commit = pending.Prepared.Commit;
            foreach (var append in commit.Appends)
            {
                if (!memory.TryGetVersion(commit.Tenant, append.Stream, out _) && streams.Add((commit.Tenant, append.Stream)))
                    _streams.Add((commit.Tenant, append.Stream));
            }

            foreach (var e in commit.Adopted)
            {
                if (!memory.TryGetVersion(commit.Tenant, e.Stream, out _) && streams.Add((commit.Tenant, e.Stream)))
                    _streams.Add((commit.Tenant, e.Stream));
            }

            foreach (var checkpoint in commit.Checkpoints)
            {
                if (checkpoint.Expected is not null && checkpoints.Add((commit.Tenant, checkpoint.Name)))
                    _checkpoints.Add((commit.Tenant, checkpoint.Name));
            }

            if (commit.Key is { } key && keys.Add((commit.Tenant, key.Value)))
                _keys.Add((commit.Tenant, key.Value));
            CollectDocuments(batch, commit);
        }

        _leases.Collect(batch.Commits);
    }

    private void CollectDocuments(Batch batch, Commit commit)
    {
        foreach (var change in commit.Documents)
        {
            var key = change switch
            {
                DocumentChange.Put put => put.Document.Key,
                DocumentChange.Delete delete => delete.Key,
                _ => null,
            };
            if (key is null)
                continue;
            var id = CommitDecision.IdOf(commit.Tenant, change.Collection, key);
            if (batch.Documents.TryAdd(id, new DocumentWork()))
                _documents.Add(id);
        }
    }

    private void Ask(NpgsqlBatch statements, Batch batch)
    {
        _leases.Ask(statements);
        if (_streams.Count > 0)
            AskVersions(statements, _streams);
        if (_checkpoints.Count > 0)
            statements.Add(Checkpoints).Bind(_checkpoints.ConvertAll(one => one.Tenant.Value)).Bind(_checkpoints.ConvertAll(one => one.Name));
        if (_keys.Count > 0)
            statements.Add(CommitRecords.FindMany).Bind(_keys.ConvertAll(one => one.Tenant.Value)).Bind(_keys.ConvertAll(one => one.Key));
        if (_documents.Count > 0)
        {
            statements.Add(Entries).Bind(_documents.ConvertAll(one => one.Tenant.Value)).Bind(_documents.ConvertAll(one => one.Collection))
                .Bind(_documents.ConvertAll(one => one.Generation)).Bind(_documents.ConvertAll(one => one.Key));
        }

        foreach (var pending in batch.Commits)
        {
            foreach (var condition in pending.Prepared.Commit.Conditions)
                QuerySql.FirstMatch(condition.Query, pending.Prepared.Commit.Tenant, condition.After).AddTo(statements);
        }
    }

    private void ReadHeads(NpgsqlDataReader reader, Batch batch)
    {
        while (reader.Read())
        {
            var tenant = TenantId.FromStored(reader.GetString(0));
            var head = StoredHead.Read(reader, tenant, 1);
            var life = new TenantLife(
                reader.IsDBNull(5) ? null : reader.GetString(5), reader.IsDBNull(6) ? null : reader.GetInt64(6), reader.GetInt64(7), reader.GetBoolean(8));
            batch.Tenants.Add(tenant.Value, new TenantWork(tenant, head.Position, head.Time.UtcTicks, head.Tree, reader.GetInt64(4), life));
            memory.Seen(tenant, head.Tree.Root());
        }
    }

    private void ReadAnswers(NpgsqlDataReader reader, Batch batch)
    {
        _leases.Read(reader, batch.Leases);
        if (_streams.Count > 0)
            ReadVersions(reader, batch, _streams);
        if (_checkpoints.Count > 0)
            ReadCheckpoints(reader, batch);
        if (_keys.Count > 0)
        {
            reader.NextResult();
            while (reader.Read())
            {
                var (tenant, key) = _keys[(int)reader.GetInt64(0) - 1];
                batch.Tenants[tenant.Value].Remembered.Add(key, CommitRecords.Read(reader, key, 1));
            }
        }

        if (_documents.Count > 0)
        {
            reader.NextResult();
            while (reader.Read())
            {
                var document = batch.Documents[_documents[(int)reader.GetInt64(0) - 1]];
                (document.StoredEntries, document.BodyBytes) = (reader.GetFieldValue<byte[]>(1), reader.GetInt32(2));
            }
        }

        foreach (var matches in batch.Matches)
        {
            for (var i = 0; i < matches.Length; i++)
            {
                reader.NextResult();
                matches[i] = reader.Read() ? LogPosition.Of(reader.GetInt64(0)) : null;
            }
        }
    }

    private void ReadCheckpoints(NpgsqlDataReader reader, Batch batch)
    {
        foreach (var (tenant, name) in _checkpoints)
            batch.Tenants[tenant.Value].Checkpoints[name] = null;
        reader.NextResult();
        while (reader.Read())
        {
            var (tenant, name) = _checkpoints[(int)reader.GetInt64(0) - 1];
            batch.Tenants[tenant.Value].Checkpoints[name] = CommitRecords.PositionOf(reader.GetInt64(1), name);
        }
    }

    /// <summary>Takes from memory the versions that weren't asked for, and asks again for those that turned out to be old.</summary>
    private void FillVersions(Batch batch)
    {
        var late = new List<(TenantId Tenant, StreamId Stream)>();
        foreach (var pending in batch.Commits)
        {
            var commit = pending.Prepared.Commit;
            var tenant = batch.TenantOf(commit);
            foreach (var append in commit.Appends)
                FillVersion(tenant, append.Stream, late);
            foreach (var e in commit.Adopted)
                FillVersion(tenant, e.Stream, late);
        }

        if (late.Count == 0)
            return;
        using var statements = new NpgsqlBatch(connection);
        statements.Add("SELECT");
        AskVersions(statements, late);
        using var reader = statements.ExecuteReader();
        ReadVersions(reader, batch, late);
    }

    private void FillVersion(TenantWork tenant, StreamId stream, List<(TenantId Tenant, StreamId Stream)> late)
    {
        if (tenant.Versions.ContainsKey(stream))
            return;
        if (!memory.TryGetVersion(tenant.Id, stream, out var version))
            late.Add((tenant.Id, stream));
        tenant.Versions[stream] = version;
    }

    private static void AskVersions(NpgsqlBatch statements, List<(TenantId Tenant, StreamId Stream)> streams) =>
        statements.Add(Versions).Bind(streams.ConvertAll(one => one.Tenant.Value)).Bind(streams.ConvertAll(one => one.Stream.ToString()));

    private static void ReadVersions(NpgsqlDataReader reader, Batch batch, List<(TenantId Tenant, StreamId Stream)> streams)
    {
        reader.NextResult();
        while (reader.Read())
        {
            var (tenant, stream) = streams[(int)reader.GetInt64(0) - 1];
            var version = reader.IsDBNull(1) ? 0 : reader.GetInt64(1);
            if (version < 0)
                throw Damage.At(string.Create(CultureInfo.InvariantCulture, $"stream {stream} of tenant '{tenant}' has version {version}"));
            batch.Tenants[tenant.Value].Versions[stream] = version;
        }
    }
}
