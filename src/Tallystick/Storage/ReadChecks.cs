using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Tenancy;

namespace Tallystick.Storage;

/// <summary>The checks of a read that need no store, so that every store refuses the same input in the same way.</summary>
public static class ReadChecks
{
    /// <summary>Refuses <c>default(TenantId)</c>, which must never mean everyone.</summary>
    /// <exception cref="ArgumentException">The tenant is <c>default</c>.</exception>
    public static void Tenant(TenantId tenant)
    {
        if (tenant.IsDefault)
            throw new ArgumentException("A read needs a tenant; default(TenantId) names none.", nameof(tenant));
    }

    /// <summary>Refuses <c>default(StreamId)</c>.</summary>
    /// <exception cref="ArgumentException">The stream is <c>default</c>.</exception>
    public static void Stream(StreamId stream)
    {
        if (stream.IsDefault)
            throw new ArgumentException("A read needs a stream; default(StreamId) names none.", nameof(stream));
    }

    /// <summary>Checks the name of a collection or a checkpoint, or an idempotency key.</summary>
    /// <exception cref="ArgumentException">The name is null or empty.</exception>
    public static void Name(string name, string what)
    {
        if (string.IsNullOrEmpty(name))
            throw new ArgumentException($"A {what} is empty.", nameof(name));
    }

    /// <summary>Checks a lookup of documents by their keys.</summary>
    /// <exception cref="ArgumentException">A name is missing, the generation is less than 1, or the list of keys is <c>default</c>.</exception>
    /// <exception cref="LimitExceededException">There are more keys than <see cref="StoreLimits.PageLengthMax"/>.</exception>
    public static void Lookup(string collection, int? generation, ImmutableArray<string> keys, StoreLimits limits)
    {
        Name(collection, "collection");
        Generation(generation);
        if (keys.IsDefault)
            throw new ArgumentException("The list of keys is default(ImmutableArray); pass an empty one to ask for none.", nameof(keys));
        if (!keys.IsEmpty)
            limits.CheckPage(keys.Length);
    }

    /// <summary>Checks a query of documents.</summary>
    /// <exception cref="ArgumentException">The query is malformed; the message says how.</exception>
    /// <exception cref="LimitExceededException">Its limit is over <see cref="StoreLimits.PageLengthMax"/>.</exception>
    public static void Query(DocumentQuery query, StoreLimits limits)
    {
        ArgumentNullException.ThrowIfNull(query);
        Name(query.Collection, "collection");
        Generation(query.Generation);
        limits.CheckPage(query.Limit);
        if (query.After is { } cursor && cursor.Value.HasValue != query.OrderBy is not null)
        {
            throw new ArgumentException(
                $"The cursor after '{cursor.Key}' comes from another order than the query's "
                + $"({(query.OrderBy is null ? "by key" : $"by index '{query.OrderBy}'")}). Page on with the query that gave it.",
                nameof(query));
        }
    }

    /// <summary>Checks a read of leases.</summary>
    /// <exception cref="ArgumentException">The prefix is null, or the count is less than 1.</exception>
    /// <exception cref="LimitExceededException">The count is over <see cref="StoreLimits.PageLengthMax"/>.</exception>
    public static void Leases(LeaseRead read, StoreLimits limits)
    {
        if (read.Prefix is null)
            throw new ArgumentException("A read of leases needs a prefix; pass an empty one to read all.", nameof(read));
        limits.CheckPage(read.Count);
    }

    private static void Generation(int? generation)
    {
        if (generation < 1)
            throw new ArgumentOutOfRangeException(nameof(generation), generation, "The first generation is 1; null reads the active one.");
    }
}
