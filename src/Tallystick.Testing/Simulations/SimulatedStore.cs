using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Testing.Simulations;

/// <summary>
/// A process's connection to the simulated database. Every call is a message there and one back: either may be late or get lost, and the database
/// may be busy or gone. What it answers is checked against the model before it leaves.
/// </summary>
internal sealed class SimulatedStore(SimulationCore core, SimulatedServer server, SimulatedNode node, TimeProvider time) : IStore
{
    private readonly string _requests = "request/" + node.Name;
    private readonly string _answers = "answer/" + node.Name;
    private readonly string _late = "late/" + node.Name;
    private readonly string _delays = "delay/" + node.Name;

    public StoreLimits Limits => server.Limits;

    /// <summary>A database that lives in the only process is that process's own.</summary>
    public bool IsShared => core.Nodes.Count > 1;

    public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        await SendAsync("commit", cancellationToken);
        if (IsShared && core.Choices.Deviate(_late, core.Rates.Late, 3) is > 0 and var late)
        {
            var memory = server.Memory;
            core.Trace.Add(node.Name, "commit: the connection is lost while it is on its way");
            var due = core.Scheduler.Now + TimeSpan.FromMilliseconds(late switch { 1 => 30, 2 => 600, _ => 3000 });
            core.Scheduler.At(due, core.World, _ => server.Arrive(commit, node.Deployment, memory), null);
            throw Lost("commit");
        }

