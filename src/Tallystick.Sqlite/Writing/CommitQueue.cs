using Tallystick.Storage;

namespace Tallystick.Sqlite.Writing;

/// <summary>The commits that wait for the writer (<see cref="CommitLine"/>), and how its thread waits for them.</summary>
internal sealed class CommitQueue
{
    private readonly CommitLine _waiting;
    private readonly object _signal = new();
    private bool _closed;

    public CommitQueue(SqliteStoreOptions options) => _waiting = new CommitLine(options, nameof(SqliteStore), Wake);

    /// <summary>Whether nothing waits. Only a hint: the next moment it may differ.</summary>
    public bool IsEmpty => _waiting.Count == 0;

    /// <summary>Puts a commit in line and gives its result.</summary>
    /// <exception cref="TallystickException">No place became free before the deadline.</exception>
    public ValueTask<CommitResult> EnqueueAsync(PreparedCommit prepared, CancellationToken cancellationToken) =>
        _waiting.EnqueueAsync(prepared, cancellationToken);

    /// <summary>
    /// Blocks until there is work, then takes up to <paramref name="max"/> commits. False once the queue is closed and empty.
    /// </summary>
    public bool Take(List<PendingCommit> into, int max)
    {
        lock (_signal)
        {
            while (_waiting.Count == 0)
            {
                if (_closed)
                    return false;
                Monitor.Wait(_signal);
            }
        }

        _waiting.Take(into, max);
        into.RemoveAll(static commit => !commit.TryTake());
        return true;
    }

    /// <summary>Lets nothing more in. What is already in line is still written.</summary>
    public void Close()
    {
        _waiting.Close();
        lock (_signal)
        {
            _closed = true;
            Monitor.PulseAll(_signal);
        }
    }

    private void Wake()
    {
        lock (_signal)
            Monitor.Pulse(_signal);
    }
}
