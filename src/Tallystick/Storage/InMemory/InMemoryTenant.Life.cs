using System.Collections.Immutable;

namespace Tallystick.Storage.InMemory;

/// <summary>A tenant's fence, journal and end.</summary>
internal sealed partial class InMemoryTenant
{
    private readonly List<(JournalEntry Entry, int Bytes)> _journal = [];
    private string? _fence;
    private long? _journalStart;
    private long _journalHead;
    private long _rowsToErase;

    /// <summary>Whether the tenant is being erased: nobody sees anything of it any more.</summary>
    public bool IsErasing { get; private set; }

    /// <summary>Whether nothing ever happened here.</summary>
    public bool IsUnknown { get; set; } = true;

    /// <summary>What there is of the tenant.</summary>
    public TenantStorage Storage => IsErasing
        ? TenantStorage.None with { IsErasing = true }
        : new TenantStorage(Log.Position, Log.PayloadBytes + Documents.BodyBytes) { Fence = _fence, JournalStart = _journalStart, JournalHead = _journalHead };

    /// <summary>A page of the checkpoints.</summary>
    public ImmutableArray<StoredCheckpoint> CheckpointsAfter(string? after, int count) =>
    [
        .. _checkpoints.Where(pair => IsAfter(pair.Key, after)).Take(count)
            .Select(pair => new StoredCheckpoint(pair.Key, pair.Value)),
    ];

    /// <summary>A page of the remembered results.</summary>
    public ImmutableArray<RememberedCommit> RememberedAfter(string? after, int count) =>
        [.. _remembered.Where(pair => IsAfter(pair.Key, after)).Take(count).Select(pair => pair.Value)];

    /// <summary>A page of the journal.</summary>
    public ImmutableArray<JournalEntry> JournalAfter(long after, int count, int bytesMax)
    {
        var page = ImmutableArray.CreateBuilder<JournalEntry>();
        var bytes = 0L;
        foreach (var (entry, length) in _journal)
        {
            if (entry.Number <= after)
                continue;
            bytes += length;
            if (page.Count == count || (page.Count > 0 && bytes > bytesMax))
                break;
            page.Add(entry);
        }

        return page.ToImmutable();
    }

    /// <summary>Marks the tenant, then takes a piece off what it has.</summary>
    private CommitResult.Committed Erase(int rowsMax)
    {
        var result = new CommitResult.Committed(Events.LogPosition.Start, Events.LogPosition.Start, []);
        if (!IsErasing)
        {
            _rowsToErase = Log.Position.Value + Documents.Count + _checkpoints.Count + _remembered.Count + _journal.Count;
            IsErasing = !IsUnknown;
            return result with { HasMore = IsErasing };
        }

        _rowsToErase -= rowsMax;
        return result with { HasMore = _rowsToErase > 0 };
    }

    /// <summary>Changes fence and journal; whether rows are left that it was to remove.</summary>
    private bool ChangeLife(TenantChange? change, int rowsMax)
    {
        switch (change)
        {
            case TenantChange.Fence fence:
                _fence = fence.Reason;
                return false;
            case TenantChange.Unfence:
                _fence = null;
                return false;
            case TenantChange.Journal journal:
                _journalStart = journal.On ? ++_journalHead : null;
                _journal.RemoveRange(0, Math.Min(rowsMax, _journal.Count));
                return _journal.Count > 0;
            default:
                return false;
        }
    }

    private void WriteJournal(Commit commit, CommitResult.Committed result)
    {
        if (_journalStart is null || JournalEntry.Of(_journalHead + 1, commit, result) is not { } entry)
            return;
        _journal.Add((entry, entry.ToBytes().Length));
        _journalHead++;
    }

    private static bool IsAfter(string key, string? after) => after is null || KeyOrder.Instance.Compare(key, after) > 0;
}
