using System.Text;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Testing.Randomness;
using Xunit;
using static Tallystick.Testing.Conformance.TestEvents;

namespace Tallystick.Testing.Conformance;

/// <summary>That a journal has what commits did beside their events, in their order, and nothing else.</summary>
internal sealed class JournalConformance : ConformanceArea
{
    private static readonly CollectionId Orders = new("orders", 1);

    [Conformance]
    public async Task An_entry_has_what_its_commit_did_to_documents_checkpoints_and_keys()
    {
        await DoAsync(Commit.For(Acme).Save("before", LogPosition.Of(1)));
        await DoAsync(Commit.For(Acme).Journal(on: true));
        var binary = Document("🦊", "{}", ("city", IndexValue.From("Zürich")), ("none", IndexValue.Null)) with { Body = new byte[] { 0xFF, 0, 0x80 } };

        await PlaceAsync(2);
        var result = await DoAsync(Commit.For(Acme)
            .Append(Order2, ExpectedVersion.NoStream, Make.Event())
            .Change(
                new DocumentChange.Put(Orders, binary), new DocumentChange.Delete(Orders, "2"), new DocumentChange.Activate(Orders))
            .Save("orders", LogPosition.Of(3), LogPosition.Start).Forget("before", LogPosition.Of(1))
            .Once(new IdempotencyKey("once", "print")));
        await DoAsync(Commit.For(Acme).Save("orders", LogPosition.Of(4)));
        await RefusedAsync<Refusal.CheckpointMoved>(Commit.For(Acme).Save("orders", LogPosition.Of(9), LogPosition.Of(1)));
        await DoAsync(Commit.For(Acme).Remember(new RememberedCommit(new IdempotencyKey("brought"), result with { IsReplay = true })));
        await ReopenAsync();

        var storage = await Store.ReadTenantAsync(Acme, Stop);
        var entries = await Store.ReadJournalAsync(Acme, storage.JournalStart!.Value, 10, Stop);
        Assert.Equal([storage.JournalHead - 2, storage.JournalHead - 1, storage.JournalHead], entries.Select(entry => entry.Number));
        Assert.Equal(storage.JournalStart + 1, entries[0].Number);
        Assert.Equal("""
            [{"document":{"collection":"orders","generation":1,"key":"🦊","position":0,"index":["city","MFrDvHJpY2gA","none",""],"body64":"/wCA"}},
            {"deleted":{"collection":"orders","generation":1,"key":"2"}},
            {"active":{"collection":"orders","generation":1}},
            {"checkpoint":{"name":"orders","position":3}},{"checkpoint":{"name":"before"}},
            {"remembered":{"key":"once","fingerprint":"print","first":3,"last":3,"streams":["order-2",1]}}]
            """.ReplaceLineEndings("").Replace("MFrDvHJpY2gA", Convert.ToBase64String(IndexValue.From("Zürich").Bytes), StringComparison.Ordinal)
                .Replace("\"none\",\"\"", $"\"none\",\"{Convert.ToBase64String(IndexValue.Null.Bytes)}\"", StringComparison.Ordinal),
            Encoding.UTF8.GetString(entries[0].ToBytes()).Replace("\\uD83E\\uDD8A", "🦊", StringComparison.Ordinal));
        Assert.Equal("""[{"checkpoint":{"name":"orders","position":4}}]""", Encoding.UTF8.GetString(entries[1].ToBytes()));
        Assert.Equal("brought", Assert.Single(entries[2].Remembered).Key.Value);
        Assert.Equal(binary.Body.ToArray(), Assert.IsType<DocumentChange.Put>(entries[0].Documents[0]).Document.Body.ToArray());
        Assert.Equal(entries[1..].Select(entry => entry.Number), (await Store.ReadJournalAsync(Acme, entries[0].Number, 10, Stop)).Select(entry => entry.Number));
        Assert.Single(await Store.ReadJournalAsync(Acme, 0, 1, Stop));
    }

    [Conformance]
    public async Task Without_a_journal_nothing_is_kept_and_commits_of_events_alone_leave_no_entry()
    {
        await TenantCalls.FillAsync(Store, Acme, 2, Stop);
        await DoAsync(Commit.For(Acme).Journal(on: false));
        Assert.Empty(await Store.ReadJournalAsync(Acme, 0, 10, Stop));
        await DoAsync(Commit.For(Acme).Journal(on: true));

        await PlaceAsync(3);
        await TenantCalls.FillAsync(Store, Globex, 2, Stop);

        var storage = await Store.ReadTenantAsync(Acme, Stop);
        Assert.Empty(await Store.ReadJournalAsync(Acme, 0, 10, Stop));
        Assert.True(storage.IsJournaling);
        Assert.Equal(storage.JournalStart, storage.JournalHead);
        Assert.False((await Store.ReadTenantAsync(Globex, Stop)).IsJournaling);
    }

