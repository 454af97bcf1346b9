using System.Collections.Concurrent;
using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Tests.Testing.Conformance;

/// <summary>A store that hands everything on, so that one fault at a time can be built into it.</summary>
internal abstract class PassThroughStore(IStore inner) : IStore
{
    protected IStore Inner { get; } = inner;

    public virtual StoreLimits Limits => Inner.Limits;

    public bool IsShared => Inner.IsShared;

    public virtual ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => Inner.CommitAsync(commit, cancellationToken);

    public virtual ValueTask<RememberedCommit?> FindCommitAsync(TenantId tenant, string idempotencyKey, CancellationToken cancellationToken) =>
        Inner.FindCommitAsync(tenant, idempotencyKey, cancellationToken);

    public virtual ValueTask<LogHead> ReadHeadAsync(TenantId tenant, CancellationToken cancellationToken) => Inner.ReadHeadAsync(tenant, cancellationToken);

    public virtual ValueTask<StreamVersion> ReadStreamVersionAsync(TenantId tenant, StreamId stream, CancellationToken cancellationToken) =>
        Inner.ReadStreamVersionAsync(tenant, stream, cancellationToken);

    public virtual ValueTask<ImmutableArray<RecordedEvent>> ReadStreamAsync(TenantId tenant, StreamRead read, CancellationToken cancellationToken) =>
        Inner.ReadStreamAsync(tenant, read, cancellationToken);

    public virtual ValueTask<EventPage> ReadLogAsync(TenantId tenant, LogRead read, CancellationToken cancellationToken) =>
        Inner.ReadLogAsync(tenant, read, cancellationToken);

    public virtual ValueTask<DocumentLookup> FindDocumentsAsync(
        TenantId tenant, string collection, int? generation, ImmutableArray<string> keys, CancellationToken cancellationToken) =>
        Inner.FindDocumentsAsync(tenant, collection, generation, keys, cancellationToken);

    public virtual ValueTask<DocumentPage> QueryDocumentsAsync(TenantId tenant, DocumentQuery query, CancellationToken cancellationToken) =>
        Inner.QueryDocumentsAsync(tenant, query, cancellationToken);

    public virtual ValueTask<LogPosition?> ReadCheckpointAsync(TenantId tenant, string name, CancellationToken cancellationToken) =>
        Inner.ReadCheckpointAsync(tenant, name, cancellationToken);

    public virtual ValueTask<ImmutableArray<LeaseState>> ReadLeasesAsync(TenantId tenant, LeaseRead read, CancellationToken cancellationToken) =>
        Inner.ReadLeasesAsync(tenant, read, cancellationToken);

    public virtual ValueTask WaitForPositionAsync(TenantId tenant, LogPosition position, CancellationToken cancellationToken) =>
        Inner.WaitForPositionAsync(tenant, position, cancellationToken);

    public virtual ValueTask WaitForCheckpointAsync(TenantId tenant, string name, LogPosition position, CancellationToken cancellationToken) =>
        Inner.WaitForCheckpointAsync(tenant, name, position, cancellationToken);

    public virtual ValueTask<TenantStorage> ReadTenantAsync(TenantId tenant, CancellationToken cancellationToken) =>
        Inner.ReadTenantAsync(tenant, cancellationToken);

    public virtual ValueTask<ImmutableArray<StoredCollection>> ReadCollectionsAsync(TenantId tenant, CollectionId? after, int count, CancellationToken cancellationToken) =>
        Inner.ReadCollectionsAsync(tenant, after, count, cancellationToken);

    public virtual ValueTask<ImmutableArray<StoredCheckpoint>> ReadCheckpointsAsync(TenantId tenant, string? after, int count, CancellationToken cancellationToken) =>
        Inner.ReadCheckpointsAsync(tenant, after, count, cancellationToken);

    public virtual ValueTask<ImmutableArray<RememberedCommit>> ReadRememberedAsync(TenantId tenant, string? after, int count, CancellationToken cancellationToken) =>
        Inner.ReadRememberedAsync(tenant, after, count, cancellationToken);

    public virtual ValueTask<ImmutableArray<JournalEntry>> ReadJournalAsync(TenantId tenant, long after, int count, CancellationToken cancellationToken) =>
        Inner.ReadJournalAsync(tenant, after, count, cancellationToken);

    public ValueTask DisposeAsync() => CloseAsync();

    protected virtual ValueTask CloseAsync() => Inner.DisposeAsync();
}

/// <summary>Changes each commit before it is made.</summary>
internal sealed class ChangesCommits(IStore inner, Func<Commit, Commit> change) : PassThroughStore(inner)
{
    public override ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) =>
        base.CommitAsync(change(commit), cancellationToken);
}

/// <summary>Changes events as they are read.</summary>
internal sealed class ChangesEvents(IStore inner, Func<RecordedEvent, RecordedEvent> change) : PassThroughStore(inner)
{
    public override async ValueTask<ImmutableArray<RecordedEvent>> ReadStreamAsync(TenantId tenant, StreamRead read, CancellationToken cancellationToken) =>
        [.. (await base.ReadStreamAsync(tenant, read, cancellationToken)).Select(change)];

