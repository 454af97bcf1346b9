using System.Collections.Immutable;
using System.Linq.Expressions;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Projections;

/// <summary>
/// A query over a read model's declared indexes: immutable, each method gives a new one. An index that isn't declared is refused by an
/// error that names those that are.
/// </summary>
public sealed class ReadModelQuery<TDocument>
    where TDocument : class
{
    private readonly ReadModels<TDocument> _models;
    private readonly DocumentQuery _query;
    private readonly ImmutableSortedSet<string> _indexes;
    private readonly string? _after;

    internal ReadModelQuery(ReadModels<TDocument> models)
        : this(models, new DocumentQuery(models.Collection.Name), ImmutableSortedSet.Create<string>(StringComparer.Ordinal), null)
    {
    }

    private ReadModelQuery(ReadModels<TDocument> models, DocumentQuery query, ImmutableSortedSet<string> indexes, string? after) =>
        (_models, _query, _indexes, _after) = (models, query, indexes, after);

    /// <summary>Only documents whose value in an index equals this one. Several of them must all hold.</summary>
    /// <exception cref="ArgumentException">The index isn't declared.</exception>
    public ReadModelQuery<TDocument> Where<TValue>(Expression<Func<TDocument, TValue>> index, TValue value)
    {
        var name = _models.Collection.DeclaredIndex(index);
        return With(_query with { Equal = _query.Equal.Add(new IndexEntry(name, IndexValue.FromObject(value))) }, name);
    }

    /// <summary>Only rows that came from one tenant: for the read models of projections over all tenants.</summary>
    /// <exception cref="InvalidOperationException">The read model is a tenant's own.</exception>
    public ReadModelQuery<TDocument> OfTenant(TenantId tenant) => _models.Tenant == TenantId.Platform
        ? With(_query with { Equal = _query.Equal.Add(new IndexEntry(RowScope.TenantIndex, IndexValue.From(tenant.Value))) })
        : throw new InvalidOperationException($"Read model '{_models.Collection.Name}' is tenant '{_models.Tenant}'s own; only rows of all tenants can be narrowed to one.");

    /// <summary>Only documents whose value in an index lies in a range.</summary>
    /// <param name="index">The index.</param>
    /// <param name="from">The least value, included.</param>
    /// <param name="to">The value to stop before, excluded.</param>
    /// <exception cref="ArgumentException">The index isn't declared.</exception>
    /// <exception cref="InvalidOperationException">The query has a range already.</exception>
    public ReadModelQuery<TDocument> Between<TValue>(Expression<Func<TDocument, TValue>> index, TValue from, TValue to) =>
        Range(index, IndexValue.FromObject(from), IndexValue.FromObject(to));

    /// <summary>Only documents whose value in an index is this or a later one.</summary>
    /// <inheritdoc cref="Between"/>
    public ReadModelQuery<TDocument> From<TValue>(Expression<Func<TDocument, TValue>> index, TValue from) =>
        Range(index, IndexValue.FromObject(from), null);

    /// <summary>Only documents whose value in an index comes before this one.</summary>
    /// <inheritdoc cref="Between"/>
    public ReadModelQuery<TDocument> Before<TValue>(Expression<Func<TDocument, TValue>> index, TValue to) =>
        Range(index, null, IndexValue.FromObject(to));

    /// <summary>Orders by an index, ties by key. Without it, documents are ordered by key.</summary>
    /// <exception cref="ArgumentException">The index isn't declared.</exception>
    public ReadModelQuery<TDocument> OrderBy<TValue>(Expression<Func<TDocument, TValue>> index) => Order(index, descending: false);

    /// <summary>Orders by an index from the last to the first, ties by key from the last to the first.</summary>
    /// <exception cref="ArgumentException">The index isn't declared.</exception>
    public ReadModelQuery<TDocument> OrderByDescending<TValue>(Expression<Func<TDocument, TValue>> index) => Order(index, descending: true);

    /// <summary>Continues after a page: <see cref="ReadModelPage{TDocument}.Next"/> of the same query. Null begins at the beginning.</summary>
    public ReadModelQuery<TDocument> After(string? token) => new(_models, _query, _indexes, token);

    /// <summary>At most so many documents. Default 100.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1 or more than the store's <see cref="StoreLimits.PageLengthMax"/>.</exception>
    public ReadModelQuery<TDocument> Take(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _models.PageLengthMax);
        return With(_query with { Limit = count });
    }

    /// <summary>Reads a page.</summary>
    /// <exception cref="ArgumentException">The token of <see cref="After"/> is malformed, or of a query with another order.</exception>
    /// <exception cref="ReadModelBehindException">The read model isn't fresh enough before the deadline.</exception>
    public ValueTask<ReadModelPage<TDocument>> PageAsync(ReadFreshness freshness = default, CancellationToken cancellationToken = default)
    {
        var cursor = _after is null ? null : PageToken.Read(_after, _query.OrderBy, _query.Descending);
        return _models.PageAsync(_query with { After = cursor }, _indexes, freshness, cancellationToken);
    }

    private ReadModelQuery<TDocument> Range<TValue>(Expression<Func<TDocument, TValue>> index, IndexValue? from, IndexValue? to)
    {
        var name = _models.Collection.DeclaredIndex(index);
        return _query.Range is { } present
            ? throw new InvalidOperationException($"The query has a range of '{present.Index}' already; a query has at most one.")
            : With(_query with { Range = new IndexRange(name, from, to) }, name);
    }

    private ReadModelQuery<TDocument> Order<TValue>(Expression<Func<TDocument, TValue>> index, bool descending)
    {
        var name = _models.Collection.DeclaredIndex(index);
        return With(_query with { OrderBy = name, Descending = descending }, name);
    }

    private ReadModelQuery<TDocument> With(DocumentQuery query, string? index = null) =>
        new(_models, query, index is null ? _indexes : _indexes.Add($"{_models.Collection.Name}:{index}"), _after);
}
