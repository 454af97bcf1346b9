using System.Collections.Immutable;
using System.Text;
using Tallystick.Events;
using Tallystick.Storage;
using Xunit;
using static Tallystick.Testing.Conformance.TestEvents;

namespace Tallystick.Testing.Conformance;

/// <summary>That a store lists all that it has of a tenant, in pages, and knows its size.</summary>
internal sealed class InventoryConformance : ConformanceArea
{
    private static readonly string[] Names = ["a", "B", "ab", "\uff5e", "🦊", "🦊1", "é", "z"];

    private static IEnumerable<string> Sorted => Names.OrderBy(name => Convert.ToHexString(Encoding.UTF8.GetBytes(name)), StringComparer.Ordinal);

    [Conformance]
    public async Task Checkpoints_and_remembered_results_are_listed_page_by_page_in_the_order_of_their_bytes()
    {
        foreach (var name in Names)
            await DoAsync(Commit.For(Acme).Save(name, LogPosition.Of(name.Length)).Once(new IdempotencyKey(name, "print")));
        await DoAsync(Commit.For(Acme).Save("gone", LogPosition.Of(1)));
        await DoAsync(Commit.For(Acme).Forget("gone"));
        await TenantCalls.FillAsync(Store, Globex, 2, Stop);

        var checkpoints = await PagesAsync<StoredCheckpoint, string>(3, after => Store.ReadCheckpointsAsync(Acme, after, 3, Stop), one => one.Name);
        var remembered = await PagesAsync<RememberedCommit, string>(3, after => Store.ReadRememberedAsync(Acme, after, 3, Stop), one => one.Key.Value);

        Assert.Equal(Sorted.Select(name => new StoredCheckpoint(name, LogPosition.Of(name.Length))), checkpoints);
        Assert.Equal(Sorted.Select(name => new IdempotencyKey(name, "print")), remembered.Select(one => one.Key));
        Assert.All(remembered, one => Assert.True(one.Result.IsReplay));
    }

    [Conformance]
    public async Task Collections_are_listed_that_have_documents_or_are_active()
    {
        foreach (var name in Names)
        {
            await DoAsync(Commit.For(Acme).Change(
                new DocumentChange.Put(new CollectionId(name, 10), Document("1", "a")), new DocumentChange.Put(new CollectionId(name, 2), Document("1", "a")),
                new DocumentChange.Activate(new CollectionId(name, 2))));
        }

        await DoAsync(Commit.For(Acme).Change(
            new DocumentChange.Delete(new CollectionId("never", 1), "1"), new DocumentChange.Put(new CollectionId("emptied", 1), Document("1", "a")),
            new DocumentChange.Activate(new CollectionId("bare", 3))));
        await DoAsync(Commit.For(Acme).Change(new DocumentChange.Delete(new CollectionId("emptied", 1), "1")));
        await TenantCalls.FillAsync(Store, Globex, 2, Stop);

        var listed = await PagesAsync<StoredCollection, CollectionId?>(3, after => Store.ReadCollectionsAsync(Acme, after, 3, Stop), one => one.Id);

        var expected = Sorted.SelectMany(name => new[] { new StoredCollection(new CollectionId(name, 2), true), new StoredCollection(new CollectionId(name, 10), false) }).ToList();
        expected.Insert(expected.FindIndex(one => one.Id.Name == "z"), new StoredCollection(new CollectionId("bare", 3), true));
        Assert.Equal(expected, listed);
    }

    [Conformance]
    public async Task The_stored_bytes_are_those_of_all_payloads_and_bodies_after_every_change_and_after_reopening()
    {
        var orders = new CollectionId("orders", 1);
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event(payload: "12345"), Make.Event(payload: "")));
        Assert.Equal(5, await BytesAsync());
        await DoAsync(Commit.For(Acme).Change(new DocumentChange.Put(orders, Document("1", "1234567")), new DocumentChange.Put(new CollectionId("orders", 2), Document("1", "1"))));
        Assert.Equal(13, await BytesAsync());
        await ReopenAsync();
        await DoAsync(Commit.For(Acme).Change(new DocumentChange.Put(orders, Document("1", "123"))).Append(Order1, ExpectedVersion.Any, Make.Event(payload: "1")));
        Assert.Equal(10, await BytesAsync());
        await DoAsync(Commit.For(Acme).Adopt([]).Change(
            new DocumentChange.Delete(orders, "none"), new DocumentChange.Put(orders, Document("2", "12")), new DocumentChange.Put(orders, Document("2", "1"))));
        Assert.Equal(11, await BytesAsync());
        await RefusedAsync<Refusal.WrongVersion>(Commit.For(Acme).Append(Order1, ExpectedVersion.NoStream, Make.Event(payload: "123")));
        await DoAsync(Commit.For(Acme).Change(new DocumentChange.Delete(orders, "1"), new DocumentChange.Delete(orders, "2")));
        Assert.Equal(7, await BytesAsync());
        await ReopenAsync();
        Assert.Equal(7, await BytesAsync());
        await DoAsync(Commit.For(Globex).Adopt(await LogAsync(Acme)));
        Assert.Equal(6, (await Store.ReadTenantAsync(Globex, Stop)).StoredBytes);
    }

    [Conformance]
    public async Task An_unknown_tenant_has_nothing_and_asking_for_it_does_not_make_it_known()
    {
        Assert.Equal(TenantStorage.None, await Store.ReadTenantAsync(Acme, Stop));
        Assert.Empty(await Store.ReadCollectionsAsync(Acme, null, 10, Stop));
        Assert.Empty(await Store.ReadCheckpointsAsync(Acme, null, 10, Stop));
        Assert.Empty(await Store.ReadRememberedAsync(Acme, null, 10, Stop));
        Assert.Empty(await Store.ReadJournalAsync(Acme, 0, 10, Stop));
    }

    private async Task<long> BytesAsync() => (await Store.ReadTenantAsync(Acme, Stop)).StoredBytes;

    private static async Task<List<T>> PagesAsync<T, TAfter>(int count, Func<TAfter?, ValueTask<ImmutableArray<T>>> read, Func<T, TAfter> keyOf)
    {
        var all = new List<T>();
        var page = await read(default);
        for (; page.Length == count; page = await read(keyOf(page[^1])))
            all.AddRange(page);
        all.AddRange(page);
        return all;
    }
}
