using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using static Tallystick.Testing.Conformance.TestEvents;

namespace Tallystick.Testing.Conformance;

/// <summary>One call of the store for a tenant; gives what came out, as text.</summary>
internal delegate Task<string> TenantCall(IStore store, TenantId tenant, CancellationToken cancellationToken);

/// <summary>
/// Every operation of the store by name, with ids that are the same for every tenant, for tests that must hold for each of them. A name
/// begins with the method's; <c>LifetimeConformance</c> checks that no method is missing.
/// </summary>
internal static partial class TenantCalls
{
    private static readonly StreamId Stream = new("order", "1");
    private static readonly CollectionId Orders = new("orders", 1);
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);

    private static readonly SortedDictionary<string, TenantCall> All = new(Life, StringComparer.Ordinal)
    {
        ["CommitAsync that appends"] = Commits(c => c.Append(Stream, ExpectedVersion.Any, Event(900))),
        ["CommitAsync that expects a version"] = Commits(c => c.Append(Stream, ExpectedVersion.Exactly(2), Event(901))),
        ["CommitAsync that expects no stream"] = Commits(c => c.Append(Stream, ExpectedVersion.NoStream, Event(902))),
        ["CommitAsync that requires no match"] = Commits(c => c.Require(EventQuery.Tagged("seat:1"), LogPosition.Start)),
        ["CommitAsync that requires nothing new"] = Commits(c => c.Require(EventQuery.All, LogPosition.Of(2))),
        ["CommitAsync that puts"] = Commits(c => c.Change(new DocumentChange.Put(Orders, Document("1", "put")))),
        ["CommitAsync that deletes"] = Commits(c => c.Change(new DocumentChange.Delete(Orders, "1"), new DocumentChange.Delete(Orders, "2"))),
        ["CommitAsync that activates"] = Commits(c => c.Change(new DocumentChange.Activate(new CollectionId("orders", 2)))),
        ["CommitAsync that saves"] = Commits(c => c.Save("orders", LogPosition.Of(77))),
        ["CommitAsync that saves after its own position"] = Commits(c => c.Save("orders", LogPosition.Of(77), LogPosition.Of(2))),
        ["CommitAsync that forgets"] = Commits(c => c.Forget("orders")),
        ["CommitAsync that acquires a lease"] = Commits(c => c.Acquire("free", "ann", Long)),
        ["CommitAsync that acquires a lease of its own"] = Commits(c => c.Acquire("work", $"of-{c.Tenant} owner", Long)),
        ["CommitAsync that acquires a lease that is held"] = async (s, t, c) =>
            await s.CommitAsync(Commit.For(t).Acquire("work", "ann", Long), c) is CommitResult.Refused { Reason: Refusal.LeaseHeld held }
                ? $"held by {held.Owner} in epoch {held.Epoch}" : "not held",
        ["CommitAsync that renews a lease"] = Commits(c => c.Renew(new Lease(c.Tenant, "work", $"of-{c.Tenant} owner", 1), Long)),
        ["CommitAsync that releases a lease"] = Commits(c => c.Release(new Lease(c.Tenant, "work", $"of-{c.Tenant} owner", 1))),
        ["CommitAsync under a lease"] = Commits(c => c.Append(Stream, ExpectedVersion.Any, Event(905)).Under(new Lease(c.Tenant, "work", $"of-{c.Tenant} owner", 1))),
        ["CommitAsync with a known key"] = Commits(c => c.Append(Stream, ExpectedVersion.Any, Event(903)).Once(new IdempotencyKey("once", "print"))),
        ["CommitAsync with a key reused"] = Commits(c => c.Once(new IdempotencyKey("once", "another print"))),
        ["CommitAsync with a new key"] = Commits(c => c.Append(Stream, ExpectedVersion.Any, Event(904)).Once(new IdempotencyKey("twice"))),
        ["FindCommitAsync"] = async (s, t, c) => TenantDump.Of(await s.FindCommitAsync(t, "once", c)),
        ["ReadHeadAsync"] = async (s, t, c) => TenantDump.Of(await s.ReadHeadAsync(t, c)),
        ["ReadStreamVersionAsync"] = async (s, t, c) => TenantDump.Of(await s.ReadStreamVersionAsync(t, Stream, c)),
        ["ReadStreamAsync"] = async (s, t, c) => TenantDump.Of(await s.ReadStreamAsync(t, new StreamRead(Stream, default, 100), c)),
        ["ReadStreamAsync backwards"] = async (s, t, c) => TenantDump.Of(
            await s.ReadStreamAsync(t, new StreamRead(Stream, StreamVersion.Of(100), 100, ReadDirection.Backwards), c)),
        ["ReadLogAsync"] = async (s, t, c) => TenantDump.Of(await s.ReadLogAsync(t, new LogRead(default, 100), c)),
        ["ReadLogAsync by tag"] = async (s, t, c) => TenantDump.Of(await s.ReadLogAsync(t, new LogRead(default, 100, EventQuery.Tagged("seat:1")), c)),
        ["ReadLogAsync by type"] = async (s, t, c) => TenantDump.Of(
            await s.ReadLogAsync(t, new LogRead(LogPosition.Of(1), 100, EventQuery.OfTypes("order.placed")), c)),
        ["FindDocumentsAsync"] = async (s, t, c) => TenantDump.Of(await s.FindDocumentsAsync(t, "orders", null, ["1", "2", "1"], c)),
        ["FindDocumentsAsync of a generation"] = async (s, t, c) => TenantDump.Of(await s.FindDocumentsAsync(t, "orders", 2, ["1", "2"], c)),
        ["QueryDocumentsAsync"] = async (s, t, c) => TenantDump.Of(await s.QueryDocumentsAsync(t, new DocumentQuery("orders"), c)),
        ["QueryDocumentsAsync by index"] = async (s, t, c) => TenantDump.Of(await s.QueryDocumentsAsync(
            t, new DocumentQuery("orders") { Equal = [new("city", IndexValue.From("Rome"))], OrderBy = "age", Descending = true }, c)),
        ["QueryDocumentsAsync by range"] = async (s, t, c) => TenantDump.Of(await s.QueryDocumentsAsync(
            t, new DocumentQuery("orders") { Generation = 1, Range = new IndexRange("age", null, null) }, c)),
        ["ReadCheckpointAsync"] = async (s, t, c) => TenantDump.Of(await s.ReadCheckpointAsync(t, "orders", c)),
        ["ReadLeasesAsync"] = async (s, t, c) => TenantDump.Of(await s.ReadLeasesAsync(t, new LeaseRead("", 100), c)),
        ["WaitForPositionAsync"] = async (s, t, c) =>
        {
            await s.WaitForPositionAsync(t, LogPosition.Start, c);
            return "reached";
        },
        ["WaitForCheckpointAsync"] = async (s, t, c) =>
        {
            await s.WaitForCheckpointAsync(t, "orders", LogPosition.Start, c);
            return "reached";
        },
    };

    public static IEnumerable<string> Names() => [.. All.Keys];

    public static TenantCall Get(string name) => All[name];

    /// <summary>The part of a name that is the method's.</summary>
    public static string MethodOf(string name) => name.Split(' ')[0];

    /// <summary>Fills a tenant with ids that every tenant has, and bodies that say whose they are.</summary>
    public static async Task FillAsync(IStore store, TenantId tenant, int rounds, CancellationToken cancellationToken)
    {
        for (var round = 1; round <= rounds; round++)
        {
            var body = $"of-{tenant} {round}";
            await store.CommitAsync(
                Commit.For(tenant)
                    .Append(Stream, ExpectedVersion.Any, Event(round * 2, body), Event((round * 2) + 1, body))
                    .Append(new StreamId("order", "2"), ExpectedVersion.Any, Event((round * 2) + 100, body) with { Tags = [] })
                    .Change(
                        new DocumentChange.Put(Orders, Document("1", body, ("city", IndexValue.From("Rome")), ("age", IndexValue.From(round)))),
                        new DocumentChange.Put(Orders, Document($"{round + 1}", body, ("city", IndexValue.From("Rome")))),
                        new DocumentChange.Put(new CollectionId("orders", 2), Document("1", body)),
                        new DocumentChange.Put(new CollectionId("customers", 1), Document("1", body)),
                        new DocumentChange.Activate(Orders))
                    .Save("orders", LogPosition.Of(round * 2))
                    .Save("mailer", LogPosition.Of(round))
                    .Once(round == 1 ? new IdempotencyKey("once", "print") : new IdempotencyKey($"round {round}"))
                    .From(new EventMetadata(UserId: $"of-{tenant}")),
                cancellationToken);
        }

        if (rounds > 0)
            await store.CommitAsync(Commit.For(tenant).Acquire("work", $"of-{tenant} owner", Long).Acquire($"by-{tenant}", "ann", Long), cancellationToken);
    }

    private static TenantCall Commits(Func<Commit, Commit> build) => async (store, tenant, cancellationToken) =>
        TenantDump.Of(await store.CommitAsync(build(Commit.For(tenant)), cancellationToken));

    private static NewEvent Event(long id, string payload = "{}") => new(Id(id), "order.placed", 1, Bytes(payload), ["seat:1"]);
}
