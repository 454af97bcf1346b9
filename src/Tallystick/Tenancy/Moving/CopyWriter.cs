using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Tenancy.Moving;

/// <summary>
/// Writes a copy of a tenant behind its fence, many records to a commit. Documents keep their order; of a checkpoint the last position counts.
/// </summary>
internal sealed class CopyWriter(IStore target, TenantId tenant, string fence)
{
    /// <summary>One commit has about this many bytes, so that others who write to the same store don't wait long behind it.</summary>
    private const long CommitBytes = 4 * 1024 * 1024;

    private readonly ImmutableArray<RecordedEvent>.Builder _events = ImmutableArray.CreateBuilder<RecordedEvent>();
    private readonly List<DocumentChange> _documents = [];
    private readonly SortedDictionary<string, CheckpointChange> _checkpoints = new(StringComparer.Ordinal);
    private readonly List<RememberedCommit> _remembered = [];
    private readonly long _bytesMax = Math.Min(CommitBytes, target.Limits.CommitBytesMax);
    private long _bytes;

    /// <summary>How many documents were written or removed.</summary>
    public long Documents { get; private set; }

    public async ValueTask AddAsync(RecordedEvent e, CancellationToken cancellationToken)
    {
        await MakeRoomAsync(e.Payload.Length, _events.Count, target.Limits.EventsPerCommitMax, cancellationToken);
        _events.Add(e);
    }

    public async ValueTask AddAsync(DocumentChange change, CancellationToken cancellationToken)
    {
        var bytes = change is DocumentChange.Put put ? put.Document.Body.Length : 0;
        await MakeRoomAsync(bytes, _documents.Count, Math.Min(1000, target.Limits.DocumentChangesPerCommitMax), cancellationToken);
        _documents.Add(change);
        Documents++;
    }

    public async ValueTask AddAsync(CheckpointChange change, CancellationToken cancellationToken)
    {
        if (!_checkpoints.ContainsKey(change.Name))
            await MakeRoomAsync(0, _checkpoints.Count, target.Limits.CheckpointsPerCommitMax, cancellationToken);
        _checkpoints[change.Name] = change;
    }

    public async ValueTask AddAsync(RememberedCommit remembered, CancellationToken cancellationToken)
    {
        await MakeRoomAsync(0, _remembered.Count, Math.Min(1000, target.Limits.RememberedPerCommitMax), cancellationToken);
        _remembered.Add(remembered);
    }

    /// <summary>Writes what was added.</summary>
    /// <exception cref="TallystickException">The copy isn't this writer's any more, or the store failed.</exception>
    /// <exception cref="ArgumentException">An event isn't what its hashes say, or exceeds a limit of the target.</exception>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_events.Count + _documents.Count + _checkpoints.Count + _remembered.Count == 0)
            return;
        var commit = Commit.For(tenant).Behind(fence).Adopt(_events.ToImmutable()).Change([.. _documents]).Remember([.. _remembered]);
        foreach (var change in _checkpoints.Values)
            commit = change.Position is { } position ? commit.Save(change.Name, position) : commit.Forget(change.Name);
        (await target.CommitAsync(commit, cancellationToken)).Demand();
        _events.Clear();
        _documents.Clear();
        _checkpoints.Clear();
        _remembered.Clear();
        _bytes = 0;
    }

    private async ValueTask MakeRoomAsync(int bytes, int count, int countMax, CancellationToken cancellationToken)
    {
        if (count >= countMax || (_bytes > 0 && _bytes + bytes > _bytesMax))
            await FlushAsync(cancellationToken);
        _bytes += bytes;
    }
}
