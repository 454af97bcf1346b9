using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Testing.Randomness;
using static Tallystick.Testing.Conformance.TestEvents;
using Xunit;

namespace Tallystick.Testing.Conformance;

/// <summary>That events come back as they were given, and what a page of them is.</summary>
internal sealed class ReadConformance : ConformanceArea
{
    [Conformance]
    public async Task Every_field_of_an_event_comes_back_as_it_was_given()
    {
        var given = new NewEvent(Id(77), "order.placed", 3, Bytes("{\"n\":1}"), ["customer:ann", "region:eu"]);
        var metadata = new EventMetadata("correlation", Id(78), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "ann");
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, given).From(metadata));
        await ReopenAsync();

        var e = Assert.Single(await LogAsync(Acme));

        Assert.Equal((1, 1, Order1), (e.Position.Value, e.Version.Value, e.Stream));
        Assert.Equal((given.Id, given.Type, given.SchemaVersion), (e.Id, e.Type, e.SchemaVersion));
        Assert.Equal(given.Payload.ToArray(), e.Payload.ToArray());
        Assert.Equal(given.Tags, e.Tags);
        Assert.Equal(metadata, e.Metadata);
        Assert.Equal(PreparedCommit.SaltBytes, e.Salt.Length);
    }

    [Conformance]
    public async Task Absent_metadata_tags_and_payload_come_back_absent_or_empty_and_never_as_each_other()
    {
        await DoAsync(Commit.For(Acme)
            .Append(Order1, ExpectedVersion.Any, Make.Event(payload: "") with { Tags = default })
            .From(new EventMetadata(UserId: "")));
        await ReopenAsync();

        var e = Assert.Single(await LogAsync(Acme));

        Assert.Equal(new EventMetadata(null, null, null, ""), e.Metadata);
        Assert.False(e.Tags.IsDefault);
        Assert.Empty(e.Tags);
        Assert.True(e.Payload.IsEmpty);
    }

    [Conformance]
    public async Task Any_text_and_any_bytes_come_back_as_they_were_given()
    {
        var stream = new StreamId("a.b_9", "🦊-Ünï/ç@'\"%_\\;--\uFFFD\uE000");
        var tags = ImmutableArray.Create("two words", " leading", "emoji 🦊", "quote'\"", "a|b,c;d", "same", "same", "Same", "e\u0301", "\u00e9");
        var payloads = new[] { [], [0], [0xFF, 0xFE, 0x00, 0x80], RandomBytes(1024 * 1024) };
        var events = payloads.Select(bytes => Make.Event(bytes) with { Type = "Ördér placed '🦊'", Tags = tags });
        var metadata = new EventMetadata("korrelation 🦊", null, "", "user'); drop table events;--");
        await DoAsync(Commit.For(Acme).Append(stream, ExpectedVersion.NoStream, [.. events]).From(metadata));
        await ReopenAsync();

        var read = await Store.ReadStreamAsync(Acme, new StreamRead(stream, StreamVersion.None, 10), Stop);

        Assert.Equal(payloads, read.Select(e => e.Payload.ToArray()));
        Assert.All(read, e => Assert.Equal(tags, e.Tags));
        Assert.All(read, e => Assert.Equal(("Ördér placed '🦊'", stream, metadata), (e.Type, e.Stream, e.Metadata)));
    }

    [Conformance]
    public async Task Streams_whose_names_differ_in_case_or_normal_form_only_are_different_streams()
    {
        StreamId[] streams = [new("order", "a"), new("order", "A"), new("order", "\u00e9"), new("order", "e\u0301"), new("order", "a-"), new("order.a", "a")];
        foreach (var stream in streams)
            await DoAsync(Commit.For(Acme).Append(stream, ExpectedVersion.NoStream, Make.Event()));

        foreach (var stream in streams)
            Assert.Equal(StreamVersion.Of(1), await Store.ReadStreamVersionAsync(Acme, stream, Stop));
    }

    [Conformance]
    public async Task A_stream_without_events_reads_as_empty_at_version_0()
    {
        await PlaceAsync(1);

        Assert.Equal(StreamVersion.None, await Store.ReadStreamVersionAsync(Acme, Order2, Stop));
        Assert.Empty(await Store.ReadStreamAsync(Acme, new StreamRead(Order2, StreamVersion.None, 10), Stop));
        Assert.Empty(await Store.ReadStreamAsync(Acme, new StreamRead(Order2, StreamVersion.Of(9), 10, ReadDirection.Backwards), Stop));
    }

    [Conformance]
    [Row(0, 100, ReadDirection.Forwards, new long[] { 1, 2, 3, 4, 5 })]
    [Row(1, 100, ReadDirection.Forwards, new long[] { 1, 2, 3, 4, 5 })]
    [Row(2, 3, ReadDirection.Forwards, new long[] { 2, 3, 4 })]
    [Row(5, 1, ReadDirection.Forwards, new long[] { 5 })]
    [Row(6, 1, ReadDirection.Forwards, new long[] { })]
    [Row(long.MaxValue, 1, ReadDirection.Forwards, new long[] { })]
    [Row(5, 100, ReadDirection.Backwards, new long[] { 5, 4, 3, 2, 1 })]
    [Row(long.MaxValue, 2, ReadDirection.Backwards, new long[] { 5, 4 })]
    [Row(3, 2, ReadDirection.Backwards, new long[] { 3, 2 })]
    [Row(1, 9, ReadDirection.Backwards, new long[] { 1 })]
    [Row(0, 9, ReadDirection.Backwards, new long[] { })]
    public async Task A_stream_is_read_from_a_version_in_either_direction(long from, int count, ReadDirection direction, long[] versions)
    {
        for (var i = 0; i < 5; i++)
        {
            await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()));
            await DoAsync(Commit.For(Acme).Append(Order2, ExpectedVersion.Any, Make.Event()));
        }

        var events = await Store.ReadStreamAsync(Acme, new StreamRead(Order1, StreamVersion.Of(from), count, direction), Stop);

        Assert.Equal(versions, events.Select(e => e.Version.Value));
        Assert.All(events, e => Assert.Equal(Order1, e.Stream));
    }

    [Conformance]
    [Row(0, 100, new long[] { 1, 2, 3, 4, 5 })]
    [Row(2, 2, new long[] { 3, 4 })]
    [Row(4, 1, new long[] { 5 })]
    [Row(5, 1, new long[] { })]
    public async Task The_log_is_read_after_a_position(long after, int count, long[] positions)
    {
        await PlaceAsync(5);

        var page = await Store.ReadLogAsync(Acme, new LogRead(LogPosition.Of(after), count), Stop);

        Assert.Equal(positions, page.Events.Select(e => e.Position.Value));
        Assert.Equal(positions.LastOrDefault(after), page.Through.Value);
    }

    [Conformance]
    [Row(0)]
    [Row(9)]
    public async Task Through_is_the_asked_for_start_when_there_is_nothing_more(long after)
    {
        var page = await Store.ReadLogAsync(Acme, new LogRead(LogPosition.Of(after), 10), Stop);

        Assert.Empty(page.Events);
        Assert.Equal(after, page.Through.Value);
    }

    [Conformance]
    public async Task A_page_that_is_not_full_was_examined_up_to_the_head()
    {
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event("a", "{}", "x"), Make.Event("b"), Make.Event("a"), Make.Event("b")));

        var some = await Store.ReadLogAsync(Acme, new LogRead(LogPosition.Start, 10, EventQuery.OfTypes("a")), Stop);
        var none = await Store.ReadLogAsync(Acme, new LogRead(LogPosition.Start, 10, EventQuery.OfTypes("c")), Stop);

        Assert.Equal([1, 3], some.Events.Select(e => e.Position.Value));
        Assert.Equal(4, some.Through.Value);
        Assert.Empty(none.Events);
        Assert.Equal(4, none.Through.Value);
    }

    [Conformance]
    public async Task Pages_of_a_query_that_follow_each_other_by_Through_give_every_match_once()
    {
        for (var i = 0; i < 60; i++)
            await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event(i % 3 == 0 ? "a" : "b", "{}", $"n:{i % 5}")));
        var query = EventQuery.Tagged("n:1").OfType("a").Or(EventQuery.Tagged("n:2", "n:2")).Or(EventQuery.Tagged("n:1", "n:2"));
        var expected = Enumerable.Range(0, 60).Where(i => (i % 5 == 1 && i % 3 == 0) || i % 5 == 2).Select(i => i + 1L);

        List<long> found = [];
        for (var after = LogPosition.Start; after < LogPosition.Of(60);)
        {
            var page = await Store.ReadLogAsync(Acme, new LogRead(after, 2, query), Stop);
            Assert.True(page.Through > after, "a page that isn't at the head moves on");
            Assert.InRange(page.Events.Length, 0, 2);
            found.AddRange(page.Events.Select(e => e.Position.Value));
            after = page.Through;
        }

        Assert.Equal(expected, found);
    }

    [Conformance]
    [Row("a", 3)]
    [Row("A", 0)]
    [Row("x", 2)]
    [Row("%", 0)]
    public async Task Types_and_tags_match_exactly(string word, int matches)
    {
        await DoAsync(Commit.For(Acme).Append(
            Order1, ExpectedVersion.Any, Make.Event("a"), Make.Event("b", "{}", "x", "y z"), Make.Event("a", "{}", "x"), Make.Event("a", "{}", "xx")));

        var query = EventQuery.OfTypes(word).Or(EventQuery.Tagged(word));
        var page = await Store.ReadLogAsync(Acme, new LogRead(LogPosition.Start, 10, query), Stop);
        var both = await Store.ReadLogAsync(Acme, new LogRead(LogPosition.Start, 10, EventQuery.Tagged("y z", "x")), Stop);

        Assert.Equal(matches, page.Events.Length);
        Assert.Equal(2, Assert.Single(both.Events).Position.Value);
    }

    [Conformance]
    public async Task PageBytesMax_cuts_pages_but_always_lets_one_event_through()
    {
        var store = await OpenAsync(StoreLimits.Default with { PageBytesMax = 10 });
        int[] sizes = [4, 6, 1, 11, 10, 0, 0];
        await store.CommitAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, [.. sizes.Select(size => Make.Event(new byte[size]))]), Stop);

        List<int> pages = [], streamPages = [], backwards = [];
        for (var after = LogPosition.Start; after < LogPosition.Of(7);)
        {
            var page = await store.ReadLogAsync(Acme, new LogRead(after, 100), Stop);
            Assert.Equal(page.Events[^1].Position, page.Through);
            pages.Add(page.Events.Length);
            after = page.Through;
        }

        for (long from = 1; from <= 7; from += streamPages[^1])
            streamPages.Add((await store.ReadStreamAsync(Acme, new StreamRead(Order1, StreamVersion.Of(from), 100), Stop)).Length);
        for (long from = 7; from >= 1; from -= backwards[^1])
            backwards.Add((await store.ReadStreamAsync(Acme, new StreamRead(Order1, StreamVersion.Of(from), 100, ReadDirection.Backwards), Stop)).Length);

        Assert.Equal([2, 1, 1, 3], pages);
        Assert.Equal([2, 1, 1, 3], streamPages);
        Assert.Equal([3, 1, 2, 1], backwards);
    }

    [Conformance]
    public async Task The_head_of_an_unknown_tenant_is_empty()
    {
        var head = await Store.ReadHeadAsync(Acme, Stop);

        Assert.Equal(LogPosition.Start, head.Position);
        Assert.Equal(0, head.Tree.Count);
        Assert.Equal(DateTimeOffset.MinValue, head.Time);
    }

    [Conformance]
    [Row(0)]
    [Row(-1)]
    [Row(int.MinValue)]
    public async Task A_page_of_no_length_is_misuse(int count)
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Store.ReadLogAsync(Acme, new LogRead(default, count), Stop));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Store.ReadStreamAsync(Acme, new StreamRead(Order1, default, count), Stop));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            async () => await Store.QueryDocumentsAsync(Acme, new DocumentQuery("orders") { Limit = count }, Stop));
    }

    [Conformance]
    public async Task Reading_no_stream_or_an_empty_name_is_misuse()
    {
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await Store.ReadStreamAsync(Acme, new StreamRead(default, default, 1), Stop));
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await Store.ReadStreamVersionAsync(Acme, default, Stop));
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await Store.ReadCheckpointAsync(Acme, "", Stop));
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await Store.WaitForCheckpointAsync(Acme, "", LogPosition.Start, Stop));
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await Store.FindCommitAsync(Acme, "", Stop));
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await Store.FindDocumentsAsync(Acme, "", 1, [], Stop));
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await Store.FindDocumentsAsync(Acme, "orders", 0, [], Stop));
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await Store.FindDocumentsAsync(Acme, "orders", 1, default, Stop));
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await Store.QueryDocumentsAsync(Acme, new DocumentQuery(""), Stop));
        await Assert.ThrowsAnyAsync<ArgumentException>(
            async () => await Store.QueryDocumentsAsync(Acme, new DocumentQuery("orders") { Generation = 0 }, Stop));
    }

    private static byte[] RandomBytes(int length)
    {
        var bytes = new byte[length];
        new SeededEntropy(length).Fill(bytes);
        return bytes;
    }
}
