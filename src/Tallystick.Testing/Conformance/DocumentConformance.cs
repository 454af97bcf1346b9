using System.Text;
using Tallystick.Events;
using Tallystick.Storage;
using static Tallystick.Testing.Conformance.TestEvents;
using Xunit;

namespace Tallystick.Testing.Conformance;

/// <summary>Changes of documents, finding them by key, and the generations of a collection.</summary>
internal sealed class DocumentConformance : ConformanceArea
{
    private static readonly CollectionId First = new("orders", 1);
    private static readonly CollectionId Second = new("orders", 2);

    [Conformance]
    public async Task A_document_comes_back_as_it_was_given()
    {
        var given = new Document(
            "kéy 🦊 '\"", new byte[] { 0, 0xFF, 1 },
            [new IndexEntry("b", IndexValue.From("text 🦊")), new IndexEntry("a", IndexValue.From(-1.5m)), new IndexEntry("n", IndexValue.Null)],
            LogPosition.Of(long.MaxValue));
        await DoAsync(Commit.For(Acme).Change(new DocumentChange.Put(First, given)));
        await ReopenAsync();

        var found = (await Store.FindDocumentsAsync(Acme, "orders", 1, [given.Key], Stop)).Items[0];

        Assert.NotNull(found);
        Assert.Equal((given.Key, given.Position), (found.Key, found.Position));
        Assert.Equal(given.Body.ToArray(), found.Body.ToArray());
        Assert.Equal(given.Index.OrderBy(entry => entry.Name, StringComparer.Ordinal), found.Index.OrderBy(entry => entry.Name, StringComparer.Ordinal));
    }

    [Conformance]
    public async Task An_empty_body_and_no_index_values_come_back_empty()
    {
        await DoAsync(Commit.For(Acme).Change(Put(First, "1", "")));

        var found = (await Store.FindDocumentsAsync(Acme, "orders", 1, ["1"], Stop)).Items[0];

        Assert.NotNull(found);
        Assert.True(found.Body.IsEmpty);
        Assert.False(found.Index.IsDefault);
        Assert.Empty(found.Index);
    }

    [Conformance]
    public async Task Finding_keeps_the_order_of_the_keys_and_their_repetitions()
    {
        await DoAsync(Commit.For(Acme).Change(Put(First, "a", "A"), Put(First, "b", "B"), Put(First, "c", "C")));

        var found = await Store.FindDocumentsAsync(Acme, "orders", 1, ["c", "none", "a", "c", "C"], Stop);

        Assert.Equal(1, found.Generation);
        Assert.Equal(["C", null, "A", "C", null], found.Items.Select(Body));
    }

    [Conformance]
    public async Task Finding_no_keys_still_tells_the_generation()
    {
        await DoAsync(Commit.For(Acme).Change(new DocumentChange.Activate(Second)));

        var found = await Store.FindDocumentsAsync(Acme, "orders", null, [], Stop);

        Assert.Equal(2, found.Generation);
        Assert.Empty(found.Items);
    }

    [Conformance]
    public async Task Of_two_puts_of_a_key_the_later_wins_whole()
    {
        await DoAsync(Commit.For(Acme).Change(Put(First, "1", "a", ("x", IndexValue.From(1)), ("y", IndexValue.From(1))), Put(First, "1", "b", ("x", IndexValue.From(2)))));
        Assert.Equal("b", await FindAsync("1", 1));
        await DoAsync(Commit.For(Acme).Change(Put(First, "1", "c", ("x", IndexValue.From(3)))));

        Assert.Equal("c", await FindAsync("1", 1));
        Assert.Equal(["c"], await QueryAsync(new DocumentQuery("orders") { Generation = 1 }));
        Assert.Equal(["c"], await QueryAsync(new DocumentQuery("orders") { Generation = 1, Equal = [new("x", IndexValue.From(3))] }));
        foreach (var stale in new IndexEntry[] { new("x", IndexValue.From(1)), new("x", IndexValue.From(2)), new("y", IndexValue.From(1)) })
            Assert.Empty(await QueryAsync(new DocumentQuery("orders") { Generation = 1, Equal = [stale] }));
    }

    [Conformance]
    public async Task Changes_apply_in_their_order()
    {
        await DoAsync(Commit.For(Acme).Change(
            Put(First, "put-delete", "x"), new DocumentChange.Delete(First, "put-delete"),
            new DocumentChange.Delete(First, "delete-put"), Put(First, "delete-put", "x"),
            new DocumentChange.Activate(Second), new DocumentChange.Activate(First)));

        Assert.Null(await FindAsync("put-delete", 1));
        Assert.Equal("x", await FindAsync("delete-put", 1));
        Assert.Equal(1, (await Store.FindDocumentsAsync(Acme, "orders", null, [], Stop)).Generation);
    }

    [Conformance]
    public async Task Deleting_removes_a_document_from_lookups_and_queries_and_what_is_not_there_can_be_deleted()
    {
        await DoAsync(Commit.For(Acme).Change(Put(First, "1", "a", ("x", IndexValue.From(1))), Put(First, "2", "b", ("x", IndexValue.From(1)))));

        await DoAsync(Commit.For(Acme).Change(
            new DocumentChange.Delete(First, "1"), new DocumentChange.Delete(First, "none"), new DocumentChange.Delete(new CollectionId("none", 7), "1")));

        Assert.Null(await FindAsync("1", 1));
        Assert.Equal(["b"], await QueryAsync(new DocumentQuery("orders") { Generation = 1, OrderBy = "x" }));
    }

