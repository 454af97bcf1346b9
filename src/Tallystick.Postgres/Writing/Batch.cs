using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Postgres.Writing;

/// <summary>The commits that share a transaction, what was read for them, and the rows that come of them.</summary>
internal sealed class Batch(IReadOnlyList<PendingCommit> commits)
{
    public IReadOnlyList<PendingCommit> Commits { get; } = commits;

    /// <summary>The tenants, in the order in which their heads are locked.</summary>
    public SortedDictionary<string, TenantWork> Tenants { get; } = new(StringComparer.Ordinal);

    /// <summary>For each commit and each of its conditions the first stored event that matches, or null.</summary>
    public LogPosition?[][] Matches { get; } = [.. commits.Select(commit => new LogPosition?[commit.Prepared.Commit.Conditions.Length])];

    public EventColumns Events { get; } = new();

    /// <summary>The documents that the commits put or delete: as stored before, and what becomes of them.</summary>
    public Dictionary<DocumentId, DocumentWork> Documents { get; } = [];

    /// <summary>The results to remember; with each whether one may be stored already under its key.</summary>
    public Dictionary<(TenantId Tenant, string Key), (RememberedCommit Commit, bool MayReplace)> NewlyRemembered { get; } = [];

    public LeaseWork Leases { get; } = new();

    /// <summary>Whether it is a step of erasing a tenant, which is alone in its batch.</summary>
    public bool IsToErase => Commits is [{ Prepared.Commit.Life: TenantChange.Erase }];

    /// <summary>What rows the one commit removes that is in it; null if it is no such commit.</summary>
    public RowRemoval? Removal { get; set; }

    /// <summary>Whether it is the last step of erasing its tenant, which the store knows nothing of any more.</summary>
    public bool ErasesTenant { get; set; }

    /// <summary>Whether any commit was accepted, so that there is something to store.</summary>
    public bool HasChanges { get; set; }

    public TenantWork TenantOf(Commit commit) => Tenants[commit.Tenant.Value];
}

/// <summary>Names a document in a batch.</summary>
internal readonly record struct DocumentId(TenantId Tenant, string Collection, int Generation, string Key);

/// <summary>A document in a batch.</summary>
internal sealed class DocumentWork
{
    /// <summary>Its index entries as stored; null if it isn't stored.</summary>
    public byte[]? StoredEntries { get; set; }

    /// <summary>The bytes of its body, with the accepted commits so far.</summary>
    public long BodyBytes { get; set; }

    /// <summary>The last change of an accepted commit; null if all were refused.</summary>
    public DocumentChange? Change { get; set; }
}
