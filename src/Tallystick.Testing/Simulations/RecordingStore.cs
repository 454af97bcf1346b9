using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Testing.Simulations;

/// <summary>A store that tells of each commit that took effect.</summary>
internal sealed class RecordingStore(IStore inner, Action<Commit> committed) : IStore
{
    public StoreLimits Limits => inner.Limits;

    /// <summary>Stores an event once more, with the same id and position, in a store that has all those before it.</summary>
    public static void Copy(RecordedEvent e, TenantId tenant, InMemoryStore target)
    {
        var commit = Commit.For(tenant)
            .Append(e.Stream, ExpectedVersion.Exactly(StreamVersion.Of(e.Version.Value - 1)), new NewEvent(e.Id, e.Type, e.SchemaVersion, e.Payload, e.Tags))
            .From(e.Metadata);
        target.CommitAsync(commit, CancellationToken.None).AtOnce().Demand();
    }

    public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        var result = await inner.CommitAsync(commit, cancellationToken);
        if (result is CommitResult.Committed { IsReplay: false })
            committed(commit);
        return result;
    }

    public ValueTask<RememberedCommit?> FindCommitAsync(TenantId tenant, string idempotencyKey, CancellationToken cancellationToken) =>
        inner.FindCommitAsync(tenant, idempotencyKey, cancellationToken);

    public ValueTask<LogHead> ReadHeadAsync(TenantId tenant, CancellationToken cancellationToken) => inner.ReadHeadAsync(tenant, cancellationToken);

    public ValueTask<StreamVersion> ReadStreamVersionAsync(TenantId tenant, StreamId stream, CancellationToken cancellationToken) =>
        inner.ReadStreamVersionAsync(tenant, stream, cancellationToken);

    public ValueTask<ImmutableArray<RecordedEvent>> ReadStreamAsync(TenantId tenant, StreamRead read, CancellationToken cancellationToken) =>
        inner.ReadStreamAsync(tenant, read, cancellationToken);

    public ValueTask<EventPage> ReadLogAsync(TenantId tenant, LogRead read, CancellationToken cancellationToken) =>
        inner.ReadLogAsync(tenant, read, cancellationToken);

    public ValueTask<DocumentLookup> FindDocumentsAsync(
        TenantId tenant, string collection, int? generation, ImmutableArray<string> keys, CancellationToken cancellationToken) =>
        inner.FindDocumentsAsync(tenant, collection, generation, keys, cancellationToken);

    public ValueTask<DocumentPage> QueryDocumentsAsync(TenantId tenant, DocumentQuery query, CancellationToken cancellationToken) =>
        inner.QueryDocumentsAsync(tenant, query, cancellationToken);

    public ValueTask<LogPosition?> ReadCheckpointAsync(TenantId tenant, string name, CancellationToken cancellationToken) =>
        inner.ReadCheckpointAsync(tenant, name, cancellationToken);

    public ValueTask WaitForPositionAsync(TenantId tenant, LogPosition position, CancellationToken cancellationToken) =>
        inner.WaitForPositionAsync(tenant, position, cancellationToken);

    public ValueTask WaitForCheckpointAsync(TenantId tenant, string name, LogPosition position, CancellationToken cancellationToken) =>
        inner.WaitForCheckpointAsync(tenant, name, position, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
