using System.Collections.Immutable;
using Npgsql;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Postgres.Reading;

/// <summary>Reads the answers to the statements of <see cref="DocumentSql"/>.</summary>
internal static class DocumentReader
{
    public static async ValueTask<DocumentLookup> ReadLookupAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var generation = 0;
        var items = ImmutableArray.CreateBuilder<Document?>();
        while (await reader.ReadAsync(cancellationToken))
        {
            generation = reader.GetInt32(0);
            // Without any keys the generation still comes, in a row of its own.
            if (!reader.IsDBNull(1))
                items.Add(reader.IsDBNull(5) ? null : Read(reader));
        }

        return new DocumentLookup(generation, items.DrainToImmutable());
    }

    public static async ValueTask<DocumentPage> ReadPageAsync(NpgsqlDataReader reader, DocumentQuery query, CancellationToken cancellationToken)
    {
        var generation = 0;
        var items = ImmutableArray.CreateBuilder<Document>();
        IndexValue? last = null;
        while (await reader.ReadAsync(cancellationToken))
        {
            generation = reader.GetInt32(0);
            if (reader.IsDBNull(5))
                break;
            if (items.Count == query.Limit)
                return new DocumentPage(generation, items.ToImmutable(), new DocumentCursor(last, items[^1].Key));
            items.Add(Read(reader));
            last = query.OrderBy is null ? null : IndexValue.FromStored(reader.GetFieldValue<byte[]>(1));
        }

        return new DocumentPage(generation, items.DrainToImmutable(), null);
    }

    private static Document Read(NpgsqlDataReader row)
    {
        var key = row.GetString(5);
        var position = row.GetInt64(2);
        return position >= 0
            ? new Document(key, row.GetFieldValue<byte[]>(4), DocumentEntries.Decode(row.GetFieldValue<byte[]>(3)), LogPosition.Of(position))
            : throw Damage.At($"document '{key}' is at position {position}");
    }
}
