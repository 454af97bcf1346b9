namespace Tallystick.Postgres.Schema;

/// <summary>
/// The tables, as numbered migrations; <c>schema_version</c> says how many a database has. A migration that has been released never changes:
/// a further one follows it.
/// </summary>
/// <remarks>
/// <para>The tenant is the first column of every key of every table that has tenants' data, as text, so that a distributed PostgreSQL can spread
/// them by it and no number must be looked up. All text sorts by its bytes (<c>COLLATE "C"</c>).</para>
/// <para>Row-level security is on and forced, so that the owner is bound by it too: a transaction sees the rows of the tenants that it has named
/// with <c>set_config('tallystick.tenants', …, true)</c>, and none if it has named none. The list is a subquery of its own, which is evaluated
/// once for a statement and not for each row.</para>
/// <para>A document's place in an index is found by a hash of collection and index name: with both in full, a key could be longer than an
/// index takes.</para>
/// </remarks>
internal static class DatabaseSchema
{
    /// <summary>The tables with tenants' data; each has a column <c>tenant</c> and a policy.</summary>
    public static readonly string[] TenantTables =
        ["heads", "events", "tags", "checkpoints", "commits", "collections", "documents", "document_index", "journal", "leases"];

    private const string First = """
        CREATE TABLE writers(writer uuid PRIMARY KEY, batch bigint NOT NULL, at timestamptz NOT NULL) WITH (fillfactor = 50);
        CREATE TABLE heads(
          tenant text COLLATE "C" PRIMARY KEY, position bigint NOT NULL, time bigint NOT NULL, frontier bytea NOT NULL,
          bytes bigint NOT NULL DEFAULT 0, fence text COLLATE "C", journal_start bigint, journal_head bigint NOT NULL DEFAULT 0,
          erasing boolean NOT NULL DEFAULT false)
          WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
        CREATE TABLE events(
          position bigint NOT NULL, version bigint NOT NULL, time bigint NOT NULL, schema int NOT NULL, id uuid NOT NULL, causation uuid,
          tenant text COLLATE "C" NOT NULL, stream text COLLATE "C" NOT NULL, type text COLLATE "C" NOT NULL, tags text COLLATE "C",
          correlation text COLLATE "C", trace text COLLATE "C", user_id text COLLATE "C", salt bytea NOT NULL, hashes bytea NOT NULL,
          payload bytea NOT NULL,
          PRIMARY KEY(tenant, position), UNIQUE(tenant, stream, version));
        ALTER TABLE events ALTER payload SET STORAGE EXTERNAL;
        CREATE INDEX events_type ON events(tenant, type, position);
        CREATE TABLE tags(
          position bigint NOT NULL, tenant text COLLATE "C" NOT NULL, tag text COLLATE "C" NOT NULL, PRIMARY KEY(tenant, tag, position));
        CREATE TABLE checkpoints(
          position bigint NOT NULL, tenant text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, PRIMARY KEY(tenant, name))
          WITH (fillfactor = 50);
        CREATE TABLE commits(
          first bigint NOT NULL, last bigint NOT NULL, tenant text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
          fingerprint text COLLATE "C" NOT NULL, streams text COLLATE "C" NOT NULL, PRIMARY KEY(tenant, key));
        CREATE TABLE collections(
          generation int NOT NULL, tenant text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, PRIMARY KEY(tenant, name));
        CREATE TABLE documents(
          position bigint NOT NULL, generation int NOT NULL, tenant text COLLATE "C" NOT NULL, collection text COLLATE "C" NOT NULL,
          key text COLLATE "C" NOT NULL, entries bytea NOT NULL, body bytea NOT NULL, PRIMARY KEY(tenant, collection, generation, key))
          WITH (fillfactor = 80);
        ALTER TABLE documents ALTER body SET STORAGE EXTERNAL;
        CREATE TABLE document_index(
          tenant text COLLATE "C" NOT NULL, index uuid NOT NULL, generation int NOT NULL, value bytea NOT NULL, key text COLLATE "C" NOT NULL,
          PRIMARY KEY(tenant, index, generation, value, key));
        CREATE TABLE journal(number bigint NOT NULL, tenant text COLLATE "C" NOT NULL, entry bytea NOT NULL, PRIMARY KEY(tenant, number));
        CREATE TABLE leases(
          epoch bigint NOT NULL, until bigint NOT NULL, tenant text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL,
          owner text COLLATE "C", PRIMARY KEY(tenant, name))
          WITH (fillfactor = 50);
        """;

    /// <summary>
    /// Lets a transaction of one tenant see and lock, but never change, the leases of another tenant that it names for that alone. (To lock
    /// a row, PostgreSQL asks the policies for UPDATE too.)
    /// </summary>
    private const string FencePolicies = """

        CREATE POLICY fences_seen ON leases FOR SELECT USING (tenant = (SELECT current_setting('tallystick.fences', true)));
        CREATE POLICY fences_locked ON leases FOR UPDATE
          USING (tenant = (SELECT current_setting('tallystick.fences', true))) WITH CHECK (false);
        """;

    private static readonly string[] Migrations =
    [
        First + string.Concat(TenantTables.Select(Policy)) + FencePolicies,
    ];

    /// <summary>The newest schema that this code knows.</summary>
    public static int Version => Migrations.Length;

    /// <summary>The statements that lead from a version to the next; to be run with the schema alone in the search path.</summary>
    public static string Migration(int fromVersion) => Migrations[fromVersion];

    private static string Policy(string table) => $"""

        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY tenants ON {table}
          USING (tenant = ANY ((SELECT string_to_array(current_setting('tallystick.tenants', true), ','))::text[]));
        """;
}
