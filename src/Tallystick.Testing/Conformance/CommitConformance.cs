using System.Collections.Immutable;
using Tallystick.Events;
using Tallystick.Storage;
using static Tallystick.Testing.Conformance.TestEvents;
using Xunit;

namespace Tallystick.Testing.Conformance;

/// <summary>What a commit appends, what it demands, what it gives, and that it happens whole or not at all.</summary>
internal sealed class CommitConformance : ConformanceArea
{
    [Conformance]
    public async Task Positions_count_the_tenants_events_and_versions_the_streams()
    {
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Many(2)));
        await DoAsync(Commit.For(Acme).Append(Order2, ExpectedVersion.Any, Make.Many(1)));
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Many(2)));

        var log = await LogAsync(Acme);

        Assert.Equal([1, 2, 3, 4, 5], log.Select(e => e.Position.Value));
        Assert.Equal([(Order1, 1), (Order1, 2), (Order2, 1), (Order1, 3), (Order1, 4)], log.Select(e => (e.Stream, e.Version.Value)));
    }

    [Conformance]
    public async Task A_commit_gives_its_positions_and_the_version_of_each_stream_that_it_names()
    {
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Many(3)));

        var committed = await DoAsync(Commit.For(Acme)
            .Append(Order2, ExpectedVersion.NoStream, Make.Many(2))
            .Expect(new StreamId("order", "none"), ExpectedVersion.NoStream)
            .Expect(Order1, ExpectedVersion.Exactly(3))
            .Append(new StreamId("order", "3"), ExpectedVersion.Any, Make.Many(1)));

        Assert.Equal((4, 6, false), (committed.FirstPosition.Value, committed.Position.Value, committed.IsReplay));
        Assert.Equal(["order-2@2", "order-none@0", "order-1@3", "order-3@1"], committed.Streams.Select(head => $"{head.Stream}@{head.Version}"));
    }

    [Conformance]
    public async Task A_commit_without_events_gives_the_head()
    {
        var onEmpty = await DoAsync(Commit.For(Acme));
        await PlaceAsync(2);
        var onTwo = await DoAsync(Commit.For(Acme).Expect(Order1, ExpectedVersion.Any).Save("orders", LogPosition.Of(2)));

        Assert.Equal((0, 0), (onEmpty.FirstPosition.Value, onEmpty.Position.Value));
        Assert.Empty(onEmpty.Streams);
        Assert.Equal((2, 2), (onTwo.FirstPosition.Value, onTwo.Position.Value));
        Assert.Equal(2, await HeadAsync(Acme));
    }

    [Conformance]
    public async Task The_events_of_a_commit_are_stored_in_the_order_of_its_appends()
    {
        await DoAsync(Commit.For(Acme)
            .Append(Order2, ExpectedVersion.Any, Make.Event(payload: "a"), Make.Event(payload: "b"))
            .Append(Order1, ExpectedVersion.Any, Make.Event(payload: "c")));

        Assert.Equal(["a", "b", "c"], (await LogAsync(Acme)).Select(e => Encoding(e.Payload)));
    }

    [Conformance]
    public async Task Any_allows_every_version()
    {
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()));
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Any, Make.Event()));

        Assert.Equal(2, await HeadAsync(Acme));
    }

    [Conformance]
    public async Task NoStream_is_refused_when_the_stream_has_events()
    {
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.NoStream, Make.Event()));

        var wrong = await RefusedAsync<Refusal.WrongVersion>(Commit.For(Acme).Append(Order1, ExpectedVersion.NoStream, Make.Event()));

        Assert.Equal(new Refusal.WrongVersion(Order1, ExpectedVersion.NoStream, StreamVersion.Of(1)), wrong);
    }

    [Conformance]
    [Row(0)]
    [Row(1)]
    [Row(3)]
    public async Task Exactly_is_refused_at_every_other_version(long expected)
    {
        await PlaceAsync(2);

        var wrong = await RefusedAsync<Refusal.WrongVersion>(
            Commit.For(Acme).Append(Order1, ExpectedVersion.Exactly(expected), Make.Event()));

        Assert.Equal(new Refusal.WrongVersion(Order1, ExpectedVersion.Exactly(expected), StreamVersion.Of(2)), wrong);
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Exactly(2), Make.Event()));
    }

    [Conformance]
    public async Task Exactly_0_allows_a_stream_without_events()
    {
        await DoAsync(Commit.For(Acme).Append(Order1, ExpectedVersion.Exactly(0), Make.Event()));

        Assert.Equal(1, await HeadAsync(Acme));
    }

    [Conformance]
    public async Task A_version_can_be_demanded_without_appending()
    {
        await PlaceAsync(2);

        await RefusedAsync<Refusal.WrongVersion>(
            Commit.For(Acme).Expect(Order1, ExpectedVersion.Exactly(1)).Append(Order2, ExpectedVersion.Any, Make.Event()));
        await DoAsync(Commit.For(Acme).Expect(Order1, ExpectedVersion.Exactly(2)).Append(Order2, ExpectedVersion.Any, Make.Event()));

        Assert.Equal(3, await HeadAsync(Acme));
    }

    [Conformance]
    public async Task The_first_stream_at_a_wrong_version_is_the_one_reported()
    {
        var order3 = new StreamId("order", "3");

        var wrong = await RefusedAsync<Refusal.WrongVersion>(Commit.For(Acme)
            .Append(Order1, ExpectedVersion.NoStream, Make.Event())
            .Append(order3, ExpectedVersion.Exactly(9), Make.Event())
            .Append(Order2, ExpectedVersion.Exactly(9), Make.Event()));

        Assert.Equal(order3, wrong.Stream);
    }

    [Conformance]
    public async Task Versions_are_checked_before_conditions_and_conditions_before_checkpoints()
    {
        await PlaceAsync(1);
        var checkpoint = Commit.For(Acme).Save("orders", LogPosition.Of(1), expected: LogPosition.Of(7));
        var condition = checkpoint.Require(EventQuery.All, LogPosition.Start);

        await RefusedAsync<Refusal.CheckpointMoved>(checkpoint);
        await RefusedAsync<Refusal.QueryMatched>(condition);
        await RefusedAsync<Refusal.WrongVersion>(condition.Append(Order1, ExpectedVersion.NoStream, Make.Event()));
    }

    [Conformance]
    public async Task Each_kind_of_refusal_leaves_everything_as_it_was()
    {
        await DoAsync(Commit.For(Acme)
            .Append(Order1, ExpectedVersion.Any, Make.Many(2))
            .Change(new DocumentChange.Put(new CollectionId("orders", 1), Document("1", "old")), new DocumentChange.Activate(new CollectionId("orders", 1)))
            .Save("orders", LogPosition.Of(2))
            .Once(new IdempotencyKey("once", "first")));
        var before = await TenantDump.OfAsync(Store, Acme, Stop);
        var rest = Commit.For(Acme)
            .Append(Order2, ExpectedVersion.NoStream, Make.Many(3))
            .Change(
                new DocumentChange.Put(new CollectionId("orders", 1), Document("1", "new")),
                new DocumentChange.Put(new CollectionId("orders", 2), Document("2", "new")),
                new DocumentChange.Delete(new CollectionId("orders", 1), "1"),
                new DocumentChange.Activate(new CollectionId("orders", 2)))
            .Save("mailer", LogPosition.Of(2));

        await RefusedAsync<Refusal.WrongVersion>(rest.Append(Order1, ExpectedVersion.NoStream, Make.Event()).Once(new IdempotencyKey("twice")));
        await RefusedAsync<Refusal.QueryMatched>(rest.Require(EventQuery.All, LogPosition.Of(1)).Once(new IdempotencyKey("twice")));
        await RefusedAsync<Refusal.CheckpointMoved>(rest.Save("orders", LogPosition.Of(2), LogPosition.Start).Once(new IdempotencyKey("twice")));
        await RefusedAsync<Refusal.KeyReused>(rest.Once(new IdempotencyKey("once", "second")));

        Assert.Equal(before, await TenantDump.OfAsync(Store, Acme, Stop));
    }

    [Conformance]
    public async Task Everything_in_a_commit_takes_effect_together()
    {
        await DoAsync(Commit.For(Acme)
            .Append(Order1, ExpectedVersion.NoStream, Make.Event())
            .Append(Order2, ExpectedVersion.NoStream, Make.Event())
            .Change(new DocumentChange.Put(new CollectionId("orders", 1), Document("1", "body")))
            .Save("orders", LogPosition.Of(2))
            .Once(new IdempotencyKey("once")));

        await ReopenAsync();

        Assert.Equal(2, await HeadAsync(Acme));
        Assert.NotNull((await Store.FindDocumentsAsync(Acme, "orders", 1, ["1"], Stop)).Items[0]);
        Assert.Equal(LogPosition.Of(2), await Store.ReadCheckpointAsync(Acme, "orders", Stop));
        Assert.NotNull(await Store.FindCommitAsync(Acme, "once", Stop));
    }

    [Conformance]
    public async Task Time_is_the_clocks_in_utc_and_the_same_for_all_events_of_a_commit()
    {
        await PlaceAsync(2);
        var first = Time.Now;
        Time.Advance(TimeSpan.FromTicks(12_345_678_901));
        await PlaceAsync(1);

        var log = await LogAsync(Acme);

        Assert.Equal([first, first, Time.Now], log.Select(e => e.Time));
        Assert.All(log, e => Assert.Equal(TimeSpan.Zero, e.Time.Offset));
        Assert.Equal(Time.Now, (await Store.ReadHeadAsync(Acme, Stop)).Time);
    }

    [Conformance]
    public async Task Time_never_goes_back_within_a_tenant_although_the_clock_does()
    {
        await PlaceAsync(1);
        var late = Time.Now;
        Time.Now -= TimeSpan.FromHours(1);
        await PlaceAsync(1);
        await ReopenAsync();
        await PlaceAsync(1);
        await DoAsync(Commit.For(Globex).Append(Order1, ExpectedVersion.Any, Make.Event()));
        var early = Time.Now;
        Time.Now = late + TimeSpan.FromTicks(1);
        await PlaceAsync(1);

        Assert.Equal([late, late, late, late + TimeSpan.FromTicks(1)], (await LogAsync(Acme)).Select(e => e.Time));
        Assert.Equal(early, (await LogAsync(Globex))[0].Time);
    }

    [Conformance]
    [Rows(typeof(MalformedCommits), nameof(MalformedCommits.Names))]
    public async Task A_malformed_commit_is_misuse_and_changes_nothing(string name)
    {
        await PlaceAsync(1);
        var before = await TenantDump.OfAsync(Store, Acme, Stop);

        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await Store.CommitAsync(MalformedCommits.Get(name), Stop));

        Assert.Equal(before, await TenantDump.OfAsync(Store, Acme, Stop));
    }

    private static string Encoding(ReadOnlyMemory<byte> payload) => System.Text.Encoding.UTF8.GetString(payload.Span);
}
