using Tallystick.Events;
using Tallystick.Sqlite.Index;
using Tallystick.Sqlite.Reading;
using Tallystick.Storage;

namespace Tallystick.Sqlite.Writing;

/// <summary>What a commit does to the life of its tenant.</summary>
internal sealed partial class CommitWriter
{
    private readonly TenantLifeWriter _life = new(database, options.Limits);
    private readonly TenantEraser _eraser = new(database, options.Limits);

    /// <summary>Stores events of another store as they are, once all of them are found to fit.</summary>
    private TenantHead Adopt(Commit commit, TenantHead head, CommitBatch batch)
    {
        if (commit.Adopted.IsEmpty)
            return head;
        var time = new DateTimeOffset(head.TimeTicks, TimeSpan.Zero);
        // The transaction ends with a failure, so a tree that has grown in vain is dropped with the batch.
        foreach (var stream in AdoptedEvents.Demand(commit.Adopted, head.Tree, time, stream => Version(head.Number, stream, batch)))
            batch.Versions[(head.Number, stream.Stream)] = stream.Version.Value;
        var bytes = head.EventBytes;
        foreach (var e in commit.Adopted)
        {
            var entry = new TailEntry(batch.NextSeq(), head.Number, e.Position.Value, e.Stream, e.Version.Value, e.Type, e.Tags);
            _insert.Run(entry, e);
            batch.Entries.Add(entry);
            bytes += e.Payload.Length;
        }

        var last = commit.Adopted[^1];
        return batch.Heads[commit.Tenant] = head with { Position = last.Position, TimeTicks = last.Time.UtcTicks, EventBytes = bytes };
    }

    /// <summary>Writes the journal, fence and sizes; whether rows are left that were to be removed.</summary>
    private bool ChangeLife(Commit commit, CommitResult.Committed result, TenantHead before, TenantHead head, CommitBatch batch)
    {
        head = _life.Journal(head, commit, result);
        (head, var hasMore) = _life.Apply(head, commit.Life);
        if (head.DiffersInLife(before))
            _tenants.SaveLife(head);
        batch.Heads[commit.Tenant] = head;
        return hasMore;
    }

    /// <summary>Marks a tenant, or removes some of what it has.</summary>
    private CommitResult Erase(Commit commit, CommitBatch batch)
    {
        var nothing = new CommitResult.Committed(LogPosition.Start, LogPosition.Start, []);
        if (!batch.Heads.ContainsKey(commit.Tenant) && (batch.Erased.ContainsKey(commit.Tenant) || heads.Find(commit.Tenant, _tenants) is null))
            return nothing;
        var head = Head(commit.Tenant, batch);
        if (!head.IsErasing)
        {
            if (commit.FencedBy(head.Fence) is { } refusal)
                return new CommitResult.Refused(refusal);
            head = head with { IsErasing = true };
            _tenants.SaveLife(head);
            batch.Heads[commit.Tenant] = head;
            return nothing with { HasMore = true };
        }

        // What was marked in this very transaction may have events in it that no index has yet.
        if (!batch.Marked.Contains(commit.Tenant) || _eraser.Step(head.Number))
            return nothing with { HasMore = true };
        batch.Heads.Remove(commit.Tenant);
        batch.Marked.Remove(commit.Tenant);
        batch.Erased[commit.Tenant] = head;
        return nothing;
    }
}
