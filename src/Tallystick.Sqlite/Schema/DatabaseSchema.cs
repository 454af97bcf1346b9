using Tallystick.Sqlite.Interop;

namespace Tallystick.Sqlite.Schema;

/// <summary>
/// The tables, as numbered migrations; a file's <c>user_version</c> says how many it has. A migration that has been released never
/// changes: a further one follows it.
/// </summary>
/// <remarks>
/// Events are rows in order of arrival over all tenants, so that an append only ever touches the last page. No index hangs on that table:
/// <c>chunks</c> is the one index, an inverted one, brought up to date in bulk. Each chunk is a piece of an ordered list of event rows: of a
/// tenant's log (empty term), of a stream (<c>s</c> and its name), of an event type (<c>t</c>) or of a tag (<c>g</c>). The rows after
/// <c>state.indexed</c> are the tail: they are indexed in memory alone and read again at start.
/// </remarks>
internal static class DatabaseSchema
{
    /// <summary>"TLYS": marks the file as ours (<c>PRAGMA application_id</c>).</summary>
    public const int ApplicationId = 0x544C5953;

    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE state(one INTEGER PRIMARY KEY CHECK(one = 1), indexed INTEGER NOT NULL);
        INSERT INTO state VALUES(1, 0);
        CREATE TABLE tenants(
          number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, position INTEGER NOT NULL, time INTEGER NOT NULL, frontier BLOB NOT NULL);
        CREATE TABLE events(
          seq INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, position INTEGER NOT NULL, stream TEXT NOT NULL, version INTEGER NOT NULL,
          type TEXT NOT NULL, schema INTEGER NOT NULL, time INTEGER NOT NULL, id BLOB NOT NULL, tags TEXT, correlation TEXT, causation BLOB,
          trace TEXT, user TEXT, salt BLOB NOT NULL, payload BLOB NOT NULL, hashes BLOB NOT NULL);
        CREATE TABLE chunks(
          tenant INTEGER NOT NULL, term TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, seqs BLOB NOT NULL,
          PRIMARY KEY(tenant, term, last)) WITHOUT ROWID;
        CREATE TABLE collections(
          id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, name TEXT NOT NULL, generation INTEGER NOT NULL, active INTEGER NOT NULL,
          UNIQUE(tenant, name, generation));
        CREATE TABLE documents(
          collection INTEGER NOT NULL, key TEXT NOT NULL, position INTEGER NOT NULL, entries BLOB NOT NULL, body BLOB NOT NULL,
          PRIMARY KEY(collection, key)) WITHOUT ROWID;
        CREATE TABLE document_index(
          collection INTEGER NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL, key TEXT NOT NULL,
          PRIMARY KEY(collection, name, value, key)) WITHOUT ROWID;
        CREATE TABLE checkpoints(
          tenant INTEGER NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY(tenant, name)) WITHOUT ROWID;
        CREATE TABLE commits(
          tenant INTEGER NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
          streams TEXT NOT NULL, PRIMARY KEY(tenant, key)) WITHOUT ROWID;
        """,
        """
        CREATE TABLE leases(
          tenant INTEGER NOT NULL, name TEXT NOT NULL, owner TEXT, epoch INTEGER NOT NULL, until INTEGER NOT NULL,
          PRIMARY KEY(tenant, name)) WITHOUT ROWID;
        """,
        TenantLifeMigration.Sql,
    ];

    /// <summary>The newest schema that this code knows.</summary>
    public static int Version => Migrations.Length;

    /// <summary>Refuses what isn't a sound file of ours, then brings its tables up to date.</summary>
    /// <exception cref="TallystickException">The file isn't usable; the message says why and what to do.</exception>
    public static void Prepare(SqliteDatabase database, SqliteStoreOptions options)
    {
        var version = CheckOrigin(database);
        if (database.IsReadOnly)
            throw new TallystickException($"{database.Path} may only be read, or the disk failed when it was opened for writing. Check the permissions of the file and its folder, and the disk.");
        DatabaseFile.CheckDamage(database, options);
        if (database.ScalarText("PRAGMA journal_mode=WAL") != "wal")
            throw new TallystickException($"{database.Path} can't use a write-ahead log. Put it on a local disk: network file systems lack what it needs.");
        database.Run("PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-32768; PRAGMA busy_timeout=10000");
        Migrate(database, (int)version);
        // (secure_delete: a tenant that is erased must be gone from the file, with all that its documents ever said.)
        // A write-ahead log that can't be opened for writing would show in the first commit only.
        database.Run("BEGIN IMMEDIATE; ROLLBACK");
    }

    private static long CheckOrigin(SqliteDatabase database)
    {
        var version = database.Scalar("PRAGMA user_version");
        var application = database.Scalar("PRAGMA application_id");
        var tables = database.Scalar("SELECT count(*) FROM sqlite_schema");
        DatabaseFile.CheckOrigin(database.Path, application, version, isEmpty: tables == 0);
        return version;
    }

    private static void Migrate(SqliteDatabase database, int version)
    {
        for (; version < Migrations.Length; version++)
        {
            database.Run("BEGIN IMMEDIATE");
            try
            {
                database.Run(Migrations[version]);
                database.Run($"PRAGMA user_version={version + 1}; PRAGMA application_id={ApplicationId}");
                database.Run("COMMIT");
            }
            catch
            {
                if (!database.IsAutocommit)
                    database.Run("ROLLBACK");
                throw;
            }
        }
    }
}
