using Tallystick.Sqlite.Interop;
using Tallystick.Sqlite.Reading;
using Tallystick.Storage;

namespace Tallystick.Sqlite.Writing;

/// <summary>Writes documents and their index within an open transaction. Only the writer's thread uses it.</summary>
internal sealed class DocumentWriter(SqliteDatabase database)
{
    private const int CollectionsCachedMax = 10_000;

    private readonly Dictionary<(int Tenant, CollectionId Collection), long> _collections = [];

    /// <summary>Forgets the numbers of collections, which a rollback may have undone.</summary>
    public void ForgetCollections() => _collections.Clear();

    /// <summary>Makes a change; by how many bytes the bodies have grown.</summary>
    public long Apply(int tenant, DocumentChange change)
    {
        var collection = Collection(tenant, change.Collection);
        switch (change)
        {
            case DocumentChange.Put put:
                return Put(collection, put.Document);
            case DocumentChange.Delete delete:
                return Delete(collection, delete.Key);
            case DocumentChange.Activate:
                database.Statement("UPDATE collections SET active=(id=?3) WHERE tenant=?1 AND name=?2")
                    .Bind(1, tenant).Bind(2, change.Collection.Name).Bind(3, collection).Run();
                return 0;
            default:
                throw new InvalidOperationException($"DocumentChange is a closed set, but here is a {change.GetType()}.");
        }
    }

    private long Collection(int tenant, CollectionId id)
    {
        if (_collections.TryGetValue((tenant, id), out var number))
            return number;
        database.Statement("INSERT INTO collections(tenant, name, generation, active) VALUES(?1, ?2, ?3, 0) ON CONFLICT DO NOTHING")
            .Bind(1, tenant).Bind(2, id.Name).Bind(3, id.Generation).Run();
        using var rows = database.Statement("SELECT id FROM collections WHERE tenant=?1 AND name=?2 AND generation=?3")
            .Bind(1, tenant).Bind(2, id.Name).Bind(3, id.Generation).Rows();
        rows.Step();
        if (_collections.Count >= CollectionsCachedMax)
            _collections.Clear();
        return _collections[(tenant, id)] = rows.Int64(0);
    }

    private long Put(long collection, Document document)
    {
        var entries = DocumentEntries.Encode(document.Index);
        var (old, oldBytes) = Old(collection, document.Key);
        if (old is null || !entries.AsSpan().SequenceEqual(old))
        {
            RemoveEntries(collection, document.Key, old);
            foreach (var entry in document.Index)
            {
                database.Statement("INSERT INTO document_index VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")
                    .Bind(1, collection).Bind(2, entry.Name).Bind(3, entry.Value.Bytes).Bind(4, document.Key).Run();
            }
        }

        database.Statement("INSERT OR REPLACE INTO documents VALUES(?1, ?2, ?3, ?4, ?5)")
            .Bind(1, collection).Bind(2, document.Key).Bind(3, document.Position.Value).Bind(4, entries).Bind(5, document.Body.Span).Run();
        return document.Body.Length - oldBytes;
    }

    private long Delete(long collection, string key)
    {
        var (old, oldBytes) = Old(collection, key);
        RemoveEntries(collection, key, old);
        database.Statement("DELETE FROM documents WHERE collection=?1 AND key=?2").Bind(1, collection).Bind(2, key).Run();
        return -oldBytes;
    }

    private (byte[]? Entries, long BodyBytes) Old(long collection, string key)
    {
        using var rows = database.Statement("SELECT entries, length(body) FROM documents WHERE collection=?1 AND key=?2").Bind(1, collection).Bind(2, key).Rows();
        return rows.Step() ? (rows.Bytes(0).ToArray(), rows.Int64(1)) : (null, 0);
    }

    private void RemoveEntries(long collection, string key, byte[]? entries)
    {
        foreach (var entry in DocumentEntries.Decode(entries))
        {
            database.Statement("DELETE FROM document_index WHERE collection=?1 AND name=?2 AND value=?3 AND key=?4")
                .Bind(1, collection).Bind(2, entry.Name).Bind(3, entry.Value.Bytes).Bind(4, key).Run();
        }
    }
}
