using Tallystick.Storage;
using static Tallystick.Testing.Conformance.TestEvents;
using Xunit;

namespace Tallystick.Testing.Conformance;

/// <summary>Queries of documents: filters, order and pages.</summary>
internal sealed class DocumentQueryConformance : ConformanceArea
{
    private static readonly CollectionId People = new("people", 1);
    private static readonly DocumentQuery All = new("people");

    [Conformance]
    public async Task Documents_are_ordered_by_the_utf8_bytes_of_their_keys()
    {
        // UTF-16 would sort the fox (a surrogate pair, U+1F98A) before U+E000 and U+FF5E, and a language's rules would mix up the cases.
        string[] ordered = ["", "!", "A", "B", "Z", "a", "a ", "aa", "ab", "b", "z", "\u00e9", "\u20ac", "\ue000", "\uff5e", "\U0001F98A", "\U0001F98A!", "\U0010FFFF"];
        await PutAsync([.. ordered.Skip(1).Reverse().Select(key => Person(key))]);

        Assert.Equal(ordered.Skip(1), await KeysAsync(All));
        Assert.Equal(ordered.Skip(1).Reverse(), await KeysAsync(All with { Descending = true }));
        Assert.Equal(ordered.Skip(1), await PagedAsync(All with { Limit = 2 }));
    }

    [Conformance]
    public async Task Documents_are_ordered_by_an_index_and_ties_by_key_in_the_same_direction()
    {
        await PutAsync(Person("d", age: 1), Person("b", age: 2), Person("a", age: 2), Person("c", age: -5), Person("e", age: 2));

        Assert.Equal("c d a b e", await TextAsync(All with { OrderBy = "age" }));
        Assert.Equal("e b a d c", await TextAsync(All with { OrderBy = "age", Descending = true }));
    }

    [Conformance]
    public async Task Null_sorts_before_all_others_and_a_document_outside_the_index_is_left_out()
    {
        await PutAsync(Person("a", age: 0), Person("b"), Person("c", age: -1), Person("d", IndexValue.Null));

        Assert.Equal("d c a", await TextAsync(All with { OrderBy = "age" }));
        Assert.Equal("a c d", await TextAsync(All with { OrderBy = "age", Descending = true }));
        Assert.Equal("d c a", string.Join(' ', await PagedAsync(All with { OrderBy = "age", Limit = 1 })));
        Assert.Equal("", await TextAsync(All with { OrderBy = "no such index" }));
    }

    [Conformance]
    public async Task A_document_outside_an_index_is_left_out_by_its_filters_too()
    {
        await PutAsync(Person("a", age: 0), Person("b"), Person("c", IndexValue.Null));

        Assert.Equal("c", await TextAsync(All with { Equal = [new("age", IndexValue.Null)] }));
        Assert.Equal("c", await TextAsync(All with { Range = new IndexRange("age", null, IndexValue.From(0)) }));
        Assert.Equal("a", await TextAsync(All with { Range = new IndexRange("age", IndexValue.From(0), null) }));
        Assert.Equal("a c", await TextAsync(All with { Range = new IndexRange("age", null, null) }));
    }

    [Conformance]
    public async Task All_of_the_demanded_values_must_be_equal()
    {
        await PutAsync(Person("a", age: 1, city: "Rome"), Person("b", age: 1, city: "rome"), Person("c", age: 2, city: "Rome"), Person("d", age: 1));

        Assert.Equal("a c", await TextAsync(All with { Equal = [new("city", IndexValue.From("Rome"))] }));
        Assert.Equal("a", await TextAsync(All with { Equal = [new("city", IndexValue.From("Rome")), new("age", IndexValue.From(1))] }));
        Assert.Equal("", await TextAsync(All with { Equal = [new("city", IndexValue.From("Rome")), new("city", IndexValue.From("rome"))] }));
        Assert.Equal("", await TextAsync(All with { Equal = [new("nothing", IndexValue.From("Rome"))] }));
        Assert.Equal("", await TextAsync(All with { Equal = [new("city", IndexValue.From(1))] }));
    }

