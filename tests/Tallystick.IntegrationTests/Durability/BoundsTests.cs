using System.Globalization;
using Tallystick.Audit;
using Tallystick.Events;
using Tallystick.Sqlite;
using Tallystick.Storage;
using Tallystick.Tenancy;
using Tallystick.Testing.Conformance;

namespace Tallystick.IntegrationTests.Durability;

/// <summary>What must not grow with the log: memory, the start, what a read holds. And numbers at the end of their range.</summary>
public sealed class BoundsTests : IAsyncDisposable
{
    private const long Most = long.MaxValue;

    private static readonly TenantId Acme = TenantId.Parse("acme");
    private static readonly StreamId Order = new("order", "1");

    private static readonly string Payload = $$"""{"amount":1,"note":"{{new string('x', 200)}}"}""";

    private readonly StoreFile _file = new();
    private readonly TestEvents _make = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    [Fact]
    public async Task A_stream_may_have_a_name_as_long_as_the_limits_are_set_to_allow()
    {
        var options = new SqliteStoreOptions { Limits = StoreLimits.Default with { StreamNameLengthMax = 2000 } };
        var stream = new StreamId("order", new string('ö', 1900));
        await using (var store = SqliteStore.Open(_file.Path, options))
            (await store.CommitAsync(Commit.For(Acme).Append(stream, ExpectedVersion.NoStream, _make.Many(2)), Stop)).Demand();

        await using var again = SqliteStore.Open(_file.Path, options);
        Assert.Equal([1L, 2L], (await again.ReadStreamAsync(Acme, new StreamRead(stream, StreamVersion.Of(1), 10), Stop)).Select(e => e.Version.Value));
        Assert.Equal(stream, (await again.ReadLogAsync(Acme, new LogRead(LogPosition.Start, 1), Stop)).Events[0].Stream);
    }

