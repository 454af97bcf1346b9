using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using Tallystick.Testing.Randomness;
using static Tallystick.Testing.Conformance.TestEvents;
using Xunit;

namespace Tallystick.Testing.Conformance;

/// <summary>Each limit: what is exactly as large passes, what is one larger is refused by name and changes nothing.</summary>
internal sealed class LimitConformance : ConformanceArea
{
    [Conformance]
    [Rows(typeof(LimitTable), nameof(LimitTable.Names))]
    public async Task A_commit_at_a_limit_passes_and_one_over_it_changes_nothing(string name)
    {
        var row = LimitTable.Get(name);
        var store = await OpenAsync(row.Limits);
        await store.CommitAsync(Commit.For(Acme).Append(new StreamId("a", "1"), ExpectedVersion.Any, Make.Event("e", "")), Stop);
        var before = await EverythingAsync(store);

        var exceeded = await Assert.ThrowsAsync<LimitExceededException>(
            async () => await store.CommitAsync(row.Commit(LimitTable.Maximum + 1), Stop));

        Assert.Equal(LimitTable.LimitOf(name), exceeded.Limit);
        Assert.Equal((LimitTable.Maximum + 1, LimitTable.Maximum), (exceeded.Value, exceeded.Maximum));
        Assert.Contains(exceeded.Limit, exceeded.Message, StringComparison.Ordinal);
        Assert.Equal(before, await EverythingAsync(store));
        Assert.IsType<CommitResult.Committed>(await store.CommitAsync(row.Commit(LimitTable.Maximum), Stop));
    }

    [Conformance]
    public async Task A_read_over_PageLengthMax_is_refused_and_one_at_it_passes()
    {
        var store = await OpenAsync(StoreLimits.Default with { PageLengthMax = 5 });
        await store.CommitAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Many(9)), Stop);
        Func<int, Task>[] reads =
        [
            async n => Assert.Equal(5, (await store.ReadLogAsync(Acme, new LogRead(default, n), Stop)).Events.Length),
            async n => Assert.Equal(5, (await store.ReadStreamAsync(Acme, new StreamRead(Order1, default, n), Stop)).Length),
            async n => await store.QueryDocumentsAsync(Acme, new DocumentQuery("orders") { Limit = n }, Stop),
            async n => await store.ReadLeasesAsync(Acme, new LeaseRead("", n), Stop),
            async n => await store.FindDocumentsAsync(Acme, "orders", 1, [.. Enumerable.Repeat("1", n)], Stop),
            async n => await store.ReadCollectionsAsync(Acme, null, n, Stop),
            async n => await store.ReadCheckpointsAsync(Acme, null, n, Stop),
            async n => await store.ReadRememberedAsync(Acme, null, n, Stop),
            async n => await store.ReadJournalAsync(Acme, 0, n, Stop),
        ];

        foreach (var read in reads)
        {
            await read(5);
            var exceeded = await Assert.ThrowsAsync<LimitExceededException>(() => read(6));
            Assert.Equal((nameof(StoreLimits.PageLengthMax), 6, 5), (exceeded.Limit, exceeded.Value, exceeded.Maximum));
        }
    }

    [Conformance]
    public static void Every_limit_is_tested_somewhere()
    {
        // PageBytesMax cuts instead of refusing (ReadConformance), CommitQueueLength makes wait (ConcurrencyConformance), ErasedRowsPerCommitMax
        // takes several commits (ErasureConformance).
        var tested = LimitTable.Rows.Keys.Select(LimitTable.LimitOf)
            .Concat([nameof(StoreLimits.PageLengthMax), nameof(StoreLimits.PageBytesMax), nameof(StoreLimits.CommitQueueLength), nameof(StoreLimits.ErasedRowsPerCommitMax)]).ToHashSet();

        Assert.Equal(
            typeof(StoreLimits).GetProperties().Where(property => property.PropertyType == typeof(int)).Select(property => property.Name).Order(),
            tested.Order());
    }

    [Conformance]
    public async Task The_store_tells_its_limits()
    {
        Assert.Equal(StoreLimits.Default, Store.Limits);
        var limits = StoreLimits.Default with { TagLengthMax = 7 };
        Assert.Equal(limits, (await OpenAsync(limits)).Limits);
    }

    [Conformance]
    public async Task The_longest_names_that_the_default_limits_allow_are_stored_together()
    {
        // Random characters of 3 bytes each in UTF-8: nothing a database could shorten to fit one of its own limits.
        var limits = StoreLimits.Default;
        var collection = LongText(limits.NameLengthMax);
        var index = LongText(limits.NameLengthMax);
        var key = LongText(limits.DocumentKeyLengthMax);
        var value = IndexValue.FromStored(Bytes(LongText(341)));
        var stream = new StreamId(new string('c', StreamId.CategoryLengthMax), LongText(limits.StreamNameLengthMax - StreamId.CategoryLengthMax - 1));
        var tags = Enumerable.Range(0, limits.TagsPerEventMax).Select(n => LongText(limits.TagLengthMax - 2) + $"{n:00}").ToImmutableArray();
        var once = new IdempotencyKey(LongText(limits.IdempotencyKeyLengthMax), LongText(limits.IdempotencyKeyLengthMax));
        var type = LongText(limits.EventTypeLengthMax);

        await DoAsync(Commit.For(Acme)
            .Append(stream, ExpectedVersion.NoStream, Make.Event(type) with { Tags = tags })
            .Change(
                new DocumentChange.Put(new CollectionId(collection, int.MaxValue), Document(key, "{}", (index, value))),
                new DocumentChange.Activate(new CollectionId(collection, int.MaxValue)))
            .Save(collection, LogPosition.Of(1))
            .Once(once));
        await ReopenAsync();

        var query = new DocumentQuery(collection) { Equal = [new(index, value)], OrderBy = index };
        Assert.Equal(key, Assert.Single((await Store.QueryDocumentsAsync(Acme, query, Stop)).Items).Key);
        var e = Assert.Single((await Store.ReadLogAsync(Acme, new LogRead(default, 9, EventQuery.Tagged([.. tags]).OfType(type)), Stop)).Events);
        Assert.Equal((stream, type), (e.Stream, e.Type));
        Assert.Equal(tags, e.Tags);
        Assert.Equal(LogPosition.Of(1), await Store.ReadCheckpointAsync(Acme, collection, Stop));
        await DoAsync(Commit.For(Acme).Acquire(collection, index, LeaseChange.DurationMax));
        Assert.Equal((collection, index), Assert.Single(await Store.ReadLeasesAsync(Acme, new LeaseRead(collection, 9), Stop)) is var lease ? (lease.Name, lease.Owner) : default);
        Assert.Equal(once, (await Store.FindCommitAsync(Acme, once.Value, Stop))?.Key);
    }

    private static string LongText(int length)
    {
        var random = new SeededEntropy(length);
        return string.Create(length, random, static (text, random) =>
        {
            for (var i = 0; i < text.Length; i++)
                text[i] = (char)random.Next(0x4E00, 0x9FA0);
        });
    }

    private async Task<string> EverythingAsync(IStore store) => await TenantDump.OfAsync(store, Acme, Stop)
        + TenantDump.Of(await store.QueryDocumentsAsync(Acme, new DocumentQuery("c") { Generation = 1, Limit = 5 }, Stop));
}

