using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Conformance;

namespace Tallystick.Testing.Leaks;

/// <summary>
/// Every method of the store with its variants, on names that no application has. They run for two tenants of their own, that no runner works for.
/// </summary>
internal static class StoreOperations
{
    private delegate ValueTask<object?> StoreRead(TenantId tenant, CancellationToken cancellationToken);

    private const string Type = "leakage.noted";
    private const string LeaseName = "leakage";
    private static readonly StreamId Stream = new("leakage", "1");
    private static readonly CollectionId Notes = new("leakage", 1);
    private static readonly CollectionId NextNotes = new("leakage", 2);

    /// <summary>What a dump of a tenant looks for.</summary>
    public static TenantNames Names { get; } = new(["leakage-1", "leakage-2"], ["leakage"], ["leakage"], ["once", "twice"], ["1", "2"], GenerationMax: 2);

    public static IEnumerable<LeakOperation> All(IStore store) => Reads(store).Concat(Commits(store));

    /// <summary>Fills a tenant with ids that both have, and bodies that are its own.</summary>
    public static async Task FillAsync(IStore store, TenantId tenant, Secrets secrets, CancellationToken cancellationToken)
    {
        for (var round = 1; round <= 2; round++)
        {
            var commit = Commit.For(tenant)
                .Append(Stream, ExpectedVersion.Any, Event(secrets, round), Event(secrets, round + 10))
                .Append(new StreamId("leakage", "2"), ExpectedVersion.Any, Event(secrets, round + 20))
                .Change(
                    new DocumentChange.Put(Notes, Note(secrets, "1")), new DocumentChange.Put(Notes, Note(secrets, "2")),
                    new DocumentChange.Put(NextNotes, Note(secrets, "1")), new DocumentChange.Activate(Notes))
                .Save("leakage", LogPosition.Of(round))
                .Acquire(LeaseName, secrets.Text("owner"), TimeSpan.FromHours(1))
                .From(new EventMetadata(UserId: secrets.Text("user")));
            (await store.CommitAsync(commit, cancellationToken)).Demand();
            var key = round == 1 ? new IdempotencyKey("once", secrets.Text("print")) : new IdempotencyKey("second");
            (await store.CommitAsync(Commit.For(tenant).Append(Stream, ExpectedVersion.Any, Event(secrets, round + 40)).Once(key), cancellationToken)).Demand();
            if (round == 1)
                (await store.CommitAsync(Commit.For(tenant).Journal(on: true), cancellationToken)).Demand();
        }
    }

    private static IEnumerable<LeakOperation> Reads(IStore store) =>
        ReadsOf(store).SelectMany(read => (LeakOperation[])[Read(read.Name, twin => twin.Id, read.Read), Read($"{read.Name} of no tenant", static _ => default, read.Read)]);