    [Conformance]
    public async Task Without_an_active_generation_readers_see_generation_0_and_nothing()
    {
        await DoAsync(Commit.For(Acme).Change(Put(First, "1", "a")));

        var found = await Store.FindDocumentsAsync(Acme, "orders", null, ["1", "2"], Stop);
        var page = await Store.QueryDocumentsAsync(Acme, new DocumentQuery("orders"), Stop);

        Assert.Equal(0, found.Generation);
        Assert.Equal([null, null], found.Items);
        Assert.Equal((0, null), (page.Generation, page.Next));
        Assert.Empty(page.Items);
    }

    [Conformance]
    public async Task Activating_swaps_what_readers_see_and_all_generations_stay_readable()
    {
        await DoAsync(Commit.For(Acme).Change(Put(First, "1", "old"), new DocumentChange.Activate(First)));
        await DoAsync(Commit.For(Acme).Change(Put(Second, "1", "new")));
        Assert.Equal("old", await FindAsync("1", null));

        await DoAsync(Commit.For(Acme).Change(new DocumentChange.Activate(Second)));
        await ReopenAsync();

        Assert.Equal(("new", "old", "new"), (await FindAsync("1", null), await FindAsync("1", 1), await FindAsync("1", 2)));
        var page = await Store.QueryDocumentsAsync(Acme, new DocumentQuery("orders"), Stop);
        Assert.Equal((2, "new"), (page.Generation, Body(Assert.Single(page.Items))));
        Assert.Equal(["old"], await QueryAsync(new DocumentQuery("orders") { Generation = 1 }));
        await DoAsync(Commit.For(Acme).Change(new DocumentChange.Delete(First, "1"), new DocumentChange.Activate(First)));
        Assert.Equal((null, "new"), (await FindAsync("1", null), await FindAsync("1", 2)));
    }

    [Conformance]
    public async Task An_explicit_generation_without_documents_reads_as_itself_and_empty()
    {
        var found = await Store.FindDocumentsAsync(Acme, "orders", 3, ["1"], Stop);
        var page = await Store.QueryDocumentsAsync(Acme, new DocumentQuery("orders") { Generation = 3 }, Stop);

        Assert.Equal((3, 3), (found.Generation, page.Generation));
        Assert.Null(Assert.Single(found.Items));
        Assert.Empty(page.Items);
    }

    [Conformance]
    public async Task Collections_do_not_share_documents_or_active_generations()
    {
        await DoAsync(Commit.For(Acme).Change(
            Put(First, "1", "order"), new DocumentChange.Activate(First),
            Put(new CollectionId("Orders", 1), "1", "other case"), Put(new CollectionId("orders2", 1), "1", "longer")));

        Assert.Equal("order", await FindAsync("1", null));
        Assert.Equal(["order"], await QueryAsync(new DocumentQuery("orders")));
        Assert.Equal(0, (await Store.FindDocumentsAsync(Acme, "Orders", null, [], Stop)).Generation);
    }

    [Conformance]
    public async Task A_reader_never_sees_half_of_a_commit_that_swaps_generations()
    {
        const int Swaps = 60;
        await DoAsync(Commit.For(Acme).Change(Put(First, "1", "1"), Put(First, "2", "1"), new DocumentChange.Activate(First)));
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var looks = new int[2];

        await AtOnceAsync(3, async thread =>
        {
            if (thread == 0)
            {
                for (var generation = 2; generation <= Swaps; generation++)
                {
                    var next = new CollectionId("orders", generation);
                    var body = $"{generation}";
                    await DoAsync(Commit.For(Acme).Change(new DocumentChange.Activate(next), Put(next, "1", body), Put(next, "2", body)));
                    // Both readers look in between, so that they are there when the next one is written.
                    var seen = looks.ToArray();
                    while (!Stop.IsCancellationRequested && (Volatile.Read(ref looks[0]) == seen[0] || Volatile.Read(ref looks[1]) == seen[1]))
                        await Task.Yield();
                }

                await done.CancelAsync();
                return;
            }

            while (!done.IsCancellationRequested)
            {
                var found = await Store.FindDocumentsAsync(Acme, "orders", null, ["1", "2"], Stop);
                var page = await Store.QueryDocumentsAsync(Acme, new DocumentQuery("orders"), Stop);
                Assert.All(found.Items, document => Assert.Equal($"{found.Generation}", Body(document)));
                Assert.Equal([$"{page.Generation}", $"{page.Generation}"], page.Items.Select(Body));
                Interlocked.Increment(ref looks[thread - 1]);
            }
        });
    }

    private static DocumentChange.Put Put(CollectionId collection, string key, string body, params (string Index, IndexValue Value)[] index) =>
        new(collection, Document(key, body, index));

    private static string? Body(Document? document) => document is null ? null : Encoding.UTF8.GetString(document.Body.Span);

    private async Task<string?> FindAsync(string key, int? generation) =>
        Body((await Store.FindDocumentsAsync(Acme, "orders", generation, [key], Stop)).Items[0]);

    private async Task<IEnumerable<string?>> QueryAsync(DocumentQuery query) =>
        (await Store.QueryDocumentsAsync(Acme, query, Stop)).Items.Select(Body);
}
