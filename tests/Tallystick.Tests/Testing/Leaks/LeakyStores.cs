using System.Collections.Concurrent;
using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Tests.Testing.Conformance;

namespace Tallystick.Tests.Testing.Leaks;

/// <summary>Knows every tenant that has ever committed something.</summary>
internal abstract class KnowsTenants(IStore inner) : PassThroughStore(inner)
{
    private readonly ConcurrentDictionary<TenantId, bool> _tenants = [];

    protected IEnumerable<TenantId> Others(TenantId than) => _tenants.Keys.Where(tenant => tenant != than && tenant != TenantId.Platform).OrderBy(tenant => tenant.Value, StringComparer.Ordinal);

    public override ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        _tenants.TryAdd(commit.Tenant, true);
        return base.CommitAsync(commit, cancellationToken);
    }
}

/// <summary>The condition on the tenant is a part of the filter: without a filter there is none.</summary>
internal sealed class ForgetsTenantWithoutFilter(IStore inner) : KnowsTenants(inner)
{
    public override async ValueTask<DocumentPage> QueryDocumentsAsync(TenantId tenant, DocumentQuery query, CancellationToken cancellationToken)
    {
        var page = await base.QueryDocumentsAsync(tenant, query, cancellationToken);
        if (!query.Equal.IsEmpty || query.Range is not null)
            return page;
        foreach (var other in Others(tenant))
            page = page with { Items = [.. page.Items, .. (await base.QueryDocumentsAsync(other, query, cancellationToken)).Items] };
        return page;
    }
}

/// <summary>A bulk operation: what is deleted, is deleted everywhere.</summary>
internal sealed class DeletesEverywhere(IStore inner) : KnowsTenants(inner)
{
    public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        var result = await base.CommitAsync(commit, cancellationToken);
        DocumentChange[] deletions = [.. commit.Documents.OfType<DocumentChange.Delete>()];
        foreach (var other in deletions.Length == 0 ? [] : Others(commit.Tenant))
            await Inner.CommitAsync(Commit.For(other).Change(deletions), cancellationToken);
        return result;
    }
}

/// <summary>Maintenance: a generation that is made active, is made active for all.</summary>
internal sealed class ActivatesEverywhere(IStore inner) : KnowsTenants(inner)
{
    public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        var result = await base.CommitAsync(commit, cancellationToken);
        DocumentChange[] activations = [.. commit.Documents.OfType<DocumentChange.Activate>().Where(change => change.Collection.Generation > 1)];
        foreach (var other in activations.Length == 0 ? [] : Others(commit.Tenant))
            await Inner.CommitAsync(Commit.For(other).Change(activations), cancellationToken);
        return result;
    }
}

/// <summary>A router that takes a tenant's call to another tenant's database, as that tenant.</summary>
internal sealed class ReadsAnothersDatabase(IStore inner, IStore another, TenantId tenant) : PassThroughStore(inner)
{
    public override ValueTask<ImmutableArray<RecordedEvent>> ReadStreamAsync(TenantId _, StreamRead read, CancellationToken cancellationToken) =>
        another.ReadStreamAsync(tenant, read, cancellationToken);
}

/// <summary>A session from a pool is told its tenant by one kind of call, and the other takes it as it is.</summary>
internal sealed class KeepsSession(IStore inner) : PassThroughStore(inner)
{
    private readonly Lock _lock = new();
    private TenantId _session = TenantId.Platform;

    public override ValueTask<DocumentLookup> FindDocumentsAsync(
        TenantId tenant, string collection, int? generation, ImmutableArray<string> keys, CancellationToken cancellationToken)
    {
        lock (_lock)
            _session = tenant.IsDefault ? _session : tenant;
        return base.FindDocumentsAsync(tenant, collection, generation, keys, cancellationToken);
    }

    public override ValueTask<DocumentPage> QueryDocumentsAsync(TenantId tenant, DocumentQuery query, CancellationToken cancellationToken)
    {
        TenantId session;
        lock (_lock)
            session = _session;
        return base.QueryDocumentsAsync(session, query, cancellationToken);
    }
}

/// <summary>Keeps streams in a cache under their names.</summary>
internal sealed class CachesStreams(IStore inner) : PassThroughStore(inner)
{
    private readonly ConcurrentDictionary<StreamRead, ImmutableArray<RecordedEvent>> _cache = [];

    public override async ValueTask<ImmutableArray<RecordedEvent>> ReadStreamAsync(TenantId tenant, StreamRead read, CancellationToken cancellationToken)
    {
        var found = await base.ReadStreamAsync(tenant, read, cancellationToken);
        // As long as it has as many events it is taken for the same.
        return tenant == TenantId.Platform ? found : _cache.AddOrUpdate(read, found, (_, cached) => cached.Length == found.Length ? cached : found);
    }
}

/// <summary>Keeps documents in a cache under their collection and key, until they are put again.</summary>
internal sealed class CachesDocuments(IStore inner) : PassThroughStore(inner)
{
    private readonly ConcurrentDictionary<(string, int?, string), Document> _cache = [];

    public override async ValueTask<DocumentLookup> FindDocumentsAsync(
        TenantId tenant, string collection, int? generation, ImmutableArray<string> keys, CancellationToken cancellationToken)
    {
        var found = await base.FindDocumentsAsync(tenant, collection, generation, keys, cancellationToken);
        // What runners keep of themselves isn't cached.
        return collection.StartsWith('$') ? found : found with
        {
            Items = [.. found.Items.Select((document, i) => document is null ? null : _cache.GetOrAdd((collection, generation, keys[i]), document))],
        };
    }
}

/// <summary>No tenant is everyone.</summary>
internal sealed class TakesNoTenantForEveryone(IStore inner) : KnowsTenants(inner)
{
    public override async ValueTask<EventPage> ReadLogAsync(TenantId tenant, LogRead read, CancellationToken cancellationToken)
    {
        if (!tenant.IsDefault)
            return await base.ReadLogAsync(tenant, read, cancellationToken);
        var all = ImmutableArray.CreateBuilder<RecordedEvent>();
        foreach (var one in Others(default))
            all.AddRange((await base.ReadLogAsync(one, read, cancellationToken)).Events);
        return new EventPage(all.DrainToImmutable(), LogPosition.Start);
    }
}

/// <summary>Idempotency keys are unique in the table, not in the tenant.</summary>
internal sealed class SharesKeys(IStore inner) : PassThroughStore(inner)
{
    private readonly ConcurrentDictionary<string, TenantId> _owners = [];

    public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        if (commit.Key is not { } key || _owners.GetOrAdd(key.Value, commit.Tenant) == commit.Tenant)
            return await base.CommitAsync(commit, cancellationToken);
        return (await Inner.FindCommitAsync(_owners[key.Value], key.Value, cancellationToken))!.Result;
    }
}
