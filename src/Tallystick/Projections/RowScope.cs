using System.Collections.Immutable;
using Tallystick.Storage;
using Tallystick.Subscriptions;
using Tallystick.Tenancy;

namespace Tallystick.Projections;

/// <summary>
/// Whose rows a projection writes. A tenant's own projection writes the tenant's; one over all tenants writes the platform's, where each row's
/// key and an index say which tenant it came from.
/// </summary>
/// <param name="Home">The tenant that has the rows.</param>
/// <param name="Source">The tenant that they come from, if that must be said.</param>
internal sealed record RowScope(TenantId Home, TenantId? Source)
{
    /// <summary>The index that says which tenant a row came from. No declared index has such a name.</summary>
    public const string TenantIndex = "$tenant";

    private const char Separator = '/';

    /// <summary>A tenant's own rows.</summary>
    public static RowScope Own(TenantId tenant) => new(tenant, null);

    /// <summary>Rows of the platform that come from a tenant.</summary>
    public static RowScope OfPlatform(TenantId source) => new(TenantId.Platform, source);

    /// <summary>The tenant and the key that a stored key is made of. A tenant's name has no separator, so the first one ends it.</summary>
    public static (TenantId Source, string Key) Split(string stored)
    {
        var end = stored.IndexOf(Separator, StringComparison.Ordinal);
        return (TenantId.Parse(stored[..end]), stored[(end + 1)..]);
    }

    /// <summary>The name of something, such as a checkpoint, that there is once for each tenant that rows come from.</summary>
    public string Named(string name) => Source is { } source ? $"{name}@{source}" : name;

    /// <summary>A document's key as it is stored.</summary>
    public string Stored(string key) => Source is { } source ? $"{source}{Separator}{key}" : key;

    /// <summary>Documents' keys as they are stored.</summary>
    public ImmutableArray<string> Stored(ImmutableArray<string> keys) => Source is null ? keys : [.. keys.Select(Stored)];

    /// <summary>A document's index values as they are stored.</summary>
    public ImmutableArray<IndexEntry> Entries(ImmutableArray<IndexEntry> entries) =>
        Source is { } source ? entries.Add(new IndexEntry(TenantIndex, IndexValue.From(source.Value))) : entries;

    /// <summary>The state of a runner that writes these rows.</summary>
    public RunnerStateStore StateOf(IStore store, string name) => new(store, Home, RunnerStateStore.Projections, Named(name));
}