    [Conformance]
    public async Task Each_session_has_a_number_of_its_own_and_switching_off_removes_all_entries()
    {
        var store = await OpenAsync(StoreLimits.Default with { ErasedRowsPerCommitMax = 3 });
        await store.CommitAsync(Commit.For(Acme).Journal(on: true), Stop);
        var first = await store.ReadTenantAsync(Acme, Stop);
        for (var i = 1; i <= 7; i++)
            await store.CommitAsync(Commit.For(Acme).Save("orders", LogPosition.Of(i)), Stop);

        var again = (await store.CommitAsync(Commit.For(Acme).Journal(on: true), Stop)).Demand();
        var second = await store.ReadTenantAsync(Acme, Stop);
        await store.CommitAsync(Commit.For(Acme).Save("orders", LogPosition.Of(8)), Stop);
        Assert.True(again.HasMore);
        Assert.True(second.JournalStart > first.JournalStart + 7);
        Assert.Single(await store.ReadJournalAsync(Acme, second.JournalStart!.Value, 10, Stop));

        var removals = 1;
        while ((await store.CommitAsync(Commit.For(Acme).Journal(on: false), Stop)).Demand().HasMore)
            removals++;
        Assert.InRange(removals, 2, 3);
        Assert.Empty(await store.ReadJournalAsync(Acme, 0, 10, Stop));
        Assert.False((await store.ReadTenantAsync(Acme, Stop)).IsJournaling);
        await store.CommitAsync(Commit.For(Acme).Save("orders", LogPosition.Of(9)), Stop);
        Assert.Empty(await store.ReadJournalAsync(Acme, 0, 10, Stop));
    }

    [Conformance]
    public async Task A_page_of_the_journal_ends_at_PageBytesMax_but_has_one_entry()
    {
        var store = await OpenAsync(StoreLimits.Default with { PageBytesMax = 300 });
        await store.CommitAsync(Commit.For(Acme).Journal(on: true), Stop);
        foreach (var length in new[] { 10, 10, 1000, 10 })
            await store.CommitAsync(Commit.For(Acme).Change(new DocumentChange.Put(Orders, Document("1", new string('x', length)))), Stop);

        var lengths = new List<int>();
        long after = 0;
        for (var page = await store.ReadJournalAsync(Acme, after, 10, Stop); page.Length > 0; page = await store.ReadJournalAsync(Acme, after, 10, Stop))
        {
            lengths.Add(page.Length);
            after = page[^1].Number;
        }

        Assert.Equal([2, 1, 1], lengths);
    }

    [Conformance]
    public async Task The_journal_is_switched_behind_a_fence_too()
    {
        await DoAsync(Commit.For(Acme).Fence("moved"));
        await DoAsync(Commit.For(Acme).Journal(on: true));
        Assert.True((await Store.ReadTenantAsync(Acme, Stop)).IsJournaling);
        await DoAsync(Commit.For(Acme).Journal(on: false));
    }

    [Conformance]
    public async Task A_copy_that_was_made_while_documents_changed_is_whole_once_the_journal_is_replayed()
    {
        var random = DrawSeed(1);
        await TenantCalls.FillAsync(Store, Acme, 3, Stop);
        await DoAsync(Commit.For(Acme).Journal(on: true));
        var copy = new InMemoryStore();
        await AtOnceAsync(2, async thread =>
        {
            if (thread == 0)
                await ChangeAsync(random);
            else
                await CopyDocumentsAsync(copy);
        });

        var storage = await Store.ReadTenantAsync(Acme, Stop);
        for (var (after, page) = (storage.JournalStart!.Value, default(System.Collections.Immutable.ImmutableArray<JournalEntry>)); after < storage.JournalHead; after = page[^1].Number)
        {
            page = await Store.ReadJournalAsync(Acme, after, 7, Stop);
            foreach (var entry in page)
                (await copy.CommitAsync(entry.ApplyTo(Commit.For(Acme)), Stop)).Demand();
        }

        Assert.Equal(await DocumentsAsync(Store), await DocumentsAsync(copy));
    }

    private async Task ChangeAsync(SeededEntropy random)
    {
        for (var i = 0; i < 60; i++)
        {
            var key = $"{random.Next(12)}";
            var collection = new CollectionId("orders", random.Next(1, 3));
            await DoAsync(Commit.For(Acme).Change(
                random.Next(3) == 0 ? new DocumentChange.Delete(collection, key) : new DocumentChange.Put(collection, Document(key, $"{i}", ("age", IndexValue.From(i)))),
                new DocumentChange.Activate(new CollectionId("customers", random.Next(1, 3)))));
        }
    }

    private async Task CopyDocumentsAsync(InMemoryStore copy)
    {
        foreach (var collection in await Store.ReadCollectionsAsync(Acme, null, 100, Stop))
        {
            DocumentPage? page = null;
            do
            {
                page = await Store.QueryDocumentsAsync(
                    Acme, new DocumentQuery(collection.Id.Name) { Generation = collection.Id.Generation, After = page?.Next, Limit = 2 }, Stop);
                await copy.CommitAsync(Commit.For(Acme).Change([.. page.Items.Select(document => new DocumentChange.Put(collection.Id, document))]), Stop);
            }
            while (page.Next is not null);
            if (collection.IsActive)
                await copy.CommitAsync(Commit.For(Acme).Change(new DocumentChange.Activate(collection.Id)), Stop);
        }
    }

    private async Task<string> DocumentsAsync(IStore store) => string.Join(
        '\n', (await TenantDump.ContentAsync(store, Acme, Stop)).Split('\n').Where(line => line.Contains("collection", StringComparison.Ordinal) || line.StartsWith("  document", StringComparison.Ordinal)));
}
