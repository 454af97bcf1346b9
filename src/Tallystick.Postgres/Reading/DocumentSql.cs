using System.Text;
using Npgsql;
using Tallystick.Postgres.Connections;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Reading;

/// <summary>
/// Makes the SQL of a document query. One index drives: the one ordered by, else that of the first equality, else the key. Every other
/// equality is a look-up of a complete index key, so no page ever needs a sort. The generation is looked up in the same statement, so that a
/// swap of generations is seen whole or not at all; its row comes even if there are no documents. The text depends only on the query's
/// shape, so that prepared statements are used again.
/// </summary>
/// <remarks>
/// Right after many rows came, the planner has no statistics: it takes any part of a key for one row, and to read a whole collection for each
/// row of a join seems as cheap to it as one row by its key. LIMIT 1 and OFFSET 0 leave it no choice: they keep a subquery as it is, which is
/// then run for one row after the other, by the complete key. OFFSET 0 also keeps <c>coalesce</c> out of the conditions on tables: row-level
/// security lets only functions that leak nothing, and not that expression, decide before it does, and so find rows by an index. A range beside
/// the driving index has no complete key: its keys are gathered once for the statement, in a hash table, which IS TRUE keeps from becoming a join.
/// </remarks>
internal sealed class DocumentSql
{
    private const string Generation =
        $"(SELECT coalesce($3, (SELECT c.generation FROM collections c WHERE c.tenant = {LivingTenant.First} AND c.name = $2), 0) AS generation OFFSET 0)";

    private const string Lookup = $"""
        SELECT g.generation, k.n, d.position, d.entries, d.body, d.key
        FROM {Generation} g LEFT JOIN unnest($4) WITH ORDINALITY k(key, n) ON true
        LEFT JOIN LATERAL (SELECT d.key, d.position, d.entries, d.body FROM {OfDocuments} AND d.key = k.key LIMIT 1) d ON true
        ORDER BY k.n
        """;

    private const string OfDocuments = $"documents d WHERE d.tenant = {LivingTenant.First} AND d.collection = $2 AND d.generation = g.generation";

    private readonly DocumentQuery _query;
    private readonly StringBuilder _sql = new();
    private readonly List<Action<NpgsqlBatchCommand>> _bindings = [];
    private readonly string? _driver;

    private DocumentSql(TenantId tenant, DocumentQuery query)
    {
        _query = query;
        _driver = query.OrderBy ?? (query.Equal.IsEmpty ? null : query.Equal[0].Name);
        Parameter(command => command.Bind(tenant.Value));
        Parameter(command => command.Bind(query.Collection));
        Parameter(command => command.Bind(query.Generation));
        _sql.Append($"SELECT g.generation, x.value, x.position, x.entries, x.body, x.key FROM {Generation} g LEFT JOIN LATERAL (");
        _sql.Append(_driver is null
            ? $"SELECT d.key, d.position, d.entries, d.body, NULL::bytea AS value FROM {OfDocuments}"
            : "SELECT i.key, d.position, d.entries, d.body, i.value FROM (SELECT i.key, i.value FROM document_index i"
                + $" WHERE i.tenant = {LivingTenant.First} AND i.index = {Index(_driver)} AND i.generation = g.generation");
        foreach (var equal in query.Equal)
            AddEqual(equal);
        if (query.Range is { } range)
            AddRange(range);
        if (query.After is { } after)
            AddCursor(after);
        var direction = query.Descending ? " DESC" : "";
        string[] columns = _driver is null ? ["d.key"] : query.OrderBy is null ? ["i.key"] : ["i.value", "i.key"];
        var order = string.Join(", ", columns.Select(column => column + direction));
        _sql.Append($" ORDER BY {order} LIMIT {Parameter(command => command.Bind(query.Limit + 1L))}");
        if (_driver is not null)
            _sql.Append($") i JOIN LATERAL (SELECT d.position, d.entries, d.body FROM {OfDocuments} AND d.key = i.key LIMIT 1) d ON true");
        _sql.Append(") x ON true ORDER BY ");
        _sql.Append(_driver is null || query.OrderBy is null ? $"x.key{direction}" : $"x.value{direction}, x.key{direction}");
    }

    /// <summary>Asks for documents: generation, value in the index ordered by, position, entries, body, key.</summary>
    public static Statement Query(TenantId tenant, DocumentQuery query)
    {
        var sql = new DocumentSql(tenant, query);
        return new Statement(sql._sql.ToString(), sql._bindings);
    }

    /// <summary>Asks for documents by their keys: generation, place in the list of keys, position, entries, body, key.</summary>
    public static void AskLookup(NpgsqlBatch statements, TenantId tenant, string collection, int? generation, IList<string> keys) =>
        statements.Add(Lookup).Bind(tenant.Value).Bind(collection).Bind(generation).Bind(keys);

    private void AddEqual(IndexEntry equal)
    {
        var value = Parameter(equal.Value);
        _sql.Append(equal.Name == _driver
            ? $" AND i.value = {value}"
            : $" AND EXISTS(SELECT 1 FROM document_index e WHERE e.tenant = $1 AND e.index = {Index(equal.Name)} AND e.generation = g.generation AND e.value = {value} AND e.key = i.key OFFSET 0)");
    }

    private void AddRange(IndexRange range)
    {
        var drives = range.Index == _driver;
        var column = drives ? "i.value" : "r.value";
        if (!drives)
            _sql.Append($" AND ({(_driver is null ? "d" : "i")}.key IN (SELECT r.key FROM document_index r WHERE r.tenant = $1 AND r.index = {Index(range.Index)} AND r.generation = {Generation}");
        if (range.From is { } from)
            _sql.Append($" AND {column} >= {Parameter(from)}");
        if (range.To is { } to)
            _sql.Append($" AND {column} < {Parameter(to)}");
        if (!drives)
            _sql.Append(")) IS TRUE");
    }

    private void AddCursor(DocumentCursor after)
    {
        var compare = _query.Descending ? "<" : ">";
        if (_query.OrderBy is null)
            _sql.Append($" AND {(_driver is null ? "d" : "i")}.key {compare} {Parameter(command => command.Bind(after.Key))}");
        else
            _sql.Append($" AND (i.value, i.key) {compare} ({Parameter(after.Value ?? IndexValue.Null)}, {Parameter(command => command.Bind(after.Key))})");
    }

    private string Index(string name) => Parameter(command => command.Bind(IndexName.HashOf(_query.Collection, name)));

    private string Parameter(IndexValue value) => Parameter(command => command.Bind(value.Bytes.ToArray()));

    private string Parameter(Action<NpgsqlBatchCommand> bind)
    {
        _bindings.Add(bind);
        return $"${_bindings.Count}";
    }
}
