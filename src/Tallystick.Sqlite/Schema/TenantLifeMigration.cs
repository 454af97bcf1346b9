namespace Tallystick.Sqlite.Schema;

/// <summary>
/// What the life of a tenant adds: how many bytes it has, its fence, its journal, and whether it is being erased. A tenant's number is never
/// given again after the tenant is erased, so that what was cached or is being read by that number can't become another tenant's.
/// </summary>
/// <remarks>
/// <c>event_bytes</c> is as old as the stored index, like the position beside it; the other columns change with the commits that change them.
/// </remarks>
internal static class TenantLifeMigration
{
    public const string Sql = """
        ALTER TABLE state ADD COLUMN last_tenant INTEGER NOT NULL DEFAULT 0;
        UPDATE state SET last_tenant=(SELECT coalesce(max(number), 0) FROM tenants);
        ALTER TABLE tenants ADD COLUMN event_bytes INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE tenants ADD COLUMN document_bytes INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE tenants ADD COLUMN fence TEXT;
        ALTER TABLE tenants ADD COLUMN journal_start INTEGER;
        ALTER TABLE tenants ADD COLUMN journal_head INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE tenants ADD COLUMN erasing INTEGER NOT NULL DEFAULT 0;
        UPDATE tenants SET event_bytes=stored.bytes FROM (
          SELECT tenant, sum(length(payload)) AS bytes FROM events WHERE seq<=(SELECT indexed FROM state) GROUP BY tenant) AS stored
          WHERE stored.tenant=tenants.number;
        UPDATE tenants SET document_bytes=stored.bytes FROM (
          SELECT c.tenant, sum(length(d.body)) AS bytes FROM documents d JOIN collections c ON c.id=d.collection GROUP BY c.tenant) AS stored
          WHERE stored.tenant=tenants.number;
        CREATE TABLE journal(
          tenant INTEGER NOT NULL, number INTEGER NOT NULL, entry BLOB NOT NULL, PRIMARY KEY(tenant, number)) WITHOUT ROWID;
        """;
}