        var result = await server.SubmitAsync(commit, node.Deployment);
        await AnswerAsync("commit", CancellationToken.None);
        return result;
    }

    public ValueTask<RememberedCommit?> FindCommitAsync(TenantId tenant, string idempotencyKey, CancellationToken cancellationToken) => ReadAsync(
        "find-commit", memory => memory.FindCommitAsync(tenant, idempotencyKey, cancellationToken),
        found => (found is not null) == server.Model(tenant).HasKey(idempotencyKey)
            ? null : $"key '{idempotencyKey}' is {(found is null ? "not found, but was used" : "found, but was never used")}",
        cancellationToken);

    public ValueTask<LogHead> ReadHeadAsync(TenantId tenant, CancellationToken cancellationToken) => ReadAsync(
        "read-head", memory => memory.ReadHeadAsync(tenant, cancellationToken),
        head => head.Position.Value == server.Model(tenant).Head ? null : $"the head of {tenant} is given as {head.Position}, but it is {server.Model(tenant).Head}",
        cancellationToken);

    public ValueTask<StreamVersion> ReadStreamVersionAsync(TenantId tenant, StreamId stream, CancellationToken cancellationToken) => ReadAsync(
        "read-version", memory => memory.ReadStreamVersionAsync(tenant, stream, cancellationToken),
        version => version.Value == server.Model(tenant).VersionOf(stream) ? null : $"stream {stream} of {tenant} is given as version {version}, but it is {server.Model(tenant).VersionOf(stream)}",
        cancellationToken);

    public ValueTask<ImmutableArray<RecordedEvent>> ReadStreamAsync(TenantId tenant, StreamRead read, CancellationToken cancellationToken) => ReadAsync(
        "read-stream", memory => memory.ReadStreamAsync(tenant, read, cancellationToken), page => server.Model(tenant).Check(read, page), cancellationToken);

    public ValueTask<EventPage> ReadLogAsync(TenantId tenant, LogRead read, CancellationToken cancellationToken) => ReadAsync(
        "read-log", memory => memory.ReadLogAsync(tenant, read, cancellationToken), page => server.Model(tenant).Check(read, page), cancellationToken);

    public ValueTask<DocumentLookup> FindDocumentsAsync(
        TenantId tenant, string collection, int? generation, ImmutableArray<string> keys, CancellationToken cancellationToken) => ReadAsync(
        "find-documents", memory => memory.FindDocumentsAsync(tenant, collection, generation, keys, cancellationToken), null, cancellationToken);

    public ValueTask<DocumentPage> QueryDocumentsAsync(TenantId tenant, DocumentQuery query, CancellationToken cancellationToken) => ReadAsync(
        "query-documents", memory => memory.QueryDocumentsAsync(tenant, query, cancellationToken), null, cancellationToken);

    public ValueTask<LogPosition?> ReadCheckpointAsync(TenantId tenant, string name, CancellationToken cancellationToken) => ReadAsync(
        "read-checkpoint", memory => memory.ReadCheckpointAsync(tenant, name, cancellationToken), null, cancellationToken);

    public ValueTask<ImmutableArray<LeaseState>> ReadLeasesAsync(TenantId tenant, LeaseRead read, CancellationToken cancellationToken) => ReadAsync(
        "read-leases", memory => memory.ReadLeasesAsync(tenant, read, cancellationToken),
        leases => server.Model(tenant).Leases.Check(read, leases, core.Scheduler.Now) is { } wrong ? $"{wrong} (tenant {tenant})" : null, cancellationToken);

    public ValueTask WaitForPositionAsync(TenantId tenant, LogPosition position, CancellationToken cancellationToken) =>
        WaitAsync(memory => memory.WaitForPositionAsync(tenant, position, cancellationToken), cancellationToken);

    public ValueTask WaitForCheckpointAsync(TenantId tenant, string name, LogPosition position, CancellationToken cancellationToken) =>
        WaitAsync(memory => memory.WaitForCheckpointAsync(tenant, name, position, cancellationToken), cancellationToken);

    public ValueTask<TenantStorage> ReadTenantAsync(TenantId tenant, CancellationToken cancellationToken) => ReadAsync(
        "read-tenant", memory => memory.ReadTenantAsync(tenant, cancellationToken), null, cancellationToken);

    public ValueTask<ImmutableArray<StoredCollection>> ReadCollectionsAsync(TenantId tenant, CollectionId? after, int count, CancellationToken cancellationToken) => ReadAsync(
        "read-collections", memory => memory.ReadCollectionsAsync(tenant, after, count, cancellationToken), null, cancellationToken);

    public ValueTask<ImmutableArray<StoredCheckpoint>> ReadCheckpointsAsync(TenantId tenant, string? after, int count, CancellationToken cancellationToken) => ReadAsync(
        "read-checkpoints", memory => memory.ReadCheckpointsAsync(tenant, after, count, cancellationToken), null, cancellationToken);

    public ValueTask<ImmutableArray<RememberedCommit>> ReadRememberedAsync(TenantId tenant, string? after, int count, CancellationToken cancellationToken) => ReadAsync(
        "read-remembered", memory => memory.ReadRememberedAsync(tenant, after, count, cancellationToken), null, cancellationToken);

    public ValueTask<ImmutableArray<JournalEntry>> ReadJournalAsync(TenantId tenant, long after, int count, CancellationToken cancellationToken) => ReadAsync(
        "read-journal", memory => memory.ReadJournalAsync(tenant, after, count, cancellationToken), null, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async ValueTask<T> ReadAsync<T>(
        string operation, Func<InMemoryStore, ValueTask<T>> read, Func<T, string?>? check, CancellationToken cancellationToken)
    {
        await SendAsync(operation, cancellationToken);
        var result = await read(server.Memory);
        if (check?.Invoke(result) is { } wrong)
            core.Fail($"The store gave {node.Name} a wrong answer: {wrong}.");
        await AnswerAsync(operation, cancellationToken);
        return result;
    }

    private async ValueTask WaitAsync(Func<InMemoryStore, ValueTask> wait, CancellationToken cancellationToken)
    {
        await SendAsync("wait", cancellationToken);
        try
        {
            await wait(server.Memory);
        }
        catch (ObjectDisposedException)
        {
            throw Lost("wait");
        }

        await AnswerAsync("wait", cancellationToken);
    }

    /// <summary>The way there: it takes a moment, and what was asked may get lost or be refused, with nothing done.</summary>
    private async ValueTask SendAsync(string operation, CancellationToken cancellationToken)
    {
        await PassAsync(cancellationToken);
        if (core.Choices.Chance(_requests, core.Rates.Busy))
        {
            core.Trace.Add(node.Name, $"{operation}: the store is busy");
            throw new TallystickException("The store is busy.", isTransient: true);
        }

        if (!server.IsUp || node.IsCut)
            throw Lost(operation);
    }

    /// <summary>The way back: what was asked is done, but whoever asked may never hear of it.</summary>
    private async ValueTask AnswerAsync(string operation, CancellationToken cancellationToken)
    {
        await PassAsync(cancellationToken);
        if (!core.Choices.Chance(_answers, core.Rates.LostAnswer) && !node.IsCut)
            return;
        core.Trace.Add(node.Name, $"{operation}: the answer is lost");
        throw Lost(operation);
    }

    private async ValueTask PassAsync(CancellationToken cancellationToken)
    {
        var delay = core.Choices.Deviate(_delays, core.Rates.Slow, 3);
        if (delay == 0)
            await Task.Yield();
        else
            await Task.Delay(TimeSpan.FromMilliseconds(delay switch { 1 => 2, 2 => 60, _ => 1500 }), time, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static TallystickException Lost(string operation) =>
        new($"The connection to the store was lost ({operation}).", isTransient: true);
}