/// <summary>How to make a commit of each size, for each limit of commits.</summary>
internal sealed record LimitRow(StoreLimits Limits, Func<int, Commit> Commit);

/// <summary>The limits of commits, each set to <see cref="Maximum"/>.</summary>
internal static class LimitTable
{
    public const int Maximum = 6;

    private static readonly Commit Empty = Commit.For(Tenancy.TenantId.Parse("acme"));
    private static readonly CollectionId C = new("c", 1);
    private static readonly NewEvent Event = new(Id(1), "e", 1, ReadOnlyMemory<byte>.Empty, []);
    private static readonly StoreLimits ShortNames = StoreLimits.Default with { NameLengthMax = Maximum };

    private static readonly StoreLimits ShortKeys = StoreLimits.Default with { DocumentKeyLengthMax = Maximum };
    private static readonly StoreLimits Keys = StoreLimits.Default with { IdempotencyKeyLengthMax = Maximum };

    /// <summary>By the limit's name, followed by what is measured where a limit covers several things.</summary>
    public static SortedDictionary<string, LimitRow> Rows { get; } = new(StringComparer.Ordinal)
    {
        ["EventBytesMax"] = new(StoreLimits.Default with { EventBytesMax = Maximum }, n => Append(Event with { Payload = new byte[n] })),
        ["EventsPerCommitMax"] = new(StoreLimits.Default with { EventsPerCommitMax = Maximum }, n =>
            Append(Event).Append(new StreamId("a", "2"), ExpectedVersion.Any, [.. Enumerable.Repeat(Event, n - 1)])),
        ["StreamsPerCommitMax"] = new(StoreLimits.Default with { StreamsPerCommitMax = Maximum }, n =>
            Enumerable.Range(1, n).Aggregate(Empty, (commit, i) => commit.Append(new StreamId("a", $"{i}"), ExpectedVersion.Any, Event))),
        ["CommitBytesMax"] = new(StoreLimits.Default with { CommitBytesMax = Maximum }, n =>
            Append(Event with { Payload = new byte[2] }, Event with { Payload = new byte[n - 5] }).Change(new DocumentChange.Put(C, Document("k", "123")))),
        ["StreamNameLengthMax"] = new(StoreLimits.Default with { StreamNameLengthMax = Maximum }, n =>
            Empty.Append(new StreamId("ab", Text(n - 3)), ExpectedVersion.Any, Event)),
        ["EventTypeLengthMax"] = new(StoreLimits.Default with { EventTypeLengthMax = Maximum }, n => Append(Event with { Type = Text(n) })),
        ["MetadataLengthMax"] = new(StoreLimits.Default with { MetadataLengthMax = Maximum }, n =>
            Append(Event).From(new EventMetadata("a", Id(1), "bc", Text(n - 3)))),
        ["TagsPerEventMax"] = new(StoreLimits.Default with { TagsPerEventMax = Maximum }, n =>
            Append(Event with { Tags = [.. Enumerable.Range(1, n).Select(i => $"t{i}")] })),
        ["TagLengthMax"] = new(StoreLimits.Default with { TagLengthMax = Maximum }, n => Append(Event with { Tags = ["t", Text(n)] })),
        ["ConditionsPerCommitMax"] = new(StoreLimits.Default with { ConditionsPerCommitMax = Maximum }, n =>
            Enumerable.Range(1, n).Aggregate(Empty, (commit, i) => commit.Require(EventQuery.Tagged($"none{i}"), LogPosition.Start))),
        ["QueryTermsMax"] = new(StoreLimits.Default with { QueryTermsMax = Maximum }, n => Append(Event).Require(
            EventQuery.Tagged([.. Enumerable.Range(1, n - 2).Select(i => $"none{i}")]).OfType("f").Or(EventQuery.OfTypes("g")), LogPosition.Start)),
        ["CheckpointsPerCommitMax"] = new(StoreLimits.Default with { CheckpointsPerCommitMax = Maximum }, n =>
            Enumerable.Range(1, n).Aggregate(Append(Event), (commit, i) => commit.Save($"c{i}", LogPosition.Of(1)))),
        ["LeasesPerCommitMax"] = new(StoreLimits.Default with { LeasesPerCommitMax = Maximum }, n =>
            Enumerable.Range(1, n).Aggregate(Append(Event), (commit, i) => commit.Acquire($"l{i}", "o", TimeSpan.FromHours(1)))),
        ["IndexEntriesPerDocumentMax"] = new(StoreLimits.Default with { IndexEntriesPerDocumentMax = Maximum }, n =>
            Put(C, Document("k", "x", [.. Enumerable.Range(1, n).Select(i => ($"i{i}", IndexValue.From(i)))]))),
        ["IdempotencyKeyLengthMax key"] = new(Keys, n => Append(Event).Once(new IdempotencyKey(Text(n)))),
        ["IdempotencyKeyLengthMax fingerprint"] = new(Keys, n => Append(Event).Once(new IdempotencyKey("k", Text(n)))),
        ["EventsPerCommitMax adopted"] = new(StoreLimits.Default with { EventsPerCommitMax = Maximum }, n => Commit.For(Tenancy.TenantId.Parse("globex")).Adopt(AdoptionConformance.After("a-1", n))),
        ["NameLengthMax fence"] = new(ShortNames, n => Empty.Fence(Text(n))),
        ["NameLengthMax fence to pass"] = new(ShortNames, n => n > Maximum ? Append(Event).Behind(Text(n)) : Empty.Fence(Text(n))),
        ["RememberedPerCommitMax"] = new(StoreLimits.Default with { RememberedPerCommitMax = Maximum }, n =>
            Append(Event).Remember([.. Enumerable.Range(1, n).Select(i => new RememberedCommit(new IdempotencyKey($"{i}"), new CommitResult.Committed(default, default, [], IsReplay: true)))])),
        ["DocumentBytesMax"] = new(StoreLimits.Default with { DocumentBytesMax = Maximum }, n => Put(C, Document("k", Text(n)))),
        ["DocumentChangesPerCommitMax"] = new(StoreLimits.Default with { DocumentChangesPerCommitMax = Maximum }, n =>
            Append(Event).Change([.. Enumerable.Range(1, n).Select(i => new DocumentChange.Put(C, Document($"{i}", "x")))])),
        ["DocumentKeyLengthMax key"] = new(ShortKeys, n => Put(C, Document(Text(n), "x"))),
        ["DocumentKeyLengthMax key to delete"] = new(ShortKeys, n => Append(Event).Change(new DocumentChange.Delete(C, Text(n)))),
        ["NameLengthMax collection"] = new(ShortNames, n => Put(new CollectionId(Text(n), 1), Document("k", "x"))),
        ["NameLengthMax index"] = new(ShortNames, n => Put(C, Document("k", "x", (Text(n), IndexValue.From(1))))),
        ["NameLengthMax checkpoint"] = new(ShortNames, n => Append(Event).Save(Text(n), LogPosition.Of(1))),
        ["NameLengthMax lease"] = new(ShortNames, n => Append(Event).Acquire(Text(n), "o", TimeSpan.FromHours(1))),
        ["NameLengthMax owner of a lease"] = new(ShortNames, n => Append(Event).Acquire("l", Text(n), TimeSpan.FromHours(1))),
        ["IndexValueBytesMax"] = new(StoreLimits.Default with { IndexValueBytesMax = Maximum }, n =>
            Put(C, Document("k", "x", ("i", IndexValue.From(Text(n - 1)))))),
    };

    public static IEnumerable<string> Names() => [.. Rows.Keys];

    public static LimitRow Get(string name) => Rows[name];

    public static string LimitOf(string name) => name.Split(' ')[0];

    private static string Text(int length) => new('x', length);

    private static Commit Append(params NewEvent[] events) => Empty.Append(new StreamId("a", "1"), ExpectedVersion.Any, events);

    private static Commit Put(CollectionId collection, Document document) => Append(Event).Change(new DocumentChange.Put(collection, document));
}