    [Fact]
    public async Task More_collections_than_the_writer_remembers_keep_their_documents_apart()
    {
        const int Collections = 10_500, Page = 500;
        var store = _file.Open();
        // Every collection is written to twice, the second time when the first ones are forgotten.
        for (var n = 0; n < 2 * Collections; n += Page)
        {
            (await store.CommitAsync(
                Commit.For(Acme).Change([.. Enumerable.Range(n, Page).Select(i => new DocumentChange.Put(
                    new CollectionId($"c{i % Collections}", 1), new Document($"{i / Collections}", "{}"u8.ToArray(), [], LogPosition.Start)))]),
                Stop)).Demand();
        }

        foreach (var i in new[] { 0, 1, 499, 9_999, 10_000, 10_001, Collections - 1 })
        {
            var page = await store.QueryDocumentsAsync(Acme, new DocumentQuery($"c{i}") { Generation = 1 }, Stop);
            Assert.Equal(["0", "1"], page.Items.Select(document => document.Key));
        }
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Memory_stays_flat_over_300_000_events_and_opening_them_reads_the_tail_alone()
    {
        const int Mebibyte = 1024 * 1024;
        var store = _file.Open(new SqliteStoreOptions { StreamVersionsCached = 2000 });
        await FillAsync(store, 0, 100_000);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await FillAsync(store, 100_000, 200_000);
        var after = GC.GetTotalMemory(forceFullCollection: true);
        Assert.True(after - before < 24 * Mebibyte, $"{before} bytes of memory became {after}");
        await store.DisposeAsync();
        _file.RefuseFlush();
        store = _file.Open();
        await FillAsync(store, 300_000, 5000);
        await store.DisposeAsync();
        _file.AllowFlush();
        var fileBytes = new FileInfo(_file.Path).Length;
        Assert.True(fileBytes > 80 * Mebibyte);

        await using var child = ChildProcess.Start("open", _file.Path);
        Assert.Equal(0, await child.EndAsync());

        var read = long.Parse(child.Lines[0].Split('\t')[1], CultureInfo.InvariantCulture);
        TestContext.Current.TestOutputHelper!.WriteLine($"memory {before} to {after}; opening read {read} of {fileBytes} bytes");
        Assert.InRange(read, 1, 8 * Mebibyte);
        store = _file.Open();
        Assert.Equal(305_000, (await store.ReadHeadAsync(Acme, Stop)).Position.Value);
        Assert.True((await LogVerifier.VerifyAsync(store, Acme, null, Stop)).IsIntact);
    }

    [Fact]
    public async Task No_read_holds_the_file_once_its_page_is_given()
    {
        var store = _file.Open(new SqliteStoreOptions { TailEventsMax = 100 });
        await TenantCalls.FillAsync(store, Acme, 3, Stop);
        await FillAsync(store, 0, 1000);
        foreach (var name in TenantCalls.Names().Where(name => !name.StartsWith(nameof(store.CommitAsync), StringComparison.Ordinal)))
        {
            await TenantCalls.Get(name)(store, Acme, Stop);
            await Assert.ThrowsAnyAsync<Exception>(async () => await store.ReadStreamAsync(Acme, default, Stop));
            await FillAsync(store, 0, 10);
            store.Writer.Use(database => Assert.Equal(0, database.Checkpoint(waits: true)));
        }
    }

    [Fact]
    public async Task Numbers_at_the_end_of_their_range_are_positions_like_others()
    {
        var store = _file.Open(new SqliteStoreOptions { TailEventsMax = 3 });
        await using var oracle = new InMemoryStore(new StoreOptions());
        foreach (IStore each in new IStore[] { store, oracle })
        {
            for (var n = 0; n < 3; n++)
                (await each.CommitAsync(Commit.For(Acme).Append(Order, ExpectedVersion.Any, _make.Event("a", "{}", "t:1"), _make.Event()), Stop)).Demand();
            foreach (var query in new[] { null, EventQuery.All, EventQuery.Tagged("t:1"), EventQuery.OfTypes("a", "b") })
            {
                var page = await each.ReadLogAsync(Acme, new LogRead(LogPosition.Of(Most), 10, query), Stop);
                Assert.Empty(page.Events);
                Assert.Equal(Most, page.Through.Value);
            }

            Assert.Empty(await each.ReadStreamAsync(Acme, new StreamRead(Order, StreamVersion.Of(Most), 10), Stop));
            Assert.Equal(6, (await each.ReadStreamAsync(Acme, new StreamRead(Order, StreamVersion.Of(Most), 10, ReadDirection.Backwards), Stop)).Length);
            Assert.Empty(await each.ReadStreamAsync(Acme, new StreamRead(Order, StreamVersion.None, 10, ReadDirection.Backwards), Stop));
            var done = (await each.CommitAsync(
                Commit.For(Acme).Require(EventQuery.All, LogPosition.Of(Most)).Require(EventQuery.Tagged("t:1"), LogPosition.Of(Most))
                    .Save("c", LogPosition.Of(Most), LogPosition.Start)
                    .Change(new DocumentChange.Put(new CollectionId("c", int.MaxValue), new Document("k", new byte[1], [], LogPosition.Of(Most)))),
                Stop)).Demand();
            Assert.Equal(6, done.Position.Value);
            Assert.Equal(Most, (await each.ReadCheckpointAsync(Acme, "c", Stop))?.Value);
            await each.WaitForCheckpointAsync(Acme, "c", LogPosition.Of(Most), Stop);
            Assert.IsType<CommitResult.Refused>(await each.CommitAsync(Commit.For(Acme).Expect(Order, ExpectedVersion.Exactly(Most - 1)), Stop));
            Assert.IsType<CommitResult.Refused>(await each.CommitAsync(Commit.For(Acme).Save("c", default, LogPosition.Of(Most - 1)), Stop));
            Assert.Equal(Most, (await each.FindDocumentsAsync(Acme, "c", int.MaxValue, ["k"], Stop)).Items[0]?.Position.Value);
        }
    }

    private async Task FillAsync(SqliteStore store, int from, int events)
    {
        const int PerCommit = 10, Writers = 16;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(
            async () =>
            {
                for (var n = from + (writer * PerCommit); n < from + events; n += Writers * PerCommit)
                {
                    (await store.CommitAsync(
                        Commit.For(Acme).Append(new StreamId("order", $"{n % 20_000}"), ExpectedVersion.Any, [.. Enumerable.Range(0, PerCommit).Select(i => _make.Event("order.placed", Payload, $"customer:{(n + i) % 100}"))]),
                        Stop)).Demand();
                }
            },
            Stop)));
    }
}