    private static IEnumerable<(string Name, StoreRead Read)> ReadsOf(IStore store) =>
    [
        ("IStore.Limits", (_, _) => new(store.Limits)),
        ("IStore.FindCommitAsync", async (t, c) => await store.FindCommitAsync(t, "once", c)),
        ("IStore.ReadHeadAsync", async (t, c) => await store.ReadHeadAsync(t, c)),
        ("IStore.ReadStreamVersionAsync", async (t, c) => await store.ReadStreamVersionAsync(t, Stream, c)),
        ("IStore.ReadStreamAsync", async (t, c) => await store.ReadStreamAsync(t, new StreamRead(Stream, default, 100), c)),
        ("IStore.ReadStreamAsync backwards", async (t, c) =>
            await store.ReadStreamAsync(t, new StreamRead(Stream, StreamVersion.Of(100), 100, ReadDirection.Backwards), c)),
        ("IStore.ReadLogAsync", async (t, c) => await store.ReadLogAsync(t, new LogRead(default, 100), c)),
        ("IStore.ReadLogAsync by type", async (t, c) => await store.ReadLogAsync(t, new LogRead(default, 100, EventQuery.OfTypes(Type)), c)),
        ("IStore.ReadLogAsync by tag", async (t, c) => await store.ReadLogAsync(t, new LogRead(LogPosition.Of(1), 100, EventQuery.Tagged("seat:1")), c)),
        ("IStore.FindDocumentsAsync", async (t, c) => await store.FindDocumentsAsync(t, Notes.Name, null, ["1", "2", "1"], c)),
        ("IStore.FindDocumentsAsync of a generation", async (t, c) => await store.FindDocumentsAsync(t, Notes.Name, 2, ["1", "2"], c)),
        ("IStore.QueryDocumentsAsync", async (t, c) => await store.QueryDocumentsAsync(t, new DocumentQuery(Notes.Name), c)),
        ("IStore.QueryDocumentsAsync of a generation", async (t, c) => await store.QueryDocumentsAsync(t, new DocumentQuery(Notes.Name) { Generation = 2 }, c)),
        ("IStore.QueryDocumentsAsync by index", async (t, c) => await store.QueryDocumentsAsync(
            t, new DocumentQuery(Notes.Name) { Equal = [new("seat", IndexValue.From("1"))], OrderBy = "seat", Descending = true }, c)),
        ("IStore.QueryDocumentsAsync by range", async (t, c) => await store.QueryDocumentsAsync(
            t, new DocumentQuery(Notes.Name) { Range = new IndexRange("seat", null, null), Limit = 1 }, c)),
        ("IStore.QueryDocumentsAsync after a page", async (t, c) =>
            await store.QueryDocumentsAsync(t, new DocumentQuery(Notes.Name) { After = new DocumentCursor(null, "1") }, c)),
        ("IStore.ReadCheckpointAsync", async (t, c) => await store.ReadCheckpointAsync(t, "leakage", c)),
        ("IStore.ReadLeasesAsync", async (t, c) => await store.ReadLeasesAsync(t, new LeaseRead("", 100), c)),
        ("IStore.ReadTenantAsync", async (t, c) => await store.ReadTenantAsync(t, c)),
        ("IStore.ReadCollectionsAsync", async (t, c) => await store.ReadCollectionsAsync(t, null, 100, c)),
        ("IStore.ReadCollectionsAsync after a page", async (t, c) => await store.ReadCollectionsAsync(t, Notes, 100, c)),
        ("IStore.ReadCheckpointsAsync", async (t, c) => await store.ReadCheckpointsAsync(t, null, 100, c)),
        ("IStore.ReadRememberedAsync", async (t, c) => await store.ReadRememberedAsync(t, null, 100, c)),
        ("IStore.ReadRememberedAsync after a page", async (t, c) => await store.ReadRememberedAsync(t, "once", 100, c)),
        ("IStore.ReadJournalAsync", async (t, c) => await store.ReadJournalAsync(t, 0, 100, c)),
        ("IStore.WaitForPositionAsync", async (t, c) =>
        {
            await store.WaitForPositionAsync(t, LogPosition.Of(1), c);
            return "reached";
        }),
        ("IStore.WaitForCheckpointAsync", async (t, c) =>
        {
            await store.WaitForCheckpointAsync(t, "leakage", LogPosition.Of(1), c);
            return "reached";
        }),
    ];

