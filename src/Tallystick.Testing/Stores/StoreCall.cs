using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Testing.Stores;

/// <summary>The operations of <see cref="IStore"/>.</summary>
public enum StoreOperation
{
    /// <summary><see cref="IStore.CommitAsync"/>.</summary>
    Commit,

    /// <summary><see cref="IStore.FindCommitAsync"/>.</summary>
    FindCommit,

    /// <summary><see cref="IStore.ReadHeadAsync"/>.</summary>
    ReadHead,

    /// <summary><see cref="IStore.ReadStreamVersionAsync"/>.</summary>
    ReadStreamVersion,

    /// <summary><see cref="IStore.ReadStreamAsync"/>.</summary>
    ReadStream,

    /// <summary><see cref="IStore.ReadLogAsync"/>.</summary>
    ReadLog,

    /// <summary><see cref="IStore.FindDocumentsAsync"/>.</summary>
    FindDocuments,

    /// <summary><see cref="IStore.QueryDocumentsAsync"/>.</summary>
    QueryDocuments,

    /// <summary><see cref="IStore.ReadCheckpointAsync"/>.</summary>
    ReadCheckpoint,

    /// <summary><see cref="IStore.ReadLeasesAsync"/>.</summary>
    ReadLeases,

    /// <summary><see cref="IStore.WaitForPositionAsync"/>.</summary>
    WaitForPosition,

    /// <summary><see cref="IStore.WaitForCheckpointAsync"/>.</summary>
    WaitForCheckpoint,

    /// <summary><see cref="IStore.ReadTenantAsync"/>.</summary>
    ReadTenant,

    /// <summary><see cref="IStore.ReadCollectionsAsync"/>.</summary>
    ReadCollections,

    /// <summary><see cref="IStore.ReadCheckpointsAsync"/>.</summary>
    ReadCheckpoints,

    /// <summary><see cref="IStore.ReadRememberedAsync"/>.</summary>
    ReadRemembered,

    /// <summary><see cref="IStore.ReadJournalAsync"/>.</summary>
    ReadJournal,
}

/// <summary>A call of a store.</summary>
/// <param name="Number">Which it is of all calls of this store, from 1.</param>
/// <param name="Operation">The operation.</param>
/// <param name="Tenant">Whose.</param>
/// <param name="Argument">
/// What it asks for: the <see cref="Storage.Commit"/>, <see cref="StreamRead"/>, <see cref="LogRead"/>, <see cref="DocumentQuery"/> or <see cref="LeaseRead"/>, the
/// stream, collection, checkpoint or key; for a wait, the position.
/// </param>
public sealed record StoreCall(int Number, StoreOperation Operation, TenantId Tenant, object? Argument)
{
    /// <summary>The commit to make; null for other operations.</summary>
    public Commit? Commit => Argument as Commit;

    /// <summary>Whether it only waits for a signal.</summary>
    public bool IsWait => Operation is StoreOperation.WaitForPosition or StoreOperation.WaitForCheckpoint;

    /// <summary>The call as text, for messages.</summary>
    public override string ToString() => $"{Operation} of {(Tenant.IsDefault ? "no tenant" : Tenant.Value)} (call {Number})";
}
