using Tallystick.Sqlite.Interop;

namespace Tallystick.Sqlite.Writing;

/// <summary>
/// Closes the gap between two moments: when a transaction is in the file, where its documents, checkpoints and keys are seen at once, and when
/// its events are seen, whose index and heads are in memory. A read that has seen a transaction of which that is still to come waits for it, some
/// microseconds. So whoever has seen any part of a commit sees all of it in every read that follows.
/// </summary>
internal sealed class Publication(long lastSeq)
{
    private readonly Lock _ending = new();
    private volatile bool _isEnding;
    private long _publishedSeq = lastSeq;

    /// <summary>The writer is about to end a transaction; disposing tells that what it holds is published, or that it failed.</summary>
    public Scope Begin()
    {
        _ending.Enter();
        _isEnding = true;
        return new Scope(this);
    }

    /// <summary>The events up to a row number are now seen by all.</summary>
    public void Published(long seq) => Volatile.Write(ref _publishedSeq, seq);

    /// <summary>
    /// Called by a reader that has read. While nothing is written it costs nothing; while the writer syncs it costs a look for the last event,
    /// so that nobody waits for a sync.
    /// </summary>
    public void AwaitWhatIsSeen(SqliteDatabase reader)
    {
        if (!_isEnding || reader.Scalar("SELECT max(seq) FROM events") <= Volatile.Read(ref _publishedSeq))
            return;
        AwaitEnd();
    }

    /// <summary>Waits until the transaction that is ending now, if there is one, is seen by all.</summary>
    public void AwaitEnd()
    {
        _ending.Enter();
        _ending.Exit();
    }

    private void End()
    {
        _isEnding = false;
        _ending.Exit();
    }

    internal readonly ref struct Scope(Publication publication)
    {
        public void Dispose() => publication.End();
    }
}
