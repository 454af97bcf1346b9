using System.Collections.Immutable;
using Npgsql;
using Tallystick.Postgres.Connections;
using Tallystick.Postgres.Reading;
using Tallystick.Storage;

namespace Tallystick.Postgres.Writing;

/// <summary>
/// Writes the documents of a batch and brings their index up to date: of several changes of one document the last counts, and of its index
/// entries only those that differ from what is stored are touched.
/// </summary>
internal static class DocumentSave
{
    private const string RemoveEntries = """
        DELETE FROM document_index i USING unnest($1, $2, $3, $4, $5) k(tenant, index, generation, value, key)
        WHERE i.tenant = k.tenant AND i.index = k.index AND i.generation = k.generation AND i.value = k.value AND i.key = k.key
        """;

    private const string AddEntries = "INSERT INTO document_index(tenant, index, generation, value, key) SELECT * FROM unnest($1, $2, $3, $4, $5)";

    private const string Delete = """
        DELETE FROM documents d USING unnest($1, $2, $3, $4) k(tenant, collection, generation, key)
        WHERE d.tenant = k.tenant AND d.collection = k.collection AND d.generation = k.generation AND d.key = k.key
        """;

    private const string Put = """
        INSERT INTO documents(position, generation, tenant, collection, key, entries, body) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (tenant, collection, generation, key)
        DO UPDATE SET position = excluded.position, entries = excluded.entries, body = excluded.body
        """;

    public static void AddTo(NpgsqlBatch statements, Batch batch)
    {
        List<(DocumentId Id, Document Document, byte[] Entries)> puts = [];
        List<DocumentId> deletes = [];
        var (removed, added) = (new EntryColumns(), new EntryColumns());
        foreach (var (id, work) in batch.Documents)
        {
            switch (work.Change)
            {
                case DocumentChange.Put { Document: var document }:
                    var entries = DocumentEntries.Encode(document.Index);
                    puts.Add((id, document, entries));
                    AddDifference(id, work.StoredEntries, entries, document.Index, removed, added);
                    break;
                case DocumentChange.Delete when work.StoredEntries is { } stored:
                    deletes.Add(id);
                    AddDifference(id, stored, [], [], removed, added);
                    break;
            }
        }

        removed.AddTo(statements, RemoveEntries);
        added.AddTo(statements, AddEntries);
        if (deletes.Count > 0)
        {
            statements.Add(Delete).Bind(deletes.ConvertAll(id => id.Tenant.Value)).Bind(deletes.ConvertAll(id => id.Collection))
                .Bind(deletes.ConvertAll(id => id.Generation)).Bind(deletes.ConvertAll(id => id.Key));
        }

        if (puts.Count > 0)
        {
            statements.Add(Put).Bind(puts.ConvertAll(put => put.Document.Position.Value)).Bind(puts.ConvertAll(put => put.Id.Generation))
                .Bind(puts.ConvertAll(put => put.Id.Tenant.Value)).Bind(puts.ConvertAll(put => put.Id.Collection))
                .Bind(puts.ConvertAll(put => put.Id.Key)).Bind(puts.ConvertAll(put => (ReadOnlyMemory<byte>)put.Entries))
                .Bind(puts.ConvertAll(put => put.Document.Body));
        }
    }

    private static void AddDifference(
        DocumentId id, byte[]? stored, byte[] entries, ImmutableArray<IndexEntry> index, EntryColumns removed, EntryColumns added)
    {
        if (stored is not null && entries.AsSpan().SequenceEqual(stored))
            return;
        var before = DocumentEntries.Decode(stored);
        foreach (var entry in before)
        {
            if (!index.Contains(entry))
                removed.Add(id, entry);
        }

        foreach (var entry in index)
        {
            if (!before.Contains(entry))
                added.Add(id, entry);
        }
    }

    private sealed class EntryColumns
    {
        private readonly List<string> _tenants = [];
        private readonly List<Guid> _indexes = [];
        private readonly List<int> _generations = [];
        private readonly List<ReadOnlyMemory<byte>> _values = [];
        private readonly List<string> _keys = [];

        public void Add(DocumentId id, IndexEntry entry)
        {
            _tenants.Add(id.Tenant.Value);
            _indexes.Add(IndexName.HashOf(id.Collection, entry.Name));
            _generations.Add(id.Generation);
            _values.Add(entry.Value.Bytes.ToArray());
            _keys.Add(id.Key);
        }

        public void AddTo(NpgsqlBatch statements, string sql)
        {
            if (_keys.Count > 0)
                statements.Add(sql).Bind(_tenants).Bind(_indexes).Bind(_generations).Bind(_values).Bind(_keys);
        }
    }
}
