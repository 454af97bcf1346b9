using System.Text;
using Npgsql;
using Tallystick.Events;
using Tallystick.Postgres.Connections;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Reading;

/// <summary>
/// Makes the SQL that finds the events that match a query. For each alternative one branch walks an index in the order of the log, of its
/// first tag or of one of its types, and looks the other tags up; each branch gives no more than the page may have, so that the first of all
/// of them together are the page. The text depends only on the query's shape, so that prepared statements are used again.
/// </summary>
internal sealed class QuerySql
{
    private readonly StringBuilder _sql = new();
    private readonly List<Action<NpgsqlBatchCommand>> _bindings = [];
    private readonly string _tenant;
    private readonly string _after;
    private readonly string _limit;

    private QuerySql(EventQuery query, TenantId tenant, string tenantSql, LogPosition after, int limit)
    {
        _tenant = tenantSql;
        Parameter(command => command.Bind(tenant.Value));
        _after = Parameter(command => command.Bind(after.Value));
        _limit = Parameter(command => command.Bind((long)limit));
        _sql.Append("SELECT DISTINCT position FROM (");
        var branches = 0;
        foreach (var alternative in query.Alternatives)
        {
            if (alternative.Tags.IsEmpty)
            {
                foreach (var type in alternative.Types.Distinct())
                    AddType(type, branches++);
            }
            else
                AddTags(alternative, branches++);
        }

        _sql.Append($") m ORDER BY position LIMIT {_limit}");
    }

    /// <summary>Whether a query asks for anything else than every event.</summary>
    public static bool IsSelective(EventQuery? query) =>
        query is { Alternatives.IsEmpty: false } && query.Alternatives.All(one => !one.Types.IsEmpty || !one.Tags.IsEmpty);

    /// <summary>Finds the position of the first event after a position that matches; for the writer, who has locked the tenant's head.</summary>
    public static Statement FirstMatch(EventQuery query, TenantId tenant, LogPosition after)
    {
        if (IsSelective(query))
            return new QuerySql(query, tenant, "$1", after, 1).ToStatement();
        return new Statement(
            "SELECT position FROM events WHERE tenant = $1 AND position > $2 ORDER BY position LIMIT 1",
            [command => command.Bind(tenant.Value), command => command.Bind(after.Value)]);
    }

    /// <summary>Finds the positions of the first events after a position that match.</summary>
    public static Statement Matches(EventQuery query, TenantId tenant, LogPosition after, int limit) =>
        new QuerySql(query, tenant, LivingTenant.First, after, limit).ToStatement();

    private Statement ToStatement() => new(_sql.ToString(), _bindings);

    private void AddType(string type, int branch)
    {
        Begin(branch);
        _sql.Append($"SELECT e.position FROM events e WHERE e.tenant = {_tenant} AND e.type = {Parameter(type)} AND e.position > {_after} ORDER BY e.position LIMIT {_limit})");
    }

    private void AddTags(EventQueryAlternative alternative, int branch)
    {
        Begin(branch);
        _sql.Append($"SELECT t.position FROM tags t WHERE t.tenant = {_tenant} AND t.tag = {Parameter(alternative.Tags[0])} AND t.position > {_after}");
        foreach (var tag in alternative.Tags.Skip(1).Distinct())
            _sql.Append($" AND EXISTS(SELECT 1 FROM tags o WHERE o.tenant = {_tenant} AND o.tag = {Parameter(tag)} AND o.position = t.position)");
        if (!alternative.Types.IsEmpty)
        {
            var types = string.Join(", ", alternative.Types.Distinct().Select(Parameter));
            _sql.Append($" AND EXISTS(SELECT 1 FROM events e WHERE e.tenant = {_tenant} AND e.position = t.position AND e.type IN ({types}))");
        }

        _sql.Append($" ORDER BY t.position LIMIT {_limit})");
    }

    private void Begin(int branch) => _sql.Append(branch == 0 ? "(" : " UNION ALL (");

    private string Parameter(string text) => Parameter(command => command.Bind(text));

    private string Parameter(Action<NpgsqlBatchCommand> bind)
    {
        _bindings.Add(bind);
        return $"${_bindings.Count}";
    }
}

/// <summary>The text of a statement and what binds its parameters, in their order.</summary>
internal sealed record Statement(string Text, IReadOnlyList<Action<NpgsqlBatchCommand>> Bindings)
{
    public void AddTo(NpgsqlBatch batch) => BindTo(batch.Add(Text));

    public void BindTo(NpgsqlBatchCommand command)
    {
        foreach (var bind in Bindings)
            bind(command);
    }
}
