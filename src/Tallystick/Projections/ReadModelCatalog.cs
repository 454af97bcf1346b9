using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Projections;

/// <summary>Finds the read models of an application's projections by the type of their documents. It runs nothing.</summary>
/// <param name="store">Holds the documents.</param>
/// <param name="serializer">Knows the event types.</param>
/// <param name="projections">The application's projections.</param>
/// <param name="time">The clock of deadlines; null: the system's.</param>
public sealed class ReadModelCatalog(IStore store, EventSerializer serializer, IEnumerable<Projection> projections, TimeProvider? time = null)
{
    private readonly ImmutableArray<BoundProjection> _projections = [.. projections.Select(projection => new BoundProjection(projection, serializer))];
    private readonly FittingGenerations _fitting = new();

    /// <summary>A tenant's documents of a type.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="collection">The collection's stored name; needed only if several collections have documents of this type.</param>
    /// <exception cref="ArgumentException">The tenant is <c>default</c>.</exception>
    /// <exception cref="InvalidOperationException">No collection or more than one fits; the message names those that there are.</exception>
    public ReadModels<TDocument> For<TDocument>(TenantId tenant, string? collection = null)
        where TDocument : class
    {
        if (tenant.IsDefault)
            throw new ArgumentException("Read models need a tenant; default(TenantId) names none.", nameof(tenant));
        var all = _projections.SelectMany(projection => projection.Projection.Collections.Select(c => (Projection: projection, Collection: c))).ToArray();
        var fitting = all.Where(pair => pair.Collection is DocumentCollection<TDocument> && (collection ?? pair.Collection.Name) == pair.Collection.Name).ToArray();
        if (fitting is [var one])
            return new ReadModels<TDocument>(store, tenant, one.Projection, (DocumentCollection<TDocument>)one.Collection, _fitting, time ?? TimeProvider.System);
        var known = string.Join(", ", all.Select(pair => $"{pair.Collection.Name} ({pair.Collection.DocumentType.Name})"));
        throw new InvalidOperationException(fitting.Length == 0
            ? $"No registered projection has a collection of {typeof(TDocument).Name}{(collection is null ? "" : $" named '{collection}'")}. There are: {known}."
            : $"Several collections have documents of {typeof(TDocument).Name}; name one: {string.Join(", ", fitting.Select(pair => pair.Collection.Name))}.");
    }
}