    [Conformance]
    public async Task A_range_includes_its_start_and_excludes_its_end()
    {
        await PutAsync(Person("a", age: 1), Person("b", age: 2), Person("c", age: 3), Person("d", age: 4));

        Assert.Equal("b c", await TextAsync(All with { Range = new IndexRange("age", IndexValue.From(2), IndexValue.From(4)) }));
        Assert.Equal("c d", await TextAsync(All with { Range = new IndexRange("age", IndexValue.From(2.5m), null) }));
        Assert.Equal("", await TextAsync(All with { Range = new IndexRange("age", IndexValue.From(2), IndexValue.From(2)) }));
        Assert.Equal("", await TextAsync(All with { Range = new IndexRange("age", IndexValue.From(4), IndexValue.From(1)) }));
    }

    [Conformance]
    public async Task Filters_and_orders_over_different_indexes_go_together()
    {
        await PutAsync(
            Person("a", age: 3, city: "Rome"), Person("b", age: 1, city: "Rome"), Person("c", age: 2, city: "Bern"), Person("d", age: 2, city: "Rome"),
            Person("e", age: 9, city: "Rome"));
        var query = All with
        {
            Equal = [new("city", IndexValue.From("Rome"))], Range = new IndexRange("age", IndexValue.From(1), IndexValue.From(9)), Descending = true,
        };

        Assert.Equal("d b a", await TextAsync(query));
        Assert.Equal("a d b", await TextAsync(query with { OrderBy = "age" }));
        Assert.Equal(["d", "b", "a"], await PagedAsync(query with { Limit = 1 }));
        Assert.Equal(["a", "d", "b"], await PagedAsync(query with { OrderBy = "age", Limit = 2 }));
    }

    [Conformance]
    [Row(2, 2, false)]
    [Row(2, 3, false)]
    [Row(3, 2, true)]
    public async Task Next_is_given_only_when_more_documents_follow(int documents, int limit, bool more)
    {
        await PutAsync([.. Enumerable.Range(1, documents).Select(n => Person($"{n}", age: n))]);

        var byKey = await Store.QueryDocumentsAsync(Acme, All with { Limit = limit }, Stop);
        var byAge = await Store.QueryDocumentsAsync(Acme, All with { Limit = limit, OrderBy = "age" }, Stop);

        Assert.Equal(more ? new DocumentCursor(null, "2") : null, byKey.Next);
        Assert.Equal(more ? new DocumentCursor(IndexValue.From(2), "2") : null, byAge.Next);
        Assert.Equal(Math.Min(documents, limit), byKey.Items.Length);
    }

    [Conformance]
    [Row(false, null)]
    [Row(true, null)]
    [Row(false, "age")]
    [Row(true, "age")]
    public async Task Pages_stay_right_when_documents_come_and_go_between_them(bool descending, string? orderBy)
    {
        await PutAsync([.. Enumerable.Range(10, 10).Select(n => Person($"{n}", age: n))]);
        var query = All with { Descending = descending, OrderBy = orderBy, Limit = 4 };
        var first = await Store.QueryDocumentsAsync(Acme, query, Stop);
        var last = int.Parse(first.Items[^1].Key, System.Globalization.CultureInfo.InvariantCulture);
        var forward = descending ? -1 : 1;

        // The cursor's own document goes, one appears before it that was passed already, and one right after it.
        await DoAsync(Commit.For(Acme).Change(
            new DocumentChange.Delete(People, $"{last}"),
            new DocumentChange.Delete(People, $"{last + (2 * forward)}"),
            new DocumentChange.Put(People, Between(last - forward, last)),
            new DocumentChange.Put(People, Between(last, last + forward))));
        var second = await Store.QueryDocumentsAsync(Acme, query with { After = first.Next }, Stop);

        Assert.Equal(
            [Between(last, last + forward).Key, $"{last + forward}", $"{last + (3 * forward)}", $"{last + (4 * forward)}"],
            second.Items.Select(item => item.Key));
    }