    public override async ValueTask<EventPage> ReadLogAsync(TenantId tenant, LogRead read, CancellationToken cancellationToken)
    {
        var page = await base.ReadLogAsync(tenant, read, cancellationToken);
        return page with { Events = [.. page.Events.Select(change)] };
    }
}

/// <summary>Changes documents in one step and does the rest in another: a refusal comes too late, and a reader finds half of it.</summary>
internal sealed class TearsCommits(IStore inner) : PassThroughStore(inner)
{
    public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        foreach (var change in commit.Documents)
        {
            await base.CommitAsync(Commit.For(commit.Tenant).Change(change), cancellationToken);
            await Task.Yield();
        }

        return await base.CommitAsync(commit, cancellationToken);
    }
}

/// <summary>Sorts documents by their keys as UTF-16 instead of UTF-8.</summary>
internal sealed class SortsByUtf16(IStore inner) : PassThroughStore(inner)
{
    public override async ValueTask<DocumentPage> QueryDocumentsAsync(TenantId tenant, DocumentQuery query, CancellationToken cancellationToken)
    {
        var page = await base.QueryDocumentsAsync(tenant, query, cancellationToken);
        return query.OrderBy is null && !query.Descending ? page with { Items = [.. page.Items.OrderBy(item => item.Key, StringComparer.Ordinal)] } : page;
    }
}

/// <summary>Answers only those who come late enough to find their position reached; a waiter is never woken.</summary>
internal sealed class LosesSignals(IStore inner, TaskCompletionSource hung) : PassThroughStore(inner)
{
    public override async ValueTask WaitForPositionAsync(TenantId tenant, LogPosition position, CancellationToken cancellationToken)
    {
        if ((await Inner.ReadHeadAsync(tenant, cancellationToken)).Position < position)
        {
            hung.TrySetResult();
            await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
        }
    }
}

/// <summary>Wakes everyone with the first advance, whatever position they wait for.</summary>
internal sealed class WakesTooEarly(IStore inner) : PassThroughStore(inner)
{
    public override ValueTask WaitForPositionAsync(TenantId tenant, LogPosition position, CancellationToken cancellationToken) =>
        base.WaitForPositionAsync(tenant, LogPosition.Of(Math.Min(position.Value, 1)), cancellationToken);
}

/// <summary>Wakes waiters by any tenant's advance.</summary>
internal sealed class WakesOtherTenants(IStore inner) : PassThroughStore(inner)
{
    public override async ValueTask WaitForCheckpointAsync(TenantId tenant, string name, LogPosition position, CancellationToken cancellationToken)
    {
        using var first = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var own = base.WaitForCheckpointAsync(tenant, name, position, first.Token).AsTask();
        var others = base.WaitForCheckpointAsync(TenantId.Parse("globex"), name, position, first.Token).AsTask();
        await await Task.WhenAny(own, others);
        await first.CancelAsync();
    }
}

/// <summary>Looks documents up by key alone, in whatever tenant used the key last.</summary>
internal sealed class LeaksDocuments(IStore inner) : PassThroughStore(inner)
{
    private readonly ConcurrentDictionary<string, TenantId> _last = [];

    public override ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        foreach (var put in commit.Documents.OfType<DocumentChange.Put>())
            _last.TryAdd(put.Document.Key, commit.Tenant);
        return base.CommitAsync(commit, cancellationToken);
    }

    public override ValueTask<DocumentLookup> FindDocumentsAsync(
        TenantId tenant, string collection, int? generation, ImmutableArray<string> keys, CancellationToken cancellationToken) =>
        base.FindDocumentsAsync(
            !keys.IsDefaultOrEmpty && _last.TryGetValue(keys[0], out var last) ? last : tenant, collection, generation, keys, cancellationToken);
}

/// <summary>Answers a repeated key without saying that it is a replay.</summary>
internal sealed class ForgetsReplays(IStore inner) : PassThroughStore(inner)
{
    public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) =>
        await base.CommitAsync(commit, cancellationToken) is CommitResult.Committed committed ? committed with { IsReplay = false } : await base.CommitAsync(commit, cancellationToken);
}

/// <summary>Gives away the tree that it goes on with.</summary>
internal sealed class SharesItsTree(IStore inner) : PassThroughStore(inner)
{
    private readonly ConcurrentDictionary<(TenantId, long), LogHead> _heads = [];

    public override async ValueTask<LogHead> ReadHeadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var head = await base.ReadHeadAsync(tenant, cancellationToken);
        return _heads.GetOrAdd((tenant, head.Position.Value), head);
    }
}

