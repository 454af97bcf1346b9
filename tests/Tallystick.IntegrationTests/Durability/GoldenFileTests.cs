using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Sqlite.Interop;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Conformance;
using static Tallystick.Testing.Conformance.TestEvents;

namespace Tallystick.IntegrationTests.Durability;

/// <summary>
/// A file of each schema version, as the code of that version wrote it, with everything that it holds as text. Every later version must read
/// it. The files never change; a new schema version adds one, written by the explicit test below (<c>-explicit only</c>).
/// </summary>
public sealed class GoldenFileTests
{
    private static readonly TenantId[] Tenants = [TenantId.Platform, TenantId.Parse("acme"), TenantId.Parse("globex")];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_file_of_schema_version(int version)
    {
        await using var file = new StoreFile();
        File.Copy(Golden($"store-v{version}.db"), file.Path);
        Assert.Equal(version, file.Scalar("PRAGMA user_version"));
        var store = file.Open();

        Assert.Equal(await File.ReadAllTextAsync(Golden($"store-v{version}.txt"), Stop), await DumpAsync(store));
        foreach (var tenant in Tenants)
            Assert.Equal(await BytesAsync(store, tenant), (await store.ReadTenantAsync(tenant, Stop)).StoredBytes);
        foreach (var tenant in Tenants)
        {
            Assert.True((await LogVerifier.VerifyAsync(store, tenant, null, Stop)).IsIntact);
            var before = (await store.ReadHeadAsync(tenant, Stop)).Position;
            var done = (await store.CommitAsync(Commit.For(tenant).Append(new StreamId("order", "1"), ExpectedVersion.Any, new TestEvents().Event()), Stop)).Demand();
            Assert.Equal(before.Next(), done.Position);
        }

        await store.DisposeAsync();
        Assert.Equal(Sqlite.Schema.DatabaseSchema.Version, file.Scalar("PRAGMA user_version"));
        var reopened = file.Open();
        foreach (var tenant in Tenants)
            Assert.True((await LogVerifier.VerifyAsync(reopened, tenant, null, Stop)).IsIntact);
    }

    [Fact]
    public void There_is_a_file_of_every_schema_version() => Assert.All(
        Enumerable.Range(1, Sqlite.Schema.DatabaseSchema.Version),
        version => Assert.True(File.Exists(Golden($"store-v{version}.db")), $"store-v{version}.db is missing"));

    [Fact(Explicit = true)]
    public async Task Write_the_file_of_the_present_schema_version()
    {
        await using var file = new StoreFile();
        var store = file.Open();
        foreach (var tenant in Tenants)
            await TenantCalls.FillAsync(store, tenant, 3, Stop);
        await store.DisposeAsync();
        // The first events are in the stored index, the others are a tail.
        file.RefuseFlush();
        store = file.Open();
        foreach (var tenant in Tenants)
        {
            (await store.CommitAsync(
                Commit.For(tenant)
                    .Append(new StreamId("order", "3"), ExpectedVersion.NoStream, Event(1), Event(2))
                    .Append(new StreamId("order", "1"), ExpectedVersion.Any, Event(3))
                    .From(new EventMetadata("correlation", Id(4), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "ann"))
                    .Change(new DocumentChange.Put(new CollectionId("customers", 2), Document("🦊", "{}", ("city", IndexValue.From("Zürich")), ("none", IndexValue.Null))))
                    .Save("mailer", LogPosition.Of(4))
                    .Once(new IdempotencyKey("twice", "print")),
                Stop)).Demand();
            var leases = (await store.CommitAsync(
                Commit.For(tenant).Acquire("work/1", "ann 🦊", LeaseChange.DurationMax).Acquire("work/2", "bob", LeaseChange.DurationMax), Stop)).Demand().Leases;
            (await store.CommitAsync(Commit.For(tenant).Release(leases[1]), Stop)).Demand();
        }

        var dump = await DumpAsync(store);
        await store.DisposeAsync();
        file.AllowFlush();
        file.Sql("PRAGMA wal_checkpoint(TRUNCATE)");
        var version = Sqlite.Schema.DatabaseSchema.Version;
        File.Copy(file.Path, SourceOf($"store-v{version}.db"), overwrite: true);
        await File.WriteAllTextAsync(SourceOf($"store-v{version}.txt"), dump, Stop);
    }

    /// <summary>The bytes of all payloads and bodies, counted one by one.</summary>
    private static async Task<long> BytesAsync(Sqlite.SqliteStore store, TenantId tenant)
    {
        var bytes = (await store.ReadLogAsync(tenant, new LogRead(LogPosition.Start, 1000), Stop)).Events.Sum(e => (long)e.Payload.Length);
        foreach (var collection in await store.ReadCollectionsAsync(tenant, null, 100, Stop))
        {
            var page = await store.QueryDocumentsAsync(tenant, new DocumentQuery(collection.Id.Name) { Generation = collection.Id.Generation, Limit = 1000 }, Stop);
            bytes += page.Items.Sum(document => (long)document.Body.Length);
        }

        return bytes;
    }

    private static NewEvent Event(int n) => new(Id(100 + n), "order.placed", n, Bytes($$"""{"n":{{n}}}"""), [$"customer:{n}", "🦊"]);

    private static async Task<string> DumpAsync(IStore store)
    {
        var text = "";
        foreach (var tenant in Tenants)
            text += $"tenant {tenant}\n{await TenantDump.OfAsync(store, tenant, Stop)}";
        return text;
    }

    private static string Golden(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", name);

    private static string SourceOf(string name, [System.Runtime.CompilerServices.CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "Golden", name);
}
