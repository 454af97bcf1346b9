using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Sqlite.Interop;
using Tallystick.Storage;

namespace Tallystick.Sqlite.Reading;

/// <summary>Reads documents. Each read is one short transaction, so that a swap of generations is seen whole or not at all.</summary>
internal sealed class DocumentReader(SqliteDatabase database)
{
    public DocumentLookup Find(int tenant, string collection, int? generation, ImmutableArray<string> keys)
    {
        database.Statement("BEGIN").Run();
        try
        {
            if (FindCollection(tenant, collection, generation) is not { } found)
                return new DocumentLookup(generation ?? 0, [.. keys.Select(_ => (Document?)null)]);
            var items = ImmutableArray.CreateBuilder<Document?>(keys.Length);
            foreach (var key in keys)
            {
                using var rows = database.Statement("SELECT position, entries, body FROM documents WHERE collection=?1 AND key=?2")
                    .Bind(1, found.Id).Bind(2, key).Rows();
                items.Add(rows.Step() ? Read(rows, key, 0) : null);
            }

            return new DocumentLookup(found.Generation, items.MoveToImmutable());
        }
        finally
        {
            End();
        }
    }

    public DocumentPage Query(int tenant, DocumentQuery query)
    {
        database.Statement("BEGIN").Run();
        try
        {
            if (FindCollection(tenant, query.Collection, query.Generation) is not { } found)
                return query.Generation is { } empty ? new DocumentPage(empty, [], null) : DocumentPage.NotActive;
            return ReadPage(new DocumentSql(query, found.Id), query, found.Generation);
        }
        finally
        {
            End();
        }
    }

    /// <summary>Ends the transaction, unless SQLite has ended it itself because of an error, which is on its way up.</summary>
    private void End()
    {
        if (!database.IsAutocommit)
            database.Statement("COMMIT").Run();
    }

    private DocumentPage ReadPage(DocumentSql sql, DocumentQuery query, int generation)
    {
        var items = ImmutableArray.CreateBuilder<Document>();
        using var rows = sql.Bind(database.Statement(sql.Text)).Rows();
        IndexValue? last = null;
        while (rows.Step())
        {
            if (items.Count == query.Limit)
                return new DocumentPage(generation, items.ToImmutable(), new DocumentCursor(last, items[^1].Key));
            items.Add(Read(rows, rows.Text(0), 1));
            last = query.OrderBy is null ? null : IndexValue.FromStored(rows.Bytes(4));
        }

        return new DocumentPage(generation, items.ToImmutable(), null);
    }

    private (long Id, int Generation)? FindCollection(int tenant, string name, int? generation)
    {
        var statement = database.Statement(generation is null
            ? "SELECT id, generation FROM collections WHERE tenant=?1 AND name=?2 AND active=1"
            : "SELECT id, generation FROM collections WHERE tenant=?1 AND name=?2 AND generation=?3");
        statement.Bind(1, tenant).Bind(2, name);
        if (generation is { } number)
            statement.Bind(3, number);
        using var rows = statement.Rows();
        return rows.Step() ? (rows.Int64(0), rows.Int32(1)) : null;
    }

    private static Document Read(Statement.RowReader row, string key, int column) =>
        new(key, row.Bytes(column + 2).ToArray(), DocumentEntries.Decode(row.Bytes(column + 1)), LogPosition.Of(row.Int64(column)));
}
