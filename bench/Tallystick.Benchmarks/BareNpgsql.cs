using System.Security.Cryptography;
using Npgsql;
using NpgsqlTypes;

namespace Tallystick.Benchmarks;

/// <summary>
/// What the PostgreSQL store is measured against: the least that keeps one gap-free, tree-hashed log over Npgsql. One connection and one
/// writer with group commit; for each transaction two round trips: the head locked by <c>UPDATE … RETURNING</c>, then the rows by
/// <c>unnest</c> and <c>COMMIT</c>. A unique index guards (stream, version). No limits, no tenants, no row-level security, no conditions, no
/// reads, no error handling.
/// </summary>
internal sealed class BareNpgsql : IAsyncDisposable
{
    private const int BatchMax = 1024;

    private readonly NpgsqlConnection _connection;
    private readonly Lock _lock = new();
    private readonly byte[] _root = new byte[64];
    private readonly Task? _loop;
    private List<Entry> _waiting = [];
    private TaskCompletionSource _signal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _closed;

    private BareNpgsql(NpgsqlConnection connection, bool groupCommit)
    {
        _connection = connection;
        if (groupCommit)
            _loop = Task.Run(WriteAsync);
    }

    public static async Task<BareNpgsql> OpenAsync(string connectionString, bool groupCommit)
    {
        var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var make = new NpgsqlCommand(
            """
            DROP TABLE IF EXISTS bare_events, bare_head;
            CREATE TABLE bare_head(id int PRIMARY KEY, position bigint NOT NULL);
            INSERT INTO bare_head VALUES(1, 0);
            CREATE TABLE bare_events(
              position bigint PRIMARY KEY, stream text NOT NULL, version bigint NOT NULL, type text NOT NULL, time timestamptz NOT NULL,
              id uuid NOT NULL, salt bytea NOT NULL, payload bytea NOT NULL, hashes bytea NOT NULL, UNIQUE(stream, version));
            """, connection);
        await make.ExecuteNonQueryAsync();
        return new BareNpgsql(connection, groupCommit);
    }

    /// <summary>One event, one transaction, one sync, by one caller.</summary>
    public Task AppendAloneAsync(string stream, long version, byte[] payload) => WriteAsync([NewEntry(stream, version, payload, null)]);

    /// <summary>Events that share a transaction with those of other callers.</summary>
    public Task AppendAsync(string stream, long version, byte[][] payloads)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var entries = payloads.Select((payload, i) => NewEntry(stream, version + i, payload, i == payloads.Length - 1 ? done : null)).ToArray();
        lock (_lock)
        {
            _waiting.AddRange(entries);
            _signal.TrySetResult();
        }

        return done.Task;
    }

    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _closed = true;
            _signal.TrySetResult();
        }

        if (_loop is not null)
            await _loop;
        await _connection.DisposeAsync();
    }

    private async Task WriteAsync()
    {
        while (true)
        {
            await _signal.Task;
            List<Entry> batch;
            lock (_lock)
            {
                if (_waiting.Count == 0 && _closed)
                    return;
                (batch, _waiting) = (_waiting, []);
                _signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                if (_closed)
                    _signal.TrySetResult();
            }

            foreach (var part in Parts(batch))
                await WriteAsync(part);
        }
    }

    /// <summary>What shares a transaction: whole appends, about <see cref="BatchMax"/> events together.</summary>
    private static IEnumerable<Entry[]> Parts(List<Entry> batch)
    {
        var start = 0;
        for (var i = 0; i < batch.Count; i++)
        {
            if (i + 1 < batch.Count && (i + 1 - start < BatchMax || batch[i].Done is null))
                continue;
            yield return [.. batch[start..(i + 1)]];
            start = i + 1;
        }
    }

    private async Task WriteAsync(Entry[] batch)
    {
        await using var transaction = new NpgsqlBatch(_connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand("BEGIN"),
                new NpgsqlBatchCommand("UPDATE bare_head SET position = position + $1 WHERE id = 1 RETURNING position")
                {
                    Parameters = { new NpgsqlParameter { Value = (long)batch.Length } },
                },
            },
        };
        var position = (long)(await transaction.ExecuteScalarAsync())! - batch.Length;
        await using var insert = new NpgsqlBatch(_connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand(
                    "INSERT INTO bare_events SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[], $6::uuid[], $7::bytea[], $8::bytea[], $9::bytea[])")
                {
                    Parameters =
                    {
                        Array(NpgsqlDbType.Bigint, batch.Select((_, i) => position + i + 1).ToArray()),
                        Array(NpgsqlDbType.Text, batch.Select(e => e.Stream).ToArray()),
                        Array(NpgsqlDbType.Bigint, batch.Select(e => e.Version).ToArray()),
                        Array(NpgsqlDbType.Text, batch.Select(_ => "order.placed").ToArray()),
                        Array(NpgsqlDbType.TimestampTz, batch.Select(_ => DateTime.UtcNow).ToArray()),
                        Array(NpgsqlDbType.Uuid, batch.Select(_ => Guid.NewGuid()).ToArray()),
                        Array(NpgsqlDbType.Bytea, batch.Select(e => e.Salt).ToArray()),
                        Array(NpgsqlDbType.Bytea, batch.Select(e => e.Payload).ToArray()),
                        Array(NpgsqlDbType.Bytea, batch.Select(Hashes).ToArray()),
                    },
                },
                new NpgsqlBatchCommand("COMMIT"),
            },
        };
        await insert.ExecuteNonQueryAsync();
        foreach (var entry in batch)
            entry.Done?.SetResult();
    }

    /// <summary>The same hashing as the store's writer: the leaf and, on average, one node.</summary>
    private byte[] Hashes(Entry entry)
    {
        Span<byte> header = stackalloc byte[160];
        var hashes = new byte[64];
        entry.PayloadHash.CopyTo(header);
        SHA256.HashData(header, hashes.AsSpan(0, 32));
        hashes.AsSpan(0, 32).CopyTo(_root);
        SHA256.HashData(_root, hashes.AsSpan(32));
        return hashes;
    }

    private static NpgsqlParameter<T[]> Array<T>(NpgsqlDbType element, T[] values) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | element, TypedValue = values };

    private static Entry NewEntry(string stream, long version, byte[] payload, TaskCompletionSource? done)
    {
        var salt = RandomNumberGenerator.GetBytes(16);
        return new Entry(stream, version, payload, salt, SHA256.HashData([.. salt, .. payload]), done);
    }

    private sealed record Entry(string Stream, long Version, byte[] Payload, byte[] Salt, byte[] PayloadHash, TaskCompletionSource? Done);
}
