using Npgsql;
using Tallystick.Postgres.Connections;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Writing;

/// <summary>
/// Removes what there is of a tenant, or of its journal: with each commit as many rows as the limits allow, in the commit's own transaction, under
/// the lock of the tenant's head. The head goes last, so that whoever finds it goes on where another has left off.
/// </summary>
internal sealed class RowRemoval(TenantId tenant, bool journalAlone)
{
    private const string Head = "DELETE FROM heads WHERE tenant = $1";

    private static readonly string Journal = Keyed("journal", "number");

    private static readonly string[] Everything =
    [
        Keyed("events", "position"), Keyed("tags", "tag", "position"), Keyed("documents", "collection", "generation", "key"),
        Keyed("document_index", "index", "generation", "value", "key"), Keyed("collections", "name"), Keyed("checkpoints", "name"),
        Keyed("commits", "key"), Journal, Keyed("leases", "name"),
    ];

    /// <summary>Removes some rows.</summary>
    /// <param name="connection">In the commit's transaction.</param>
    /// <param name="rowsMax">The most to remove.</param>
    /// <returns>Whether any may be left. If none are, and everything was to go, the tenant's head is gone too.</returns>
    public bool Run(NpgsqlConnection connection, int rowsMax)
    {
        var left = rowsMax;
        foreach (var sql in journalAlone ? [Journal] : Everything)
        {
            left -= Delete(connection, sql, left);
            if (left <= 0)
                return true;
        }

        if (!journalAlone)
            Delete(connection, Head, null);
        return false;
    }

    // The rows up to the last of the first so many, by the table's key: two walks along one index, whatever the planner believes of the table. (A
    // list of keys to remove may be joined by comparing each with each.)
    private static string Keyed(string table, params string[] key)
    {
        var (columns, backwards) = (string.Join(", ", key), string.Join(", ", key.Select(static column => $"{column} DESC")));
        return $"""
            DELETE FROM {table} WHERE tenant = $1 AND ({columns}) <= (
              SELECT {columns} FROM (SELECT {columns} FROM {table} WHERE tenant = $1 ORDER BY {columns} LIMIT $2) first ORDER BY {backwards} LIMIT 1)
            """;
    }

    private int Delete(NpgsqlConnection connection, string sql, int? rowsMax)
    {
        using var statements = new NpgsqlBatch(connection);
        var command = statements.Add(sql).Bind(tenant.Value);
        if (rowsMax is { } max)
            command.Bind((long)max);
        return statements.ExecuteNonQuery();
    }
}
