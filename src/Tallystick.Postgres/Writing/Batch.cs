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

    /// <summary>The results to remember, in the order of the commits.</summary>
    public List<(TenantId Tenant, RememberedCommit Commit)> NewlyRemembered { get; } = [];

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

    /// <summary>The last change of an accepted commit; null if all were refused.</summary>
    public DocumentChange? Change { get; set; }
}
