using Npgsql;
using Tallystick.Events;
using Tallystick.Postgres.Connections;
using Tallystick.Postgres.Signals;
using Tallystick.Storage;

namespace Tallystick.Postgres.Writing;

/// <summary>
/// The one that writes for this store. Its thread takes the commits that wait, of many tenants and up to some bounds, and gives them one
/// transaction and one sync (group commit) over its own connection; while the server syncs, the next ones gather.
/// </summary>
/// <remarks>
/// <para>Each transaction writes its number into the writer's own row of the table <c>writers</c> before anything else. When the connection is
/// lost after COMMIT was sent, nobody here knows whether it took effect. A new connection then takes that row: it waits until the old
/// transaction has ended, one way or the other, and the number in it says which way. Only then is the batch acknowledged or written anew.</para>
/// <para>Whatever fails before COMMIT is sent has surely stored nothing, and is tried again if it was transient.</para>
/// </remarks>
internal sealed class GroupWriter : IAsyncDisposable
{
    private const string TakeOutcome = """
        INSERT INTO writers(writer, batch, at) VALUES($1, -1, now()) ON CONFLICT (writer) DO UPDATE SET at = excluded.at RETURNING batch
        """;

    private readonly Database _database;
    private readonly PostgresStoreOptions _options;
    private readonly PositionSignals _signals;
    private readonly Announcer _announcer;
    private readonly CommitQueue _queue;
    private readonly TenantMemory _memory;
    private readonly Guid _writer;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _closing = new();
    private readonly List<PendingCommit> _commits = [];
    private NpgsqlConnection? _connection;
    private long _number;

    public GroupWriter(Database database, Guid writer, PositionSignals signals, Announcer announcer, PostgresStoreOptions options)
    {
        (_database, _writer, _signals, _announcer, _options) = (database, writer, signals, announcer, options);
        _queue = new CommitQueue(options);
        _memory = new TenantMemory(options.StreamVersionsCached);
        new Thread(Run) { IsBackground = true, Name = $"tallystick writer {options.Schema}" }.Start();
    }

    public ValueTask<CommitResult> CommitAsync(PreparedCommit prepared, CancellationToken cancellationToken) =>
        _queue.EnqueueAsync(prepared, cancellationToken);

