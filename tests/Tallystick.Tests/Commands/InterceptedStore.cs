using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Tests.Commands;

/// <summary>A store that tells a test what is asked of it, and lets it do something just before.</summary>
public sealed class InterceptedStore(IStore inner) : IStore
{
    public List<Commit> Commits { get; } = [];

    public List<StreamRead> StreamReads { get; } = [];

    public int DocumentReads { get; private set; }

    /// <summary>Runs before each commit, with the number of commits so far.</summary>
    public Func<int, ValueTask>? BeforeCommit { get; set; }

    /// <summary>Runs once, after the next lookup of an idempotency key.</summary>
    public Func<ValueTask>? AfterFindCommit { get; set; }

    /// <summary>Runs once, after the next read of a stream's version.</summary>
    public Func<ValueTask>? AfterReadVersion { get; set; }

    /// <summary>Whether commits complete later than the call.</summary>
    public bool Yields { get; set; }

    public StoreLimits Limits => inner.Limits;

    public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        int number;
        lock (Commits)
        {
            number = Commits.Count;
            Commits.Add(commit);
        }

        if (BeforeCommit is { } before)
            await before(number);
        if (Yields)
            await Task.Yield();
        return await inner.CommitAsync(commit, cancellationToken);
    }

    public async ValueTask<RememberedCommit?> FindCommitAsync(TenantId tenant, string idempotencyKey, CancellationToken cancellationToken)
    {
        var found = await inner.FindCommitAsync(tenant, idempotencyKey, cancellationToken);
        if (AfterFindCommit is { } after)
        {
            AfterFindCommit = null;
            await after();
        }

        return found;
    }

    public ValueTask<LogHead> ReadHeadAsync(TenantId tenant, CancellationToken cancellationToken) => inner.ReadHeadAsync(tenant, cancellationToken);

    public async ValueTask<StreamVersion> ReadStreamVersionAsync(TenantId tenant, StreamId stream, CancellationToken cancellationToken)
    {
        var version = await inner.ReadStreamVersionAsync(tenant, stream, cancellationToken);
        if (AfterReadVersion is { } after)
        {
            AfterReadVersion = null;
            await after();
        }

        return version;
    }

    public ValueTask<ImmutableArray<RecordedEvent>> ReadStreamAsync(TenantId tenant, StreamRead read, CancellationToken cancellationToken)
    {
        lock (StreamReads)
            StreamReads.Add(read);
        return inner.ReadStreamAsync(tenant, read, cancellationToken);
    }

    public ValueTask<EventPage> ReadLogAsync(TenantId tenant, LogRead read, CancellationToken cancellationToken) =>
        inner.ReadLogAsync(tenant, read, cancellationToken);

    public ValueTask<DocumentLookup> FindDocumentsAsync(
        TenantId tenant, string collection, int? generation, ImmutableArray<string> keys, CancellationToken cancellationToken)
    {
        DocumentReads++;
        return inner.FindDocumentsAsync(tenant, collection, generation, keys, cancellationToken);
    }

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
