using System.Collections.Immutable;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Testing.Simulations;

/// <summary>Reads what readers see of a collection.</summary>
internal static class Rows
{
    /// <summary>All active documents, in the order of their keys.</summary>
    public static ImmutableArray<Document> Of(InMemoryStore store, TenantId tenant, string collection)
    {
        var documents = ImmutableArray.CreateBuilder<Document>();
        DocumentPage page;
        var query = new DocumentQuery(collection) { Limit = store.Limits.PageLengthMax };
        do
        {
            page = store.QueryDocumentsAsync(tenant, query, CancellationToken.None).AtOnce();
            documents.AddRange(page.Items);
            query = query with { After = page.Next };
        }
        while (page.Next is not null);
        return documents.ToImmutable();
    }

    /// <summary>All active documents of some collections as text, to be compared with <see cref="RowHistory.RowsAt"/>.</summary>
    public static string TextOf(InMemoryStore store, TenantId tenant, IEnumerable<string> collections) => string.Concat(
        collections.Select(collection => RowHistory.Text(
            collection, Of(store, tenant, collection).OrderBy(document => document.Key, StringComparer.Ordinal).Select(document => (document.Key, document.Body)))));
}