    /// <summary>Writes what waits, as long as the server is to be had, and ends. Nothing waits for a server to come back any more.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Close();
        await _closing.CancelAsync();
        await _ended.Task;
        _closing.Dispose();
    }

    private void Run()
    {
        while (_queue.Take(_commits))
        {
            WriteTogether(_commits);
            _commits.Clear();
        }

        TidyUp();
        _ended.SetResult();
    }

    private void WriteTogether(List<PendingCommit> commits)
    {
        if (commits.Count == 0)
            return;
        var attempt = new Attempt(commits);
        Exception? failure = null;
        try
        {
            Write(attempt);
            Publish(attempt.Batch);
        }
        catch (Exception error)
        {
            // One commit that PostgreSQL can't take must not fail the others: each gets a transaction of its own.
            if (commits.Count > 1 && !attempt.IsInDoubt && !Failure.IsTransient(error))
            {
                foreach (var commit in commits.ToArray())
                    WriteTogether([commit]);
                return;
            }

            failure = Explain(error, attempt.IsInDoubt);
        }

        _queue.Expect(commits.Count);
        foreach (var commit in commits)
        {
            commit.Failure = failure ?? commit.Failure;
            commit.Complete();
        }
    }

    /// <summary>
    /// Writes commits in one transaction, as often as it takes until the outcome is known and the cause is not transient. Once the store is being
    /// closed there is one more attempt, at once: it may still tell the outcome.
    /// </summary>
    private void Write(Attempt attempt)
    {
        var retry = new Retry(_options.Time, _options.RetryTimeout, attempt.Commits[^1].Since);
        var isLast = false;
        while (true)
        {
            try
            {
                if (TryWrite(attempt))
                    return;
            }
            catch (Exception error)
            {
                var isTransient = Failure.IsTransient(error) || _connection is { State: not System.Data.ConnectionState.Open };
                Drop(isTransient);
                attempt.Failed(error, isTransient);
                if (!attempt.IsInDoubt && !isTransient)
                    throw;
                if (isLast || !retry.HasTime)
                    throw;
            }

            isLast = !retry.Pause(_closing.Token);
        }
    }

    /// <returns>False if another node has erased a tenant meanwhile, so that it must be done again.</returns>
    private bool TryWrite(Attempt attempt)
    {
        _connection ??= _database.Open();
        if (attempt.IsInDoubt)
        {
            if (WasCommitted())
            {
                attempt.IsInDoubt = false;
                return true;
            }

            attempt.IsInDoubt = false;
            if (attempt.PermanentCause is { } cause)
                throw cause;
        }

        attempt.Begin();
        if (!new BatchLoad(_connection, _writer, _memory).Run(attempt.Batch, ++_number))
        {
            Run("ROLLBACK");
            return attempt.EndsWithoutTenant();
        }

        var decision = new CommitDecision(attempt.Batch, _options.Time.GetUtcNow().UtcTicks);
        for (var i = 0; i < attempt.Commits.Count; i++)
            decision.Decide(i);
        if (!attempt.Batch.HasChanges)
        {
            Run("ROLLBACK");
            return true;
        }

        attempt.Remove(_connection, _options.Limits);
        attempt.IsCommitting = true;
        BatchSave.Run(_connection, attempt.Batch);
        return true;
    }

    /// <summary>Whether the transaction with the last number has taken effect. Once this has answered, it can't any more.</summary>
    private bool WasCommitted()
    {
        using var command = new NpgsqlCommand(TakeOutcome, _connection);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = _writer });
        return (long)command.ExecuteScalar()! == _number;
    }

    private void Publish(Batch batch)
    {
        foreach (var tenant in batch.Tenants.Values)
        {
            if (batch.ErasesTenant)
                _memory.Forget(tenant.Id);
            if (tenant.Position != tenant.Stored)
            {
                _memory.Left(tenant.Id, tenant.Tree.Root());
                _signals.Advance(tenant.Id, tenant.Position);
                _announcer.Announce(tenant.Id, null, tenant.Position);
            }

            foreach (var (stream, version) in tenant.Versions)
                _memory.SetVersion(tenant.Id, stream, version);
            foreach (var name in tenant.ChangedCheckpoints)
            {
                if (tenant.Checkpoints[name] is not { } position)
                    continue;
                _signals.Advance(tenant.Id, name, position);
                _announcer.Announce(tenant.Id, name, position);
            }
        }

        _announcer.Wake();
    }

    private TallystickException Explain(Exception error, bool isInDoubt)
    {
        var isClosing = _closing.IsCancellationRequested;
        if (isInDoubt)
        {
            var until = isClosing ? "before the store was closed" : $"within {_options.RetryTimeout} (RetryTimeout)";
            return new TallystickException(
                $"Whether the commit is stored is unknown: the connection to {_database.Host} was lost while it was written, and {until} nobody could be asked ({error.Message}). "
                + "Look for its events, or repeat it with the same idempotency key.", error);
        }

        return error as TallystickException ?? Failure.ToStoreError(
            error, $"the commit could not be written{(isClosing ? " before the store was closed" : "")}, nothing of it is stored");
    }

    private void Run(string sql)
    {
        using var command = new NpgsqlCommand(sql, _connection);
        command.ExecuteNonQuery();
    }

    private void Drop(bool forgetOthers)
    {
        // Given back to the pool, a connection ends its transaction, if it is still there.
        _connection?.Dispose();
        _connection = null;
        if (forgetOthers)
            _database.Forget();
    }

    /// <summary>Removes the writer's row. Nothing depends on it, so a server that isn't to be had is no failure.</summary>
    private void TidyUp()
    {
        try
        {
            if (_connection is null)
                return;
            using (var command = new NpgsqlCommand("DELETE FROM writers WHERE writer = $1", _connection))
            {
                command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = _writer });
                command.ExecuteNonQuery();
            }
        }
        catch (Exception error) when (error is NpgsqlException or InvalidOperationException)
        {
            // The row is tidied away by the next store that is opened after some days.
        }
        finally
        {
            Drop(forgetOthers: false);
        }
    }

    /// <summary>What is known of the attempts to write some commits.</summary>
    private sealed class Attempt(List<PendingCommit> commits)
    {
        public List<PendingCommit> Commits { get; } = commits;

        /// <summary>As decided by the last attempt.</summary>
        public Batch Batch { get; private set; } = new([]);

        /// <summary>COMMIT is on its way.</summary>
        public bool IsCommitting { get; set; }

        /// <summary>Whether the last attempt has taken effect must be looked up before anything else.</summary>
        public bool IsInDoubt { get; set; }

        /// <summary>Why the attempt in doubt failed, if trying again won't help.</summary>
        public Exception? PermanentCause { get; private set; }

        public void Begin()
        {
            Batch = new Batch(Commits);
            IsCommitting = false;
        }

        /// <summary>Whether a tenant that isn't there is all that the commit wants.</summary>
        public bool EndsWithoutTenant()
        {
            if (Batch.IsToErase)
                Commits[0].Outcome = new CommitResult.Committed(LogPosition.Start, LogPosition.Start, []);
            return Batch.IsToErase;
        }

        /// <summary>Removes the rows that a commit is to remove, which is alone then.</summary>
        public void Remove(NpgsqlConnection connection, StoreLimits limits)
        {
            if (Batch.Removal is not { } removal || Commits[0].Outcome is not CommitResult.Committed committed)
                return;
            var hasMore = removal.Run(connection, limits.ErasedRowsPerCommitMax);
            Commits[0].Outcome = committed with { HasMore = hasMore };
            Batch.ErasesTenant = Batch.IsToErase && !hasMore;
        }

        public void Failed(Exception error, bool isTransient)
        {
            // The server says ERROR only where it has rolled back; a FATAL may come after it has committed.
            if (IsCommitting && !Failure.IsRefusal(error))
            {
                IsInDoubt = true;
                PermanentCause = isTransient ? null : error;
            }

            IsCommitting = false;
        }
    }
}
