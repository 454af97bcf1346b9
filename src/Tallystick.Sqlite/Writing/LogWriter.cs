using Tallystick.Sqlite.Index;
using Tallystick.Sqlite.Interop;
using Tallystick.Sqlite.Reading;
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
internal sealed partial class LogWriter : IAsyncDisposable
{
    /// <summary>A tail that could not be indexed (the disk is full) may grow to this many times its bound before commits are refused.</summary>
    private const int TailOverrunMax = 4;

    /// <summary>The write-ahead log may grow to this many times CheckpointPages before the writer waits for the readers.</summary>
    private const int WalOverrunMax = 4;

    private readonly SqliteDatabase _database;
    private readonly TailIndex _tail;
    private readonly TenantHeads _heads;
    private readonly Publication _publication;
    private readonly PositionSignals _signals;
    private readonly SqliteStoreOptions _options;
    private readonly CommitQueue _queue;
    private readonly CommitWriter _writer;
    private readonly IndexFlush _flush;
    private readonly BatchBound _bound;
    private readonly object _turn = new();
    private readonly List<PendingCommit> _alone = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Exception? _failure;
    private volatile bool _isTold;
    private long _pagesSinceCheckpoint;
    private volatile bool _lastCameAlone;
    private bool _closed;

    public LogWriter(
        SqliteDatabase database, TailIndex tail, TenantHeads heads, Publication publication, PositionSignals signals, SqliteStoreOptions options)
    {
        (_database, _tail, _heads, _publication, _signals, _options) = (database, tail, heads, publication, signals, options);
        _queue = new CommitQueue(options);
        _writer = new CommitWriter(database, tail, heads, options);
        _flush = new IndexFlush(database, tail, heads);
        _bound = new BatchBound(options);
        _tenants = new TenantRecords(database);
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

    /// <summary>Writes what waits, adds the tail to the stored index, copies the write-ahead log into the file and closes it.</summary>
    /// <exception cref="TallystickException">Something failed that no commit could be told of. Nothing acknowledged is lost.</exception>
    public async ValueTask DisposeAsync()
    {
        _queue.Close();
        await _ended.Task;
    }

    private void Run()
    {
        var commits = new List<PendingCommit>();
        while (_queue.Take(commits, _bound.Next))
        {
            lock (_turn)
            {
                _lastCameAlone = commits.Count <= 1;
                WriteTogether(commits);
                commits.Clear();
                if (_tail.Count >= _options.TailEventsMax && _failure is null && TryFlush() is null)
                    Checkpoint();
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
                // SQLite would do this by itself, and keep its errors to itself.
                if (_failure is null)
                    TryCheckpoint(pagesMax: long.MaxValue);
            }
            finally
            {
                _database.Dispose();
            }
        }

        if (_failure is { } failure && !_isTold)
        {
            throw new TallystickException(
                $"The store was closed after a failure that no commit was told of: {failure.Message} Everything acknowledged is stored, part of it in the write-ahead log ({_database.Path}-wal): keep that with the file.", failure);
        }
    }

    private ValueTask<CommitResult> WriteAlone(PreparedCommit prepared)
    {
        var commit = new PendingCommit(prepared, _options.Time.GetTimestamp());
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
        var failure = IndexWhatIsErased(commits) ?? Begin();
        if (failure is null)
        {
            failure = TryWrite(commits);
            // One commit that SQLite can't take must not fail the others: each gets a transaction of its own.
            if (failure is not null && commits.Count > 1 && _failure is null)
            {
                foreach (var commit in commits)
                    WriteTogether([commit]);
                return;
            }
        }

        if (failure is null)
            EraseTraces(commits);
        foreach (var commit in commits)
        {
            commit.Failure = failure;
            commit.Complete();
        }

        _isTold |= failure is not null && _failure is not null;
        if (failure is null)
            Checkpoint();
    }

    /// <summary>Begins a transaction. What it gives is why that can't be, for whatever commit.</summary>
    private Exception? Begin()
    {
        if (_failure is { } stopped)
            return Stopped(stopped);
        if (_tail.Count >= (long)_options.TailEventsMax * TailOverrunMax && TryFlush() is { } full)
            return full;
        try
        {
            _database.Statement("BEGIN IMMEDIATE").Run();
            return null;
        }
        catch (SqliteStoreException error)
        {
            RollBack(error);
            return error;
        }
    }

    /// <summary>Writes commits into the transaction and ends it. What it gives is why it failed, and then nothing is stored.</summary>
    private Exception? TryWrite(List<PendingCommit> commits)
    {
        var batch = new CommitBatch(_tail.LastSeq);
        _bound.See(commits);
        var begun = _options.Time.GetTimestamp();
        try
        {
            var now = _options.Time.GetUtcNow().UtcTicks;
            foreach (var commit in commits)
                commit.Outcome = _writer.Write(commit.Prepared, batch, now);
        }
        catch (Exception error)
        {
            RollBack(error);
            return error;
        }

        var written = _options.Time.GetTimestamp();
        Exception? failure;
        using (_publication.Begin())
            failure = TryEnd(batch);
        _bound.Learn(commits.Count, begun, written);
        return failure;
    }

    private Exception? TryEnd(CommitBatch batch)
    {
        try
        {
            _database.Statement("COMMIT").Run();
        }
        catch (Exception error)
        {
            // After a failed sync nobody knows what the kernel has kept (see "Can applications recover from fsync failures?", Rebello et al.
            // 2020). Only reading the file anew tells, so such an error stops the store.
            RollBack(error);
            return error is SqliteStoreException { IsFatal: true } unknown ? unknown.WithUnknownOutcome() : error;
        }

        try
        {
            Publish(batch);
        }
        catch (Exception error)
        {
            // What is in the file and what is in memory may differ now: only opening the file anew makes them one again.
            StopFor(error);
            return error;
        }

        return null;
    }

    private void RollBack(Exception error)
    {
        _writer.ForgetUncommitted();
        if (error is SqliteStoreException { IsFatal: true })
            StopFor(error);
        if (_database.IsAutocommit)
            return;
        try
        {
            _database.Run("ROLLBACK");
        }
        catch (SqliteStoreException rollback)
        {
            StopFor(rollback);
        }
    }

    /// <summary>
    /// Copies the write-ahead log into the file. Not by SQLite's own automatism, which keeps errors to itself: after a sync that failed, it
    /// would sync again, hear that all is well, and throw the log away. When the tail is soon to be indexed it comes after that: one pause for
    /// those who wait instead of two.
    /// </summary>
    private void Checkpoint()
    {
        _pagesSinceCheckpoint += _database.TakePagesWritten();
        var isFlushSoon = _tail.Count >= _options.TailEventsMax / 4;
        if (_pagesSinceCheckpoint < (isFlushSoon ? 2L : 1) * _options.CheckpointPages)
            return;
        _pagesSinceCheckpoint = 0;
        TryCheckpoint((long)_options.CheckpointPages * WalOverrunMax);
    }

    private void TryCheckpoint(long pagesMax)
    {
        try
        {
            // With someone always reading, the log never begins anew by itself.
            if (_database.Checkpoint(waits: false) > pagesMax)
                _database.Checkpoint(waits: true);
        }
        catch (SqliteStoreException error)
        {
            // Without space for it the log is kept, and tried again later.
            if (error.IsFatal)
                StopFor(error);
        }
    }

    /// <summary>Takes no more commits. The write-ahead log stays as it is: opening the file anew reads from it what is stored.</summary>
    private void StopFor(Exception failure)
    {
        _failure ??= failure;
        _database.KeepWalOnClose(true);
    }

    private void Publish(CommitBatch batch)
    {
        _tail.Add(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(batch.Entries));
        _writer.Publish(batch);
        foreach (var head in batch.Erased.Values)
            _heads.Remove(head);
        foreach (var head in batch.Heads.Values)
            _heads.Publish(head);
        _publication.Published(_tail.LastSeq);
        foreach (var head in batch.Heads.Values)
            _signals.Advance(head.Id, head.Position);
        foreach (var (tenant, name, position) in batch.Checkpoints)
            _signals.Advance(tenant, name, position);
    }

    private Exception? TryFlush()
    {
        try
        {
            _flush.Run();
            return null;
        }
        catch (Exception error)
        {
            // The events are safe; their index stays in memory and is tried again after the next batch.
            if (error is not SqliteStoreException { IsFatal: false })
                StopFor(error);
            return error;
        }
    }

    private TallystickException Stopped(Exception failure)
    {
        _isTold = true;
        return new TallystickException(
            $"The store takes no more commits since this happened: {failure.Message} What was acknowledged before is stored. Close the store and open it again.", failure);
    }
}
