using System.Security.Cryptography;
using SQLitePCL;

namespace Tallystick.Benchmarks;

/// <summary>
/// What the store is measured against: the least that keeps a tree-hashed log in SQLite. One table without any secondary index (or, to see
/// what one costs, with it), the same file settings (WAL, FULL), the same hashing (salted payload, leaf, one node for each event), one
/// writer thread with group commit. No limits, no conditions, no tenants, no reads, no error handling.
/// </summary>
internal sealed class BareLoop : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _begin;
    private readonly sqlite3_stmt _insert;
    private readonly sqlite3_stmt _commit;
    private readonly object _lock = new();
    private readonly byte[] _root = new byte[64];
    private readonly Thread? _thread;
    private List<Entry> _waiting = [];
    private bool _closed;
    private long _seq;

    public BareLoop(string path, bool streamIndex, bool groupCommit)
    {
        Batteries_V2.Init();
        raw.sqlite3_open(path, out _database);
        raw.sqlite3_exec(_database, """
            PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-32768;
            CREATE TABLE events(seq INTEGER PRIMARY KEY, stream TEXT, version INTEGER, type TEXT, time INTEGER, id BLOB, salt BLOB, payload BLOB, hashes BLOB);
            """);
        if (streamIndex)
            raw.sqlite3_exec(_database, "CREATE UNIQUE INDEX stream_version ON events(stream, version)");
        raw.sqlite3_prepare_v2(_database, "BEGIN IMMEDIATE", out _begin);
        raw.sqlite3_prepare_v2(_database, "COMMIT", out _commit);
        raw.sqlite3_prepare_v2(_database, "INSERT INTO events VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)", out _insert);
        if (groupCommit)
        {
            _thread = new Thread(Write);
            _thread.Start();
        }
    }

    /// <summary>One event, one transaction, one sync, on the caller's thread.</summary>
    public void AppendAlone(string stream, long version, byte[] payload)
    {
        Step(_begin);
        Insert(new Entry(stream, version, payload, HashPayload(payload), null!));
        Step(_commit);
    }

    /// <summary>One or more events that share a transaction with those of other callers.</summary>
    public Task AppendAsync(string stream, long version, params ReadOnlySpan<byte[]> payloads)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var entries = new Entry[payloads.Length];
        for (var i = 0; i < payloads.Length; i++)
            entries[i] = new Entry(stream, version + i, payloads[i], HashPayload(payloads[i]), i == payloads.Length - 1 ? done : null);
        lock (_lock)
        {
            _waiting.AddRange(entries);
            Monitor.Pulse(_lock);
        }

        return done.Task;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _closed = true;
            Monitor.Pulse(_lock);
        }

        _thread?.Join();
        _begin.Dispose();
        _commit.Dispose();
        _insert.Dispose();
        _database.Dispose();
    }

    private void Write()
    {
        var batch = new List<Entry>();
        while (true)
        {
            lock (_lock)
            {
                while (_waiting.Count == 0)
                {
                    if (_closed)
                        return;
                    Monitor.Wait(_lock);
                }

                (batch, _waiting) = (_waiting, batch);
            }

            Step(_begin);
            foreach (var entry in batch)
                Insert(entry);
            Step(_commit);
            foreach (var entry in batch)
                entry.Done?.SetResult();
            batch.Clear();
        }
    }

    private void Insert(Entry entry)
    {
        Span<byte> header = stackalloc byte[160];
        Span<byte> hashes = stackalloc byte[96];
        entry.PayloadHash.CopyTo(hashes);
        SHA256.HashData(header, hashes[32..]);
        hashes.Slice(32, 32).CopyTo(_root);
        SHA256.HashData(_root, hashes[64..]);
        raw.sqlite3_bind_int64(_insert, 1, ++_seq);
        raw.sqlite3_bind_text(_insert, 2, entry.Stream);
        raw.sqlite3_bind_int64(_insert, 3, entry.Version);
        raw.sqlite3_bind_text(_insert, 4, "order.placed");
        raw.sqlite3_bind_int64(_insert, 5, DateTime.UtcNow.Ticks);
        raw.sqlite3_bind_blob(_insert, 6, header[..16]);
        raw.sqlite3_bind_blob(_insert, 7, header[..16]);
        raw.sqlite3_bind_blob(_insert, 8, entry.Payload);
        raw.sqlite3_bind_blob(_insert, 9, hashes);
        Step(_insert);
    }

    private static byte[] HashPayload(byte[] payload)
    {
        Span<byte> salted = stackalloc byte[16 + Payloads.Bytes];
        payload.CopyTo(salted[16..]);
        return SHA256.HashData(salted);
    }

    private void Step(sqlite3_stmt statement)
    {
        if (raw.sqlite3_step(statement) != raw.SQLITE_DONE)
            throw new InvalidOperationException(raw.sqlite3_errmsg(_database).utf8_to_string());
        raw.sqlite3_reset(statement);
    }

    private sealed record Entry(string Stream, long Version, byte[] Payload, byte[] PayloadHash, TaskCompletionSource? Done);
}
