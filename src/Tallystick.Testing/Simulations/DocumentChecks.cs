using System.Text.Json;
using Tallystick.Events;
using Tallystick.Projections;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Testing.Simulations;

/// <summary>What must hold of a collection's documents in the end, beside their bodies: they are found by what they say, and nobody's are left.</summary>
internal static class DocumentChecks
{
    public static void Run(SimulationCore core, TenantId tenant, DocumentCollection collection)
    {
        var seen = Rows.Of(core.Server.Memory, tenant, collection.Name);
        foreach (var document in seen)
            IndexesAgree(core, tenant, collection, document);
        var kept = core.Server.Model(tenant).Documents.Where(document => document.Key.Collection == collection.Name).GroupBy(document => document.Key.Generation).ToArray();
        if (kept.Sum(generation => generation.Count()) != seen.Length)
        {
            core.Fail($"Tenant {tenant}: readers see {seen.Length} documents of '{collection.Name}', but the store keeps more, of generations that nobody reads: "
                + string.Join(", ", kept.Select(generation => $"{generation.Count()} of generation {generation.Key}")) + ".");
        }
    }

    /// <summary>An index is named as the property that it indexes, so the document itself says what must be in it.</summary>
    private static void IndexesAgree(SimulationCore core, TenantId tenant, DocumentCollection collection, Document document)
    {
        var body = JsonSerializer.Deserialize(document.Body.Span, collection.DocumentType, EventSerializer.DefaultOptions);
        foreach (var name in collection.IndexNames)
        {
            var value = collection.DocumentType.GetProperties().Single(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name) == name).GetValue(body);
            var (expected, found) = (new IndexEntry(name, IndexValue.FromObject(value)), document.Index.Where(entry => entry.Name == name).ToArray());
            if (found.Length != 1 || found[0] != expected)
            {
                core.Fail($"Tenant {tenant}: document '{document.Key}' of '{collection.Name}' can't be found by what it says: its index '{name}' should be {expected.Value}, and is "
                    + $"{(found.Length == 0 ? "missing" : string.Join(" and ", found.Select(entry => entry.Value)))}.");
            }
        }
    }
}