    private static IEnumerable<LeakOperation> Commits(IStore store)
    {
        foreach (var (variant, build) in ((string, Func<Commit, Twin, Twin, Commit>)[])
        [
            ("that appends", (commit, twin, _) => commit.Append(Stream, ExpectedVersion.Any, Event(twin.Secrets, 30))),
            ("that expects a version", (commit, twin, _) => commit.Append(Stream, ExpectedVersion.Exactly(7), Event(twin.Secrets, 31))),
            ("that expects another version", (commit, _, _) => commit.Expect(Stream, ExpectedVersion.NoStream)),
            ("that requires no match", (commit, _, _) => commit.Require(EventQuery.Tagged("seat:1"), LogPosition.Start)),
            ("that requires none of the twin's", (commit, twin, other) => commit
                .Require(EventQuery.Tagged($"by:{other.Secrets.Text("tag")}"), LogPosition.Start).Append(Stream, ExpectedVersion.Any, Event(twin.Secrets, 32))),
            ("that puts", (commit, twin, _) => commit.Change(new DocumentChange.Put(Notes, Note(twin.Secrets, "3")))),
            ("that deletes", (commit, _, _) => commit.Change(new DocumentChange.Delete(Notes, "1"), new DocumentChange.Delete(Notes, "2"), new DocumentChange.Delete(NextNotes, "1"))),
            ("that activates", (commit, _, _) => commit.Change(new DocumentChange.Activate(NextNotes))),
            ("that saves", (commit, _, _) => commit.Save("leakage", LogPosition.Of(77))),
            ("that saves after its own position", (commit, _, _) => commit.Save("leakage", LogPosition.Of(78), LogPosition.Of(77))),
            ("that forgets", (commit, _, _) => commit.Forget("leakage")),
            ("with a known key", (commit, twin, _) => commit.Append(Stream, ExpectedVersion.Any, Event(twin.Secrets, 33)).Once(new IdempotencyKey("once"))),
            ("with a key reused", (commit, _, _) => commit.Once(new IdempotencyKey("once", "another"))),
            ("with a new key", (commit, twin, _) => commit.Append(Stream, ExpectedVersion.Any, Event(twin.Secrets, 34)).Once(new IdempotencyKey("twice"))),
            ("that acquires a lease", (commit, twin, _) => commit.Acquire("leakage-2", twin.Secrets.Text("owner"), TimeSpan.FromHours(1))),
            ("that acquires what is held", (commit, _, _) => commit.Acquire(LeaseName, "another", TimeSpan.FromHours(1))),
            ("under a lease", (commit, twin, _) => commit.Under(LeaseOf(twin)).Append(Stream, ExpectedVersion.Any, Event(twin.Secrets, 35))),
            ("under a lease that another holds", (commit, twin, _) => commit
                .Under(LeaseOf(twin) with { Owner = "another" }).Append(Stream, ExpectedVersion.Any, Event(twin.Secrets, 36))),
            ("that renews a lease", (commit, twin, _) => commit.Renew(LeaseOf(twin), TimeSpan.FromHours(2))),
            ("that releases a lease", (commit, twin, _) => commit.Release(LeaseOf(twin))),
            ("that remembers", (commit, twin, _) => commit.Remember(new RememberedCommit(
                new IdempotencyKey("brought", twin.Secrets.Text("print")), new CommitResult.Committed(LogPosition.Of(1), LogPosition.Of(1), [])))),
            ("that adopts", (commit, _, _) => commit.Adopt(AdoptionConformance.After("leakage-1", 1))),
            ("that switches the journal off", (commit, _, _) => commit.Journal(on: false)),
            ("that switches the journal on", (commit, _, _) => commit.Journal(on: true)),
            ("that fences", (commit, _, _) => commit.Fence("leakage")),
            ("that is fenced", (commit, twin, _) => commit.Append(Stream, ExpectedVersion.Any, Event(twin.Secrets, 37))),
            ("behind the fence", (commit, twin, _) => commit.Behind("leakage").Append(Stream, ExpectedVersion.Any, Event(twin.Secrets, 38))),
            ("that lifts the fence", (commit, _, _) => commit.Unfence()),
            ("that erases", (commit, _, _) => commit.Erase()),
            ("that erases the rest", (commit, _, _) => commit.Erase()),
        ])
        {
            yield return new LeakOperation($"IStore.CommitAsync {variant}", IsRead: false, async (twin, other, cancellationToken) =>
                ResultText.Of(await store.CommitAsync(build(Commit.For(twin.Id), twin, other), cancellationToken)));
        }
    }

    private static Lease LeaseOf(Twin twin) => new(twin.Id, LeaseName, twin.Secrets.Text("owner"), 1);

    private static LeakOperation Read(string name, Func<Twin, TenantId> whose, StoreRead read) =>
        new(name, IsRead: true, async (twin, _, cancellationToken) => ResultText.Of(await read(whose(twin), cancellationToken)));

    private static NewEvent Event(Secrets secrets, int n) =>
        new(TestEvents.Id(n), Type, 1, TestEvents.Bytes($"\"{secrets.Text("body")} {secrets.Number}\""), ["seat:1", $"by:{secrets.Text("tag")}"]);

    private static Document Note(Secrets secrets, string key) =>
        TestEvents.Document(key, $"\"{secrets.Text("note")} {secrets.Number}\"", ("seat", IndexValue.From("1")));
}
