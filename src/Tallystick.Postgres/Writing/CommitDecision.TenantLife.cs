using System.Collections.Immutable;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Storage;

namespace Tallystick.Postgres.Writing;

// What a commit does to its tenant's leases and to the tenant's life.
internal sealed partial class CommitDecision
{
    /// <summary>Takes over events of another store as they are.</summary>
    /// <exception cref="ArgumentException">One doesn't fit; nothing has changed.</exception>
    private void Adopt(Commit commit, TenantWork tenant)
    {
        if (commit.Adopted.IsEmpty)
            return;
        var tree = tenant.Tree.Clone();
        var time = new DateTimeOffset(tenant.TimeTicks, TimeSpan.Zero);
        foreach (var head in AdoptedEvents.Demand(commit.Adopted, tree, time, stream => StreamVersion.Of(tenant.Versions[stream])))
            tenant.Versions[head.Stream] = head.Version.Value;
        foreach (var e in commit.Adopted)
        {
            var hashes = new byte[Hash256.ByteLength + e.TreeNodes.Length];
            e.PayloadHash.CopyTo(hashes);
            e.TreeNodes.CopyTo(hashes.AsMemory(Hash256.ByteLength));
            batch.Events.Add(
                tenant.Id, e.Position, e.Version, e.Time.UtcTicks, e.Stream.ToString(),
                new EventFields(e.Id, e.Type, e.SchemaVersion, e.Tags, e.Metadata, e.Salt, hashes, e.Payload));
            tenant.Bytes += e.Payload.Length;
            tenant.Events.Add((e.Type, e.Tags, e.Position));
        }

        (tenant.Tree, tenant.Position, tenant.TimeTicks) = (tree, commit.Adopted[^1].Position, commit.Adopted[^1].Time.UtcTicks);
    }

    private ImmutableArray<Lease> ChangeLeases(Commit commit)
    {
        if (commit.Leases.IsEmpty)
            return [];
        var acquired = ImmutableArray.CreateBuilder<Lease>();
        foreach (var change in commit.Leases)
        {
            var epoch = batch.Leases.Apply(commit.Tenant, change);
            if (change is LeaseChange.Acquire acquire)
                acquired.Add(new Lease(commit.Tenant, acquire.Name, acquire.Owner, epoch));
        }

        return acquired.ToImmutable();
    }

    /// <summary>Writes the journal, and changes fence and journal.</summary>
    private void ChangeLife(TenantWork tenant, Commit commit, CommitResult.Committed result)
    {
        if (tenant.Life.JournalStart is not null && JournalEntry.Of(tenant.Life.JournalHead + 1, commit, result) is { } entry)
        {
            tenant.Journal.Add((entry.Number, entry.ToBytes()));
            tenant.Life = tenant.Life with { JournalHead = entry.Number };
        }

        switch (commit.Life)
        {
            case TenantChange.Fence fence:
                tenant.Life = tenant.Life with { Fence = fence.Reason };
                break;
            case TenantChange.Unfence:
                tenant.Life = tenant.Life with { Fence = null };
                break;
            case TenantChange.Journal { On: true }:
                tenant.Life = tenant.Life with { JournalStart = tenant.Life.JournalHead + 1, JournalHead = tenant.Life.JournalHead + 1 };
                batch.Removal = new RowRemoval(tenant.Id, journalAlone: true);
                break;
            case TenantChange.Journal:
                tenant.Life = tenant.Life with { JournalStart = null };
                batch.Removal = new RowRemoval(tenant.Id, journalAlone: true);
                break;
        }
    }

    /// <summary>Marks a tenant, or has some of what it has removed.</summary>
    private CommitResult Erase(Commit commit, TenantWork tenant)
    {
        if (tenant.Life.IsErasing)
            batch.Removal = new RowRemoval(tenant.Id, journalAlone: false);
        else if (commit.FencedBy(tenant.Life.Fence) is { } refusal)
            return new CommitResult.Refused(refusal);
        batch.HasChanges = true;
        tenant.Life = tenant.Life with { IsErasing = true };
        return new CommitResult.Committed(LogPosition.Start, LogPosition.Start, []) { HasMore = true };
    }
}