    [Conformance]
    public async Task A_cursor_need_not_name_a_document_that_exists()
    {
        await PutAsync(Person("a", age: 1), Person("c", age: 3));

        Assert.Equal("c", await TextAsync(All with { After = new DocumentCursor(null, "b") }));
        Assert.Equal("a", await TextAsync(All with { After = new DocumentCursor(null, "b"), Descending = true }));
        Assert.Equal("c", await TextAsync(All with { OrderBy = "age", After = new DocumentCursor(IndexValue.From(2), "z") }));
        Assert.Equal("c", await TextAsync(All with { OrderBy = "age", After = new DocumentCursor(IndexValue.From(3), "a") }));
        Assert.Equal("", await TextAsync(All with { After = new DocumentCursor(null, "c") }));
    }

    [Conformance]
    public async Task A_cursor_of_another_order_is_misuse()
    {
        await PutAsync(Person("a", age: 1));

        await Assert.ThrowsAnyAsync<ArgumentException>(
            async () => await Store.QueryDocumentsAsync(Acme, All with { OrderBy = "age", After = new DocumentCursor(null, "a") }, Stop));
        await Assert.ThrowsAnyAsync<ArgumentException>(
            async () => await Store.QueryDocumentsAsync(Acme, All with { After = new DocumentCursor(IndexValue.From(1), "a") }, Stop));
    }

    [Conformance]
    public async Task Values_of_each_kind_sort_by_value()
    {
        IndexValue[] ordered =
        [
            IndexValue.Null, IndexValue.From(false), IndexValue.From(true), IndexValue.From(decimal.MinValue), IndexValue.From(-10),
            IndexValue.From(-1.5m), IndexValue.From(0), IndexValue.From(0.0000000000000000000000000001m), IndexValue.From(9), IndexValue.From(10),
            IndexValue.From(decimal.MaxValue), IndexValue.From(DateTimeOffset.MinValue), IndexValue.From(new DateOnly(2026, 1, 1)), IndexValue.From(""),
            IndexValue.From("\0"), IndexValue.From("Z"), IndexValue.From("a"), IndexValue.From("a\0"), IndexValue.From("\U0001F98A"),
            IndexValue.From(Id(1)), IndexValue.From(Id(2)),
        ];
        await PutAsync([.. ordered.Select((value, i) => Person($"{(char)('a' + ordered.Length - i)}", value))]);

        var page = await Store.QueryDocumentsAsync(Acme, All with { OrderBy = "age" }, Stop);

        Assert.Equal(ordered, page.Items.Select(document => document.Index[0].Value));
    }

    private static Document Person(string key, IndexValue age) => Document(key, "{}", ("age", age));

    private static Document Person(string key, long? age = null, string? city = null) => Document(key, "{}", [
        .. age is { } years ? [("age", IndexValue.From(years))] : Array.Empty<(string, IndexValue)>(),
        .. city is null ? [] : new[] { ("city", IndexValue.From(city)) },
    ]);

    /// <summary>A document whose key and age lie between those of two neighbours.</summary>
    private static Document Between(int one, int other) => Person($"{Math.Min(one, other)}.5", IndexValue.From(Math.Min(one, other) + 0.5m));

    private Task<CommitResult.Committed> PutAsync(params Document[] documents) => DoAsync(Commit.For(Acme).Change(
        [.. documents.Select(document => new DocumentChange.Put(People, document)), new DocumentChange.Activate(People)]));

    private async Task<IEnumerable<string>> KeysAsync(DocumentQuery query) =>
        (await Store.QueryDocumentsAsync(Acme, query, Stop)).Items.Select(document => document.Key);

    private async Task<string> TextAsync(DocumentQuery query) => string.Join(' ', await KeysAsync(query));

    private async Task<List<string>> PagedAsync(DocumentQuery query)
    {
        List<string> keys = [];
        do
        {
            var page = await Store.QueryDocumentsAsync(Acme, query, Stop);
            Assert.InRange(page.Items.Length, 1, query.Limit);
            Assert.True(page.Next is null || page.Next != query.After, "each page ends beyond the one before");
            keys.AddRange(page.Items.Select(document => document.Key));
            query = query with { After = page.Next };
        }
        while (query.After is not null);
        return keys;
    }
}
