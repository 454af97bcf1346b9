using System.Text;
using Tallystick.Sqlite.Interop;
using Tallystick.Storage;

namespace Tallystick.Sqlite.Reading;

/// <summary>
/// Makes the SQL of a document query. One index drives: the one ordered by, else that of the first equality, else the key. Every other
/// equality is a look-up of a complete index key, so no page ever needs a sort. The text depends only on the query's shape, so that
/// compiled statements are used again.
/// </summary>
internal sealed class DocumentSql
{
    private readonly DocumentQuery _query;
    private readonly StringBuilder _sql = new();
    private readonly List<Action<Statement, int>> _bindings = [];
    private readonly string _collection;
    private readonly string? _driver;

    public DocumentSql(DocumentQuery query, long collection)
    {
        _query = query;
        _driver = query.OrderBy ?? (query.Equal.IsEmpty ? null : query.Equal[0].Name);
        _collection = Parameter((statement, index) => statement.Bind(index, collection));
        _sql.Append(_driver is null
            ? $"SELECT d.key, d.position, d.entries, d.body, NULL FROM documents d WHERE d.collection={_collection}"
            : $"SELECT d.key, d.position, d.entries, d.body, i.value FROM document_index i CROSS JOIN documents d ON d.collection=i.collection AND d.key=i.key WHERE i.collection={_collection} AND i.name={Parameter(_driver)}");
        foreach (var equal in query.Equal)
            AddEqual(equal);
        if (query.Range is { } range)
            AddRange(range);
        if (query.After is { } after)
            AddCursor(after);
        var direction = query.Descending ? " DESC" : "";
        _sql.Append(_driver is null ? $" ORDER BY d.key{direction}"
            : query.OrderBy is null ? $" ORDER BY i.key{direction}"
            : $" ORDER BY i.value{direction}, i.key{direction}");
        _sql.Append($" LIMIT {Parameter((statement, index) => statement.Bind(index, query.Limit + 1L))}");
    }

    public string Text => _sql.ToString();

    public Statement Bind(Statement statement)
    {
        for (var i = 0; i < _bindings.Count; i++)
            _bindings[i](statement, i + 1);
        return statement;
    }

    private void AddEqual(IndexEntry equal)
    {
        var value = Parameter(equal.Value);
        _sql.Append(equal.Name == _driver
            ? $" AND i.value={value}"
            : $" AND EXISTS(SELECT 1 FROM document_index e WHERE e.collection={_collection} AND e.name={Parameter(equal.Name)} AND e.value={value} AND e.key=d.key)");
    }

    private void AddRange(IndexRange range)
    {
        var drives = range.Index == _driver;
        var column = drives ? "i.value" : "r.value";
        if (!drives)
            _sql.Append($" AND d.key IN (SELECT r.key FROM document_index r WHERE r.collection={_collection} AND r.name={Parameter(range.Index)}");
        if (range.From is { } from)
            _sql.Append($" AND {column}>={Parameter(from)}");
        if (range.To is { } to)
            _sql.Append($" AND {column}<{Parameter(to)}");
        if (!drives)
            _sql.Append(')');
    }

    private void AddCursor(DocumentCursor after)
    {
        var compare = _query.Descending ? "<" : ">";
        if (_query.OrderBy is null)
            _sql.Append($" AND {(_driver is null ? "d" : "i")}.key{compare}{Parameter(after.Key)}");
        else
            _sql.Append($" AND (i.value, i.key){compare}({Parameter(after.Value ?? IndexValue.Null)}, {Parameter(after.Key)})");
    }

    private string Parameter(string text) => Parameter((statement, index) => statement.Bind(index, text));

    private string Parameter(IndexValue value) => Parameter((statement, index) => statement.Bind(index, value.Bytes));

    private string Parameter(Action<Statement, int> bind)
    {
        _bindings.Add(bind);
        return $"?{_bindings.Count}";
    }
}
