using System.Collections.Immutable;
using System.Linq.Expressions;
using System.Text.Json;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Projections;

/// <summary>
/// The documents of one collection of a tenant's projection: by key, or by a query over its declared indexes. It reads the store alone,
/// so it works wherever the projection runs.
/// </summary>
/// <typeparam name="TDocument">The documents' type.</typeparam>
public sealed class ReadModels<TDocument>
    where TDocument : class
{
    private readonly IStore _store;
    private readonly TenantId _tenant;
    private readonly ReadModelGate _gate;

    internal ReadModels(
        IStore store, TenantId tenant, BoundProjection projection, DocumentCollection<TDocument> collection, FittingGenerations fitting, TimeProvider time)
    {
        (_store, _tenant, Collection) = (store, tenant, collection);
        _gate = new ReadModelGate(store, tenant, projection, fitting, time);
    }

    /// <summary>Whose documents they are.</summary>
    public TenantId Tenant => _tenant;

    internal DocumentCollection<TDocument> Collection { get; }

    internal int PageLengthMax => _store.Limits.PageLengthMax;

    /// <summary>A document by its key.</summary>
    /// <returns>The document, or a result without one if there is none; with the positions that it and the read model have reached.</returns>
    /// <exception cref="ReadModelBehindException">The read model isn't fresh enough before the deadline.</exception>
    /// <exception cref="TallystickException">The store failed, or the stored document doesn't fit the type.</exception>
    public async ValueTask<ReadModelDocument<TDocument>> FindAsync(
        string key, ReadFreshness freshness = default, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        var (found, reached) = await _gate.ReadAsync<Document?>(freshness, [], async token =>
        {
            var lookup = await _store.FindDocumentsAsync(_tenant, Collection.Name, null, [key], token);
            return (lookup.Items.IsEmpty ? null : lookup.Items[0], lookup.Generation);
        }, cancellationToken);
        return found is null
            ? new ReadModelDocument<TDocument>(key, null, LogPosition.Start, reached) { Tenant = _tenant }
            : await ReadAsync(found, reached, cancellationToken);
    }

    /// <summary>All documents, to be narrowed and ordered.</summary>
    public ReadModelQuery<TDocument> Query() => new(this);

    /// <inheritdoc cref="ReadModelQuery{TDocument}.Where"/>
    public ReadModelQuery<TDocument> Where<TValue>(Expression<Func<TDocument, TValue>> index, TValue value) => Query().Where(index, value);

    /// <inheritdoc cref="ReadModelQuery{TDocument}.Between"/>
    public ReadModelQuery<TDocument> Between<TValue>(Expression<Func<TDocument, TValue>> index, TValue from, TValue to) => Query().Between(index, from, to);

    /// <inheritdoc cref="ReadModelQuery{TDocument}.OrderBy"/>
    public ReadModelQuery<TDocument> OrderBy<TValue>(Expression<Func<TDocument, TValue>> index) => Query().OrderBy(index);

    /// <inheritdoc cref="ReadModelQuery{TDocument}.OrderByDescending"/>
    public ReadModelQuery<TDocument> OrderByDescending<TValue>(Expression<Func<TDocument, TValue>> index) => Query().OrderByDescending(index);

    internal async ValueTask<ReadModelPage<TDocument>> PageAsync(
        DocumentQuery query, IReadOnlyCollection<string> indexes, ReadFreshness freshness, CancellationToken cancellationToken)
    {
        var (page, reached) = await _gate.ReadAsync(freshness, indexes, async token =>
        {
            var read = await _store.QueryDocumentsAsync(_tenant, query, token);
            return (read, read.Generation);
        }, cancellationToken);
        var items = ImmutableArray.CreateBuilder<ReadModelDocument<TDocument>>(page.Items.Length);
        foreach (var document in page.Items)
            items.Add(await ReadAsync(document, reached, cancellationToken));
        var next = page.Next is null ? null : new PageToken(query.OrderBy, query.Descending, page.Next).Write();
        return new ReadModelPage<TDocument>(items.MoveToImmutable(), next, reached);
    }

    private async ValueTask<ReadModelDocument<TDocument>> ReadAsync(Document document, LogPosition reached, CancellationToken cancellationToken)
    {
        try
        {
            var value = JsonSerializer.Deserialize<TDocument>(document.Body.Span, EventSerializer.DefaultOptions);
            var (tenant, key) = _tenant == TenantId.Platform ? RowScope.Split(document.Key) : (_tenant, document.Key);
            return new ReadModelDocument<TDocument>(key, value, document.Position, reached) { Tenant = tenant };
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or ArgumentException)
        {
            throw await _gate.UnreadableAsync(document.Key, typeof(TDocument), error, cancellationToken);
        }
    }
}

/// <summary>A document of a read model.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">The document; null if there is none.</param>
/// <param name="Position">The last event that changed it.</param>
/// <param name="Reached">The position that the read model had reached at least when it was read.</param>
public sealed record ReadModelDocument<TDocument>(string Key, TDocument? Value, LogPosition Position, LogPosition Reached)
    where TDocument : class
{
    /// <summary>The tenant that it came from.</summary>
    public TenantId Tenant { get; init; }

    /// <summary>Whether there is such a document.</summary>
    public bool IsFound => Value is not null;
}

/// <summary>Some documents of a read model.</summary>
/// <param name="Items">The documents, in the order asked for.</param>
/// <param name="Next">What to pass to <see cref="ReadModelQuery{TDocument}.After"/> for the next page; null if this was the last.</param>
/// <param name="Reached">The position that the read model had reached at least when they were read.</param>
public sealed record ReadModelPage<TDocument>(ImmutableArray<ReadModelDocument<TDocument>> Items, string? Next, LogPosition Reached)
    where TDocument : class;
