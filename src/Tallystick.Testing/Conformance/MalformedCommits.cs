using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using static Tallystick.Testing.Conformance.TestEvents;

namespace Tallystick.Testing.Conformance;

/// <summary>Commits that every store must refuse as misuse, each with one fault.</summary>
internal static class MalformedCommits
{
    private const string LoneSurrogate = "a\ud800b";
    private const string Nul = "a\0b";

    private static readonly StreamId Stream = new("order", "9");
    private static readonly CollectionId Orders = new("orders", 1);
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);
    private static readonly Lease Held = new(TenantId.Parse("acme"), "work", "ann", 1);
    private static readonly NewEvent Good = new(Id(1), "order.placed", 1, Bytes("{}"), []);

    private static readonly SortedDictionary<string, Func<Commit, Commit>> Faults = new(StringComparer.Ordinal)
    {
        ["default stream"] = c => c.Append(default, ExpectedVersion.Any, Good),
        ["stream named twice"] = c => c.Append(Stream, ExpectedVersion.Any, Good).Expect(Stream, ExpectedVersion.Any),
        ["default list of events"] = c => c.Append(Stream, ExpectedVersion.Any, default(System.Collections.Immutable.ImmutableArray<NewEvent>)),
        ["no type"] = c => Append(c, Good with { Type = "" }),
        ["blank type"] = c => Append(c, Good with { Type = " " }),
        ["type with NUL"] = c => Append(c, Good with { Type = Nul }),
        ["type with half a character"] = c => Append(c, Good with { Type = LoneSurrogate }),
        ["schema version 0"] = c => Append(c, Good with { SchemaVersion = 0 }),
        ["empty tag"] = c => Append(c, Good with { Tags = [""] }),
        ["tag with control character"] = c => Append(c, Good with { Tags = ["a\nb"] }),
        ["tag with half a character"] = c => Append(c, Good with { Tags = [LoneSurrogate] }),
        ["correlation with NUL"] = c => Append(c, Good).From(new EventMetadata(CorrelationId: Nul)),
        ["trace with NUL"] = c => Append(c, Good).From(new EventMetadata(TraceParent: Nul)),
        ["user with half a character"] = c => Append(c, Good).From(new EventMetadata(UserId: LoneSurrogate)),
        ["collection without name"] = c => c.Change(new DocumentChange.Put(new CollectionId("", 1), Document("1", "{}"))),
        ["default collection"] = c => c.Change(new DocumentChange.Put(default, Document("1", "{}"))),
        ["generation 0"] = c => c.Change(new DocumentChange.Activate(new CollectionId("orders", 0))),
        ["collection with NUL"] = c => c.Change(new DocumentChange.Activate(new CollectionId(Nul, 1))),
        ["document without key"] = c => c.Change(new DocumentChange.Put(Orders, Document("", "{}"))),
        ["document key with half a character"] = c => c.Change(new DocumentChange.Put(Orders, Document(LoneSurrogate, "{}"))),
        ["delete without key"] = c => c.Change(new DocumentChange.Delete(Orders, "")),
        ["index without name"] = c => c.Change(new DocumentChange.Put(Orders, Document("1", "{}", ("", IndexValue.From(1))))),
        ["two values in an index"] = c => c.Change(
            new DocumentChange.Put(Orders, Document("1", "{}", ("city", IndexValue.From("a")), ("city", IndexValue.From("b"))))),
        ["default list of index values"] = c => c.Change(new DocumentChange.Put(Orders, Document("1", "{}") with { Index = default })),
        ["checkpoint without name"] = c => c.Save("", LogPosition.Of(1)),
        ["checkpoint named twice"] = c => c.Save("orders", LogPosition.Of(1)).Forget("orders"),
        ["lease without name"] = c => c.Acquire("", "ann", Long),
        ["lease with NUL"] = c => c.Acquire(Nul, "ann", Long),
        ["lease without owner"] = c => c.Acquire("work", "", Long),
        ["lease's owner with half a character"] = c => c.Acquire("work", LoneSurrogate, Long),
        ["lease for no time"] = c => c.Acquire("work", "ann", TimeSpan.Zero),
        ["lease for too long"] = c => c.Acquire("work", "ann", LeaseChange.DurationMax + TimeSpan.FromTicks(1)),
        ["lease named twice"] = c => c.Acquire("work", "ann", Long).Release(Held),
        ["lease renewed for less than no time"] = c => c.Renew(Held, -Long),
        ["lease of another tenant renewed"] = c => c.Renew(Held with { Tenant = TenantId.Platform }, Long),
        ["lease of another tenant released"] = c => c.Release(Held with { Tenant = TenantId.Parse("globex") }),
        ["under a lease of another tenant"] = c => c.Under(Held with { Tenant = TenantId.Parse("globex") }),
        ["under a lease of no tenant"] = c => c.Under(Held with { Tenant = default }),
        ["under a lease in epoch 0"] = c => c.Under(Held with { Epoch = 0 }),
        ["lease acquired once"] = c => c.Acquire("work", "ann", Long).Once(new IdempotencyKey("once")),
        ["empty idempotency key"] = c => c.Once(new IdempotencyKey("")),
        ["idempotency key with NUL"] = c => c.Once(new IdempotencyKey(Nul)),
        ["fingerprint with half a character"] = c => c.Once(new IdempotencyKey("once", LoneSurrogate)),
        ["fence without reason"] = c => c.Fence(""),
        ["fence with NUL"] = c => c.Fence(Nul),
        ["behind a fence with half a character"] = c => c.Behind(LoneSurrogate),
        ["erasing with something else"] = c => c.Erase(),
        ["switching the journal with something else"] = c => c.Journal(on: true),
        ["adopting beside appending"] = c => c.Adopt([AdoptionConformance.Recorded()]),
        ["remembering without key"] = c => c.Remember(new RememberedCommit(new IdempotencyKey(""), Result([]))),
        ["remembering a default list of streams"] = c => c.Remember(new RememberedCommit(new IdempotencyKey("once"), Result(default))),
        ["remembering a default stream"] = c => c.Remember(new RememberedCommit(new IdempotencyKey("once"), Result([default]))),
    };

    private static CommitResult.Committed Result(System.Collections.Immutable.ImmutableArray<StreamHead> streams) =>
        new(LogPosition.Start, LogPosition.Start, streams, IsReplay: true);

    public static IEnumerable<string> Names() => [.. Faults.Keys];

    /// <summary>A commit for tenant <c>acme</c> with this fault, and something else beside it that must not be stored.</summary>
    public static Commit Get(string name) => Faults[name](Commit.For(TenantId.Parse("acme"))
        .Append(new StreamId("order", "8"), ExpectedVersion.Any, Good)
        .Change(new DocumentChange.Put(Orders, Document("2", "{}"))));

    private static Commit Append(Commit commit, NewEvent e) => commit.Append(Stream, ExpectedVersion.Any, e);
}