/// <summary>Checks a stream's version first and commits afterwards, without anything that holds the two together.</summary>
internal sealed class ChecksThenActs(IStore inner) : PassThroughStore(inner)
{
    public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        if (commit is not { Appends: [var append], Conditions: [], Key: null } || append.Expected.Version is not { } expected || append.Events.Length != 1)
            return await base.CommitAsync(commit, cancellationToken);
        var actual = await Inner.ReadStreamVersionAsync(commit.Tenant, append.Stream, cancellationToken);
        if (actual != expected)
            return new CommitResult.Refused(new Refusal.WrongVersion(append.Stream, append.Expected, actual));
        await Task.Yield();
        return await base.CommitAsync(Commit.For(commit.Tenant).Append(append.Stream, ExpectedVersion.Any, append.Events), cancellationToken);
    }
}

/// <summary>Begins the epochs of a lease anew when it is released, as a row that is removed would.</summary>
internal sealed class ForgetsEpochs(IStore inner) : PassThroughStore(inner)
{
    private readonly ConcurrentDictionary<(TenantId, string), long> _before = [];

    public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        var result = await base.CommitAsync(commit, cancellationToken);
        if (result is not CommitResult.Committed committed)
            return result;
        foreach (var release in commit.Leases.OfType<LeaseChange.Release>())
            _before[(commit.Tenant, release.Name)] = release.Held.Epoch;
        return committed with { Leases = [.. committed.Leases.Select(lease => lease with { Epoch = lease.Epoch - _before.GetValueOrDefault((lease.Tenant, lease.Name)) })] };
    }
}

/// <summary>Tells limits that it doesn't check.</summary>
internal sealed class HasNoLimits(IStore inner, StoreLimits told) : PassThroughStore(inner)
{
    public override StoreLimits Limits => told;
}

/// <summary>Blocks the thread, as a driver without asynchronous calls would, and doesn't heed the token.</summary>
internal sealed class BlocksItsThread(IStore inner, TaskCompletionSource hung, ManualResetEventSlim over) : PassThroughStore(inner)
{
    public override ValueTask<LogHead> ReadHeadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        hung.TrySetResult();
        over.Wait(CancellationToken.None);
        return base.ReadHeadAsync(tenant, cancellationToken);
    }
}

/// <summary>Stays open when it is closed.</summary>
internal sealed class NeverCloses(IStore inner) : PassThroughStore(inner)
{
    protected override ValueTask CloseAsync() => ValueTask.CompletedTask;
}

/// <summary>What a database keeps while its store is closed.</summary>
internal sealed class Journal(StoreOptions options)
{
    public InMemoryStore Store { get; private set; } = new(options);

    public List<Commit> Commits { get; } = [];

    /// <summary>Leaves what was stored before the last commit.</summary>
    public async ValueTask LoseLastAsync()
    {
        Store = new InMemoryStore(options);
        foreach (var commit in Commits.SkipLast(1))
            await Store.CommitAsync(commit, CancellationToken.None);
    }
}

/// <summary>A store over what outlives it.</summary>
internal sealed class KeepsJournal(Journal journal) : PassThroughStore(journal.Store)
{
    public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        var result = await base.CommitAsync(commit, cancellationToken);
        if (result is CommitResult.Committed { IsReplay: false })
            journal.Commits.Add(commit);
        return result;
    }

    protected override ValueTask CloseAsync() => ValueTask.CompletedTask;
}

/// <summary>Commits without a part.</summary>
internal static class Commits
{
    public static Commit WithoutExpectedVersions(Commit commit) => Rebuild(commit, expected: _ => ExpectedVersion.Any);

    public static Commit WithoutFences(Commit commit) => Rebuild(commit, keepFences: false);

    public static Commit WithoutExpectedCheckpoints(Commit commit) => Rebuild(commit, keepCheckpoints: false);

    public static Commit Rebuild(
        Commit commit, Func<StreamAppend, ExpectedVersion>? expected = null, bool keepConditions = true, bool keepCheckpoints = true, bool keepKey = true,
        bool keepFences = true)
    {
        var rebuilt = Commit.For(commit.Tenant).From(commit.Metadata).Change([.. commit.Documents]);
        foreach (var append in commit.Appends)
            rebuilt = rebuilt.Append(append.Stream, expected?.Invoke(append) ?? append.Expected, append.Events);
        foreach (var condition in keepConditions ? commit.Conditions : [])
            rebuilt = rebuilt.Require(condition.Query, condition.After);
        foreach (var change in commit.Checkpoints)
        {
            var believed = keepCheckpoints ? change.Expected : null;
            rebuilt = change.Position is { } position ? rebuilt.Save(change.Name, position, believed) : rebuilt.Forget(change.Name, believed);
        }

        foreach (var fence in keepFences ? commit.Fences : [])
            rebuilt = rebuilt.Under(fence);
        foreach (var change in commit.Leases)
        {
            rebuilt = change switch
            {
                LeaseChange.Acquire acquire => rebuilt.Acquire(acquire.Name, acquire.Owner, acquire.Duration),
                LeaseChange.Renew renew => rebuilt.Renew(renew.Held, renew.Duration),
                _ => rebuilt.Release(((LeaseChange.Release)change).Held),
            };
        }

        return keepKey && commit.Key is { } key ? rebuilt.Once(key) : rebuilt;
    }
}
