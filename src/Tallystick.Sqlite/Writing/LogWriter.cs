using Tallystick.Sqlite.Index;
using Tallystick.Sqlite.Interop;
using Tallystick.Storage;

namespace Tallystick.Sqlite.Writing;

/// <summary>
/// The one that writes. Its thread takes all commits that wait, up to a bound, and gives them one transaction and one sync (group commit);
/// while it syncs, the next ones gather. Callers are told only after the sync.
/// </summary>
/// <remarks>
/// A commit that comes alone, when nothing waits and the one before came alone too, is written on its caller's thread: handing it over and
/// back costs as much as half a sync. Whoever writes holds the turn.
/// </remarks>
internal sealed class LogWriter : IAsyncDisposable
{
    /// <summary>A tail that could not be indexed (the disk is full) may grow to this many times its bound before commits are refused.</summary>
    private const int TailOverrunMax = 4;

    private readonly SqliteDatabase _database;
    private readonly TailIndex _tail;
    private readonly TenantHeads _heads;
    private readonly PositionSignals _signals;
    private readonly SqliteStoreOptions _options;
    private readonly CommitQueue _queue;
    private readonly CommitWriter _writer;
    private readonly IndexFlush _flush;
    private readonly object _turn = new();
    private readonly List<PendingCommit> _alone = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Exception? _failure;
    private volatile bool _lastCameAlone;
    private bool _closed;

    public LogWriter(SqliteDatabase database, TailIndex tail, TenantHeads heads, PositionSignals signals, SqliteStoreOptions options)
    {
        (_database, _tail, _heads, _signals, _options) = (database, tail, heads, signals, options);
        _queue = new CommitQueue(options);
        _writer = new CommitWriter(database, tail, heads, options);
        _flush = new IndexFlush(database, tail, heads);
        new Thread(Run) { IsBackground = true, Name = $"tallystick writer {Path.GetFileName(database.Path)}" }.Start();
    }

    public ValueTask<CommitResult> CommitAsync(PreparedCommit prepared, CancellationToken cancellationToken)
    {
        if (_failure is { } failure)
            return ValueTask.FromException<CommitResult>(Stopped(failure));
        if (_lastCameAlone && _queue.IsEmpty && Monitor.TryEnter(_turn))
        {
            try
            {
                if (!_closed && _tail.Count < _options.TailEventsMax)
                    return WriteAlone(prepared);
            }
            finally
            {
                Monitor.Exit(_turn);
            }
        }

        return _queue.EnqueueAsync(prepared, cancellationToken);
    }

    /// <summary>Does something with the connection while nothing is written.</summary>
    public void Use(Action<SqliteDatabase> use)
    {
        lock (_turn)
            use(_database);
    }

    /// <summary>Writes what waits, adds the tail to the stored index and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Close();
        await _ended.Task;
    }

    private void Run()
    {
        var commits = new List<PendingCommit>();
        while (_queue.Take(commits, _options.GroupCommitMax))
        {
            lock (_turn)
            {
                _lastCameAlone = commits.Count <= 1;
                WriteTogether(commits);
                commits.Clear();
                if (_tail.Count >= _options.TailEventsMax && _failure is null)
                    TryFlush();
            }
        }

        try
        {
            Close();
            _ended.SetResult();
        }
        catch (Exception error)
        {
            _ended.SetException(error);
        }
    }

    private void Close()
    {
        lock (_turn)
        {
            _closed = true;
            try
            {
                // A tail that can't be indexed now is read again at the next start.
                if (_failure is null)
                    TryFlush();
            }
            finally
            {
                _database.Dispose();
            }
        }
    }

    private ValueTask<CommitResult> WriteAlone(PreparedCommit prepared)
    {
        var commit = new PendingCommit(prepared);
        _alone.Add(commit);
        try
        {
            WriteTogether(_alone);
        }
        finally
        {
            _alone.Clear();
        }

        return commit.Task;
    }

    private void WriteTogether(List<PendingCommit> commits)
    {
        if (commits.Count == 0)
            return;
        if (TryWrite(commits) is { } failure)
        {
            // One commit that SQLite can't take must not fail the others: each gets a transaction of its own.
            if (commits.Count > 1 && _failure is null)
            {
                foreach (var commit in commits)
                    WriteTogether([commit]);
                return;
            }

            foreach (var commit in commits)
                commit.Failure = failure;
        }

        foreach (var commit in commits)
            commit.Complete();
    }

    /// <summary>Writes commits in one transaction. What it gives is why it failed, and then nothing is stored.</summary>
    private Exception? TryWrite(List<PendingCommit> commits)
    {
        if (_failure is { } stopped)
            return Stopped(stopped);
        if (_tail.Count >= _options.TailEventsMax * TailOverrunMax && TryFlush() is { } full)
            return full;
        var batch = new CommitBatch(_tail.LastSeq);
        try
        {
            var now = _options.Time.GetUtcNow().UtcTicks;
            _database.Statement("BEGIN IMMEDIATE").Run();
            foreach (var commit in commits)
                commit.Outcome = _writer.Write(commit.Prepared, batch, now);
            Sync();
        }
        catch (Exception error)
        {
            RollBack(error);
            return error;
        }

        try
        {
            Publish(batch);
        }
        catch (Exception error)
        {
            // What is in the file and what is in memory may differ now: only opening the file anew makes them one again.
            _failure = error;
            return error;
        }

        return null;
    }

    private void Sync()
    {
        try
        {
            _database.Statement("COMMIT").Run();
        }
        catch (SqliteStoreException error) when (error.IsFatal)
        {
            // After a failed sync nobody knows what the kernel has kept (see "Can applications recover from fsync failures?", Rebello et al.
            // 2020). Only reading the file anew tells, so this store takes no more commits.
            _failure = error;
            throw;
        }
    }

    private void RollBack(Exception error)
    {
        _writer.ForgetUncommitted();
        if (error is SqliteStoreException { IsFatal: true })
            _failure = error;
        if (_database.IsAutocommit)
            return;
        try
        {
            _database.Run("ROLLBACK");
        }
        catch (SqliteStoreException rollback)
        {
            _failure = rollback;
        }
    }

    private void Publish(CommitBatch batch)
    {
        _tail.Add(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(batch.Entries));
        _writer.Publish(batch);
        foreach (var head in batch.Heads.Values)
        {
            _heads.Publish(head);
            _signals.Advance(head.Id, head.Position);
        }

        foreach (var (tenant, name, position) in batch.Checkpoints)
            _signals.Advance(tenant, name, position);
    }

    private SqliteStoreException? TryFlush()
    {
        try
        {
            _flush.Run();
            return null;
        }
        catch (SqliteStoreException error)
        {
            // The events are safe; their index stays in memory and is tried again after the next batch.
            if (error.IsFatal)
                _failure = error;
            return error;
        }
    }

    private static TallystickException Stopped(Exception failure) => new(
        $"The store takes no more commits since this happened: {failure.Message} What was acknowledged before is stored. Close the store and open it again.", failure);
}
