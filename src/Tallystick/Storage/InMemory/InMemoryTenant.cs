using System.Collections.Immutable;
using Tallystick.Events;

namespace Tallystick.Storage.InMemory;

/// <summary>
/// All that the in-memory store has of one tenant. A commit first asks everything that it demands and changes nothing; once nothing
/// objects, nothing can fail any more, so it needs no way back.
/// </summary>
internal sealed partial class InMemoryTenant
{
    private readonly SortedDictionary<string, RememberedCommit> _remembered = new(KeyOrder.Instance);
    private readonly SortedDictionary<string, LogPosition> _checkpoints = new(KeyOrder.Instance);

    /// <summary>The tenant's events.</summary>
    public InMemoryLog Log { get; } = new();

    /// <summary>The tenant's documents.</summary>
    public InMemoryDocuments Documents { get; } = new();

    /// <summary>The tenant's leases.</summary>
    public InMemoryLeases Leases { get; } = new();

    /// <summary>The first commit with a key, or null.</summary>
    public RememberedCommit? FindCommit(string key) => _remembered.GetValueOrDefault(key);

    /// <summary>A saved position, or null.</summary>
    public LogPosition? FindCheckpoint(string name) => _checkpoints.TryGetValue(name, out var position) ? position : null;

    /// <summary>Does all of a commit, or refuses it.</summary>
    /// <param name="prepared">The commit, checked and hashed.</param>
    /// <param name="platform">The platform's leases, which a commit of any tenant may depend on.</param>
    /// <param name="now">The clock's time, in UTC.</param>
    /// <param name="limits">How many rows may be removed.</param>
    public CommitResult Commit(PreparedCommit prepared, InMemoryLeases platform, DateTimeOffset now, StoreLimits limits)
    {
        var commit = prepared.Commit;
        if (commit.Life is TenantChange.Erase)
            return !IsErasing && commit.FencedBy(_fence) is { } fenced ? new CommitResult.Refused(fenced) : Erase(limits.ErasedRowsPerCommitMax);
        if (IsErasing)
            return new CommitResult.Refused(new Refusal.Erasing());
        if (commit.Key is { } key && _remembered.TryGetValue(key.Value, out var first))
            return key.IsSameChange(first.Key) ? first.Result : new CommitResult.Refused(new Refusal.KeyReused(key.Value));
        if (Objection(commit, platform, now) is { } refusal)
            return new CommitResult.Refused(refusal);
        return Apply(prepared, now, limits);
    }

    /// <summary>The first demand that doesn't hold, or null.</summary>
    private Refusal? Objection(Commit commit, InMemoryLeases platform, DateTimeOffset now) =>
        commit.FencedBy(_fence) ?? AdoptedEvents.Objection(commit.Adopted, Log.Position) ?? WrongVersion(commit)
        ?? (Refusal?)QueryMatched(commit) ?? CheckpointMoved(commit) ?? LeaseObjection(commit, platform, now);

    private Refusal.WrongVersion? WrongVersion(Commit commit)
    {
        foreach (var append in commit.Appends)
        {
            var actual = Log.VersionOf(append.Stream);
            if (!append.Expected.Allows(actual))
                return new Refusal.WrongVersion(append.Stream, append.Expected, actual);
        }

        return null;
    }

    private Refusal.QueryMatched? QueryMatched(Commit commit)
    {
        foreach (var condition in commit.Conditions)
        {
            if (Log.FirstMatch(condition.Query, condition.After) is { } match)
                return new Refusal.QueryMatched(condition.Query, condition.After, match);
        }

        return null;
    }

    private Refusal.CheckpointMoved? CheckpointMoved(Commit commit)
    {
        foreach (var change in commit.Checkpoints)
        {
            var actual = FindCheckpoint(change.Name) ?? LogPosition.Start;
            if (change.Expected is { } expected && expected != actual)
                return new Refusal.CheckpointMoved(change.Name, expected, actual);
        }

        return null;
    }

    private Refusal? LeaseObjection(Commit commit, InMemoryLeases platform, DateTimeOffset now)
    {
        foreach (var fence in commit.Fences)
        {
            if ((fence.Tenant == commit.Tenant ? Leases : platform).Lost(fence) is { } lost)
                return lost;
        }

        foreach (var change in commit.Leases)
        {
            if (Leases.Objection(change, now) is { } objection)
                return objection;
        }

        return null;
    }

    private CommitResult.Committed Apply(PreparedCommit prepared, DateTimeOffset now, StoreLimits limits)
    {
        var commit = prepared.Commit;
        var before = Log.Position;
        Log.Adopt(commit.Adopted);
        Log.Append(prepared, now);
        foreach (var change in commit.Documents)
            Documents.Apply(change);
        foreach (var change in commit.Checkpoints)
        {
            if (change.Position is { } position)
                _checkpoints[change.Name] = position;
            else
                _checkpoints.Remove(change.Name);
        }

        var heads = ImmutableArray.CreateBuilder<StreamHead>(commit.Appends.Length);
        foreach (var append in commit.Appends)
            heads.Add(new StreamHead(append.Stream, Log.VersionOf(append.Stream)));
        var result = new CommitResult.Committed(
            Log.Position == before ? before : before.Next(), Log.Position, heads.MoveToImmutable()) { Leases = Change(commit, now) };
        foreach (var one in commit.Remembered)
            _remembered[one.Key.Value] = one with { Result = one.Result with { IsReplay = true } };
        if (commit.Key is { } key)
            _remembered[key.Value] = new RememberedCommit(key, result with { IsReplay = true });
        WriteJournal(commit, result);
        return ChangeLife(commit.Life, limits.ErasedRowsPerCommitMax) ? result with { HasMore = true } : result;
    }

    /// <summary>Changes the leases; gives those that were acquired.</summary>
    private ImmutableArray<Lease> Change(Commit commit, DateTimeOffset now)
    {
        if (commit.Leases.IsEmpty)
            return [];
        var acquired = ImmutableArray.CreateBuilder<Lease>();
        foreach (var change in commit.Leases)
        {
            var epoch = Leases.Apply(change, now);
            if (change is LeaseChange.Acquire acquire)
                acquired.Add(new Lease(commit.Tenant, acquire.Name, acquire.Owner, epoch));
        }

        return acquired.ToImmutable();
    }
}
