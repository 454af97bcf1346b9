using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;

namespace Tallystick.Testing.Simulations;

/// <summary>After a crash the store must hold what it had held when it last answered: all of it, and nothing else.</summary>
internal static class RecoveryCheck
{
    public static void Run(TenantId tenant, LogModel model, InMemoryStore store, SimulationCore core)
    {
        // The in-memory store answers at once, so nothing is awaited here.
        var head = store.ReadHeadAsync(tenant, CancellationToken.None).AtOnce().Position;
        if (head.Value != model.Head)
            core.Fail($"Tenant {tenant}: after the crash the log ends at {head}, but {model.Head} events were durable before.");
        var read = new LogRead(LogPosition.Start, store.Limits.PageLengthMax);
        if (model.Check(read, store.ReadLogAsync(tenant, read, CancellationToken.None).AtOnce()) is { } wrong)
            core.Fail($"Tenant {tenant}: after the crash {wrong}.");
        foreach (var (name, position) in model.Checkpoints)
        {
            var actual = store.ReadCheckpointAsync(tenant, name, CancellationToken.None).AtOnce();
            if (actual?.Value != position)
                core.Fail($"Tenant {tenant}: after the crash checkpoint '{name}' is {actual?.ToString() ?? "gone"}, but it was {position}.");
        }

        var leases = store.ReadLeasesAsync(tenant, new LeaseRead("", store.Limits.PageLengthMax), CancellationToken.None).AtOnce();
        if (!model.Leases.All.SequenceEqual(leases.Select(lease => (lease.Name, lease.Owner, lease.Epoch))))
            core.Fail($"Tenant {tenant}: after the crash the leases are {string.Join(", ", leases)}, but they were {string.Join(", ", model.Leases.All)}.");

        foreach (var (key, _) in model.Keys)
        {
            if (store.FindCommitAsync(tenant, key, CancellationToken.None).AtOnce() is null)
                core.Fail($"Tenant {tenant}: after the crash idempotency key '{key}' is forgotten.");
        }

        foreach (var ((collection, generation, key), document) in model.Documents)
        {
            var found = store.FindDocumentsAsync(tenant, collection, generation, [key], CancellationToken.None).AtOnce().Items[0];
            if (found is null || !found.Body.Span.SequenceEqual(document.Body.Span))
                core.Fail($"Tenant {tenant}: after the crash document '{key}' of {collection} (generation {generation}) is {(found is null ? "gone" : "another")}.");
        }
    }
}
